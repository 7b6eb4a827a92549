/* inbox.h - the files of incoming/: pieces written to a path become a document when it is closed, and survive a crash from the write on.
 *
 * A path is a document's id. Listed: files that are open, staged (".x", "x~"), made folders, and documents for `linger` seconds after their commit and
 * until they are in a segment. stat and open also find documents that are listed no more. Streams (.jsonl, .ndjson) turn each complete line into a
 * document at the write that completes it; their own content stays readable while listed when it is not over 4 MiB.
 *
 * What a write promises is index_options.durability; a reply of 0 or more is the acknowledgement. All paths without a leading '/'. Errors come at the
 * first place that can say it: open or write; flush only for what nobody could know earlier. Threads: any.
 */
#ifndef CORE_INDEX_INBOX_H
#define CORE_INDEX_INBOX_H

#include <sys/types.h>

#include "core/index/index.h"

struct in_attr {
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint32_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
	bool is_dir;
	bool staged, interrupted;
	bool uncommitted; /* something was written that no close has committed yet */
	uint64_t file_no; /* stable while listed, never reused in this process; 0 for a document that is listed no more */
};

enum { IN_ATTR_MODE = 1, IN_ATTR_UID = 2, IN_ATTR_GID = 4, IN_ATTR_MTIME = 8, IN_ATTR_SIZE = 16 };

struct infile; /* one open description */

int inbox_stat(struct index *, const char *path, size_t len, struct in_attr *ret); /* -ENOENT; "" is the root */
/* Names directly below dir that are listed, in byte order, after `after` ("" from the start); fn's non-zero stops. */
int inbox_list(struct index *, const char *dir, size_t len, const char *after, int (*fn)(void *arg, const char *name, const struct in_attr *), void *arg);

/* flags: O_RDONLY|O_WRONLY|O_RDWR with O_CREAT, O_EXCL, O_TRUNC, O_APPEND. uid, gid, mode: for a new file. -EISDIR, -EEXIST, -ENOENT, -EROFS, -ENOSPC,
 * -ENAMETOOLONG (id over 4096 bytes). A parent folder that does not exist is -ENOENT unless a document lies below it. */
int inbox_open(struct index *, const char *path, size_t len, int flags, uint32_t mode, uid_t uid, gid_t gid, struct infile **ret, struct rk_err *);
int infile_stat(struct infile *, struct in_attr *ret);
int64_t infile_read(struct infile *, uint64_t off, void *p, size_t n);
/* partial: this request was smaller than the largest one, so it is the last or only piece: with DURABILITY_WRITE it is durable when this returns. sync: the
 * file is O_SYNC. Returns n, or -EFBIG (over max_document; what was there before stays), -ENOSPC, -EINVAL (a bad line of a stream; the good ones are kept),
 * -EROFS, -EIO. O_APPEND: off is ignored. */
int64_t infile_write(struct infile *, uint64_t off, const void *p, size_t n, bool partial, bool sync, struct rk_err *);
int infile_truncate(struct infile *, uint64_t size, struct rk_err *);
int infile_flush(struct infile *, struct rk_err *); /* close(2) of one descriptor: commits if anything was written since the last flush; syncs what is not */
int infile_fsync(struct infile *, struct rk_err *);
/* The last descriptor is gone: commits what is left, frees. interrupted: the writer was killed by a signal. */
void infile_release(struct infile *, bool interrupted);

int inbox_setattr(struct index *, const char *path, size_t len, const struct in_attr *, unsigned which, struct rk_err *); /* durable for SIZE */
int inbox_unlink(struct index *, const char *path, size_t len, struct rk_err *);  /* file or document; durable when it returns */
int inbox_mkdir(struct index *, const char *path, size_t len, uint32_t mode, uid_t uid, gid_t gid, struct rk_err *);
int inbox_rmdir(struct index *, const char *path, size_t len, struct rk_err *);	  /* -ENOTEMPTY when a listed name or document is below */
/* Files and folders; noreplace: -EEXIST. A staged file that gets a plain name is indexed now; durable when it returns. */
int inbox_rename(struct index *, const char *from, size_t from_len, const char *to, size_t to_len, bool noreplace, struct rk_err *);
int inbox_sync(struct index *, struct rk_err *); /* everything written to incoming/ so far is durable */
bool inbox_is_stream(const char *path, size_t len);
bool inbox_is_staged(const char *path, size_t len); /* any part begins with '.' or the last ends with '~' */

#endif
