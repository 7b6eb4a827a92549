/* ops.h - the table of FUSE operations: unpack, ask the node's kind, reply exactly once. */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs/fs.h"

extern const struct fuse_lowlevel_ops fs_ops; /* userdata: struct fs */
const char *fs_op_name(enum fs_op);

#endif
