/* status.h - the texts of status/: one function, for the mount and for the command line. */
#ifndef FS_STATUS_H
#define FS_STATUS_H

#include "core/index/index.h"

struct fs;
/* "summary", "health", "metrics" or "errors" appended to ret; -ENOENT for another name. fs: the mount's own figures join the metrics, or NULL. */
int status_text(struct index *, struct fs *, const char *name, struct rk_buf *ret);

#endif
