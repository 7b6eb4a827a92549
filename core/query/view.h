/* view.h - decoded views: every structure of a snapshot as text with an exact size, read from any offset without producing all before it again.
 *
 * Paths as in the tree: "segments/<id>/{info,terms,documents,tombstones}", "segments/<id>/postings/<term>", "segments/<id>/blocks/<term>",
 * "wal/<first entry>". A term that cannot be a file name is percent-encoded ('/', '%', NUL, "." and ".." as a whole). The same bytes serve fs/,
 * `rankfs dump` and the goldens. Segment ids are decimal. Threads: one per view.
 */
#ifndef CORE_QUERY_VIEW_H
#define CORE_QUERY_VIEW_H

#include "core/index/index.h"

struct view;
int view_open(struct index *, struct snapshot *, const char *path, struct view **ret, struct rk_err *err); /* -ENOENT, -EISDIR, -EUCLEAN */
uint64_t view_size(const struct view *);
int64_t view_read(struct view *, uint64_t off, void *p, size_t n); /* bytes, 0 at the end, -EUCLEAN after the good part */
void view_close(struct view *);

/* 1 a folder, 0 a file, -ENOENT. Costs no decoding. */
int view_is_dir(struct index *, struct snapshot *, const char *path);
/* Names below a folder ("segments", "segments/1", "segments/1/postings", "wal") after `after` in byte order, "" from the start. */
int view_list(struct index *, struct snapshot *, const char *path, const char *after, int (*fn)(void *arg, const char *name, bool is_dir), void *arg);

#endif
