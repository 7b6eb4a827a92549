/* fs.h - what all rooms of the mounted tree share: the mount's state, one call, and the table of functions behind each kind of node.
 *
 * Life of a request: loop.c reads it, ops.c unpacks it, the node's kind answers with 0 or -errno, ops.c replies exactly once. A kind calls core and
 * translates; it knows nothing of fuse_req_t. Before anything that may wait (a sync, an evaluation) comes loop_step_aside().
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/query/query.h"
#include "fs/cache.h"
#include "fs/node.h"
#include "fs/notify.h"
#include "fs/reap.h"
#include "fs/slow.h"

/* Every operation has a counter of its own in status/metrics; the names are those of the protocol. */
#define FS_OPS(X)                                                                                                                           \
	X(lookup) X(forget) X(getattr) X(setattr) X(mknod) X(mkdir) X(unlink) X(rmdir) X(symlink) X(rename) X(link) X(open) X(read)         \
	X(write) X(flush) X(release) X(fsync) X(opendir) X(readdir) X(readdirplus) X(releasedir) X(fsyncdir) X(statfs) X(setxattr) X(getxattr)             \
	X(listxattr) X(removexattr) X(create) X(fallocate)
#define FS_OP_ENUM(name) FS_OP_##name,
enum fs_op { FS_OPS(FS_OP_ENUM) FS_OP_COUNT };

struct analyzers { /* one is used by one thread at a time: a stack of idle ones */
	pthread_mutex_t lock;
	struct analyzer *idle[16];
	unsigned n;
};

struct last_view { /* view_segment.c: the newest view, kept open for the open(2) that follows its lookup; pinned */
	pthread_mutex_t lock;
	struct node *node;
};

struct kind;
struct node;

/* An open file or folder; each kind's own struct begins with it. */
struct handle {
	const struct kind *kind;
	struct node *node; /* pinned */
	bool is_dir;	   /* a struct dirhandle */
	struct handle *prev, *next; /* of all that are open: open.c */
};

/* What is open, so that the end of a mount can close what its users did not. */
struct open_handles {
	pthread_mutex_t lock;
	struct handle *first;
	bool ending; /* whoever still writes is cut off */
};

struct fs {
	struct index *index;
	struct rk_dir *dir;
	struct fuse_session *se;
	struct loop *loop;
	struct nodes nodes;
	struct cache cache;
	struct notify notify;
	struct slow slow;
	struct reap reap;
	struct analyzers analyzers;
	struct last_view last_view;
	struct open_handles open;
	struct query_options query;
	struct query_limits limits;
	uid_t uid;
	gid_t gid;
	int64_t start_ns;
	bool read_only, allow_other;
	_Atomic uint64_t requests[FS_OP_COUNT];
	_Atomic uint64_t evaluations, evaluation_ns;
};

/* One request, as a kind sees it. */
struct call {
	struct fs *fs;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	const _Atomic bool *cancel; /* NULL: cannot be interrupted */
	struct rk_err err;
};

/* Answer of a lookup: a pinned node, or NULL for "not there, and you may remember it". */
struct found {
	struct node *node;
	double entry_timeout;
};

struct span { /* bytes to reply with: borrowed from the handle, or owned when `owned` */
	const void *p;
	size_t n;
	void *owned;
};

struct window;
struct dirhandle;

/* Methods that are NULL give -EROFS for changes, -ENOTSUP for xattrs, and otherwise what the comment says. */
struct kind {
	const char *name;
	size_t node_size;
	mode_t mode;
	bool slow_find; /* find may take long: it runs in one of the slots of slow.c */
	bool list_plus; /* a listing may bring attributes: find is quick */
	bool list_live; /* the list changes while it is read: taken in one piece */
	double attr_timeout;

	/* Folders. peek: 1 answered without waiting, 0 find must be asked, or -errno. NULL: always find. */
	int (*peek)(struct call *, struct node *dir, const char *name, struct found *ret);
	int (*find)(struct call *, struct node *dir, const char *name, struct found *ret);
	int (*list)(struct fs *, struct dirhandle *, const void *from, size_t len, struct window *);
	int (*unlink)(struct call *, struct node *dir, const char *name);
	int (*rmdir)(struct call *, struct node *dir, const char *name);
	int (*mkdir)(struct call *, struct node *dir, const char *name, mode_t mode, struct found *ret);
	int (*create)(struct call *, struct node *dir, const char *name, mode_t mode, int flags, struct found *ret, struct handle **ret_handle);
	int (*rename)(struct call *, struct node *dir, const char *name, struct node *newdir, const char *newname, unsigned flags);
	int (*fsyncdir)(struct call *, struct node *dir);

	/* All. stat fills what differs from the defaults (mode, owner, times of the mount; size and mtime of the node); its errors matter to
	 * GETATTR only. */
	int (*stat)(struct fs *, struct node *, struct stat *ret);
	int (*setattr)(struct call *, struct node *, const struct stat *, int which, struct handle *);
	int (*getxattr)(struct call *, struct node *, const char *name, struct rk_buf *ret); /* appends */
	const char *const *(*xattrs)(struct fs *, struct node *);
	void (*done)(struct node *); /* frees what the node owns */

	/* Files. */
	int (*open)(struct call *, struct node *, struct fuse_file_info *, struct handle **ret);
	int (*read)(struct call *, struct handle *, uint64_t off, size_t n, struct span *ret);
	int64_t (*write)(struct call *, struct handle *, uint64_t off, const void *p, size_t n, int flags);
	int (*flush)(struct call *, struct handle *);
	int (*fsync)(struct call *, struct handle *);
	void (*release)(struct fs *, struct handle *); /* frees what is behind the handle; ops.c frees handle and pin */
};

enum { FS_LONG_TIMEOUT = 86400 }; /* seconds, for what never changes its name */

/* An analyzer for the length of one call. */
int fs_analyzer_take(struct fs *, struct analyzer **ret, struct rk_err *);
void fs_analyzer_give(struct fs *, struct analyzer *);

int fs_stat(struct fs *, struct node *, struct stat *ret);
/* The reply for what a lookup found; the kernel then knows the node once more (node_forget when the reply fails). */
struct fuse_entry_param fs_entry(struct fs *, const struct found *);

/* The path of a node below its top folder ("a/b" for docs/a/b), "" for the folder itself; with `name` behind it unless NULL. NUL-terminated. */
int fs_path(struct fs *, struct node *, const char *name, struct rk_buf *ret);

#endif
