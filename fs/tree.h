/* tree.h - the fixed part of the tree: its names, and the kinds behind them. One kind of node, one file. */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "fs/fs.h"

extern const struct kind kind_root, kind_readme, kind_control;
extern const struct kind kind_status, kind_status_file;
extern const struct kind kind_incoming;
extern const struct kind kind_docs, kind_doc;
extern const struct kind kind_query, kind_query_file;
extern const struct kind kind_views, kind_view_file; /* below segments/ and wal/ */

/* The root and its children: made once, pinned for ever. */
int tree_init(struct fs *);

/* Handles over counted contents: what every generated file opens. */
int content_open(struct call *, struct node *, struct content *take, struct fuse_file_info *, struct handle **ret);
int content_read(struct call *, struct handle *, uint64_t off, size_t n, struct span *ret);
void content_release(struct fs *, struct handle *);

/* A generated text file, made at lookup: a new node under name with this content (taken). */
int content_node(struct fs *, const struct kind *, struct node *dir, const char *name, struct content *take, uint64_t generation, struct node **ret);

#endif
