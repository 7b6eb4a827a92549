/* dirstream.h - an open folder: a row of entries with ordinals as cookies, produced window by window over the snapshot taken at the first read.
 *
 * A cookie is the ordinal of the next entry. Windows begin at remembered keys (what the generator wants to hear to go on), so that a listing of a
 * million entries streams, restarts at any cookie given out, and holds one window and a key per window in memory. Offset 0 starts anew, with the newest
 * content (rewinddir). Folders that change under the reader are taken in one window: what was there all along appears once.
 * Threads: the kernel reads one open folder by one thread at a time; `lock` holds for those that do not (NFS).
 */
#ifndef FS_DIRSTREAM_H
#define FS_DIRSTREAM_H

#include "fs/fs.h"

struct dirhandle {
	struct handle h;
	pthread_mutex_t lock;
	struct snapshot *snapshot; /* NULL until a generator takes one with dirhandle_snapshot */
	struct window *window;
	struct rk_buf *keys; /* keys[w]: where window w begins */
	size_t nkeys;
};

struct dirhandle *dirhandle_new(const struct kind *, struct node *pinned);
void dirhandle_free(struct dirhandle *); /* leaves the pin to the caller */

/* For generators. Adds an entry; `key`: what `from` must be to continue behind it. True: stop now. */
bool window_add(struct window *, const char *name, bool is_dir, const void *key, size_t len);
int dirhandle_snapshot(struct fs *, struct dirhandle *, struct snapshot **ret); /* borrowed from the handle */

/* Fills p with directory entries from cookie `off` on; returns bytes or -errno. With `known` they bring attributes where the kind allows it, and the
 * numbers of the nodes the kernel gets to know are put there: dirstream_forget() when it does not. */
int64_t dirstream_read(struct call *, fuse_req_t, struct dirhandle *, uint64_t off, char *p, size_t n, struct rk_buf *known);
void dirstream_forget(struct fs *, const struct rk_buf *known);

#endif
