/* directory.h - the only way to storage: one vtable, so that a file system, memory, a crash simulator and one day an object store fit under
 * the same engine. Nothing above it may need rename or a byte written twice.
 *
 * Names are relative paths of [A-Za-z0-9_.-] parts joined by '/'; parents are made and removed by the backend. All functions return 0 or a
 * positive result, or -errno with words in err (err may be NULL). EINTR and short counts are handled inside.
 * Threads: a struct rk_dir may be used by any number at once; a put, log or lease by one at a time (log_sync may run beside log_append).
 */
#ifndef CORE_DIR_DIRECTORY_H
#define CORE_DIR_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct rk_dir;
struct rk_put;	 /* an immutable file that is being written, invisible until commit */
struct rk_log;	 /* an append-only file that grows in place */
struct rk_lease; /* a lock that dies with its process */

/* A whole file for reading: bytes[0..len). On a real file system it is a mapping: a file cut short under us faults (SIGBUS). */
struct rk_map {
	const uint8_t *bytes;
	size_t len;
	void *priv;
};

enum rk_lease_mode { RK_LEASE_SHARED, RK_LEASE_EXCLUSIVE };

struct rk_dir_ops {
	/* Immutable objects: begin, write in order, commit. Durable and visible under its name when commit returns 0; commit fails with -EEXIST
	 * when the name is there. commit and abort both free the put. */
	int (*put_begin)(struct rk_dir *, const char *name, struct rk_put **ret, struct rk_err *);
	int (*put_write)(struct rk_put *, const void *p, size_t n, struct rk_err *);
	int (*put_commit)(struct rk_put *, struct rk_err *);
	void (*put_abort)(struct rk_put *);

	/* Logs. Create: a new log that holds the n bytes of head (its header: no log is ever seen without one), preallocated with its size set to
	 * `prealloc` bytes, zero behind head (so that a sync needs no journal); all that and its name durable before it returns. -EIO: nobody knows
	 * whether the name is there; after any other error it is not. over: takes the place of a log of that name, at once. Append writes at the log's end, growing it when the preallocation is used up;
	 * not durable until log_sync. After an error from log_sync the bytes' state is unknown for ever: the caller must latch, never sync again.
	 * Seal: no append after it. */
	int (*log_create)(struct rk_dir *, const char *name, uint64_t prealloc, const void *head, size_t n, bool over, struct rk_log **ret,
			  struct rk_err *);
	int (*log_append)(struct rk_log *, const void *p, size_t n, struct rk_err *);
	int (*log_sync)(struct rk_log *, struct rk_err *);
	int (*log_seal)(struct rk_log *, struct rk_err *);
	void (*log_close)(struct rk_log *);

	/* The one switch: replaces the object `name` if its content is still that of generation `old` (the caller's number, kept in the first 8
	 * bytes, little-endian, of what is stored; 0: must not exist). -ESTALE otherwise. Durable when it returns 0. After another error the new
	 * object may or may not be there. */
	int (*cas)(struct rk_dir *, const char *name, uint64_t old, const void *p, size_t n, struct rk_err *);

	int (*map)(struct rk_dir *, const char *name, struct rk_map *ret, struct rk_err *);
	void (*unmap)(struct rk_dir *, struct rk_map *);
	/* Reads up to n bytes at off; returns the count, less than n only at the end. */
	int64_t (*read)(struct rk_dir *, const char *name, uint64_t off, void *p, size_t n, struct rk_err *);
	int64_t (*size)(struct rk_dir *, const char *name, struct rk_err *);
	/* Calls fn for every object whose name begins with prefix (a folder with its '/', or ""), in byte order, temporary files too (their names
	 * end in ".tmp"); fn's non-zero stops and is returned. */
	int (*list)(struct rk_dir *, const char *prefix, int (*fn)(void *arg, const char *name, uint64_t size), void *arg, struct rk_err *);
	/* Removes an object; durable when it returns. -ENOENT is returned as such. Open maps stay valid. */
	int (*remove)(struct rk_dir *, const char *name, struct rk_err *);

	/* Locks without waiting: -EAGAIN when held by another, with the holder's words (as given to take) in err. */
	int (*lease_take)(struct rk_dir *, const char *name, enum rk_lease_mode, const char *holder, struct rk_lease **ret, struct rk_err *);
	void (*lease_drop)(struct rk_lease *);
	/* Waits up to timeout_ms for the object `name` to be replaced by cas since the watch was last asked; 1 it was, 0 not. The first time it is
	 * asked an object that is there counts as replaced. */
	int (*watch)(struct rk_dir *, const char *name, int timeout_ms);

	/* Bytes free for and used by this index's storage. */
	int (*space)(struct rk_dir *, uint64_t *ret_free, uint64_t *ret_total, struct rk_err *);
	void (*close)(struct rk_dir *);
};

struct rk_dir {
	const struct rk_dir_ops *ops; /* first member of every backend's struct; puts, logs and leases keep a pointer to their dir first */
};
struct rk_put {
	struct rk_dir *dir;
};
struct rk_log {
	struct rk_dir *dir;
	uint64_t end; /* bytes appended so far */
};
struct rk_lease {
	struct rk_dir *dir;
};

/* dir_fs: a folder of the file system (made when `create`). dir_mem: a tree in memory, gone at close. */
int dir_fs_open(const char *path, bool create, struct rk_dir **ret, struct rk_err *err);
int dir_mem_open(struct rk_dir **ret, struct rk_err *err);

/* Conveniences over the vtable, one place each. */
int dir_put_new(struct rk_dir *, const char *name, const void *p, size_t n, struct rk_err *err);
int dir_read_all(struct rk_dir *, const char *name, size_t limit, struct rk_buf *ret, struct rk_err *err); /* -EFBIG beyond limit */

#endif
