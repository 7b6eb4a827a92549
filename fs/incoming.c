/* incoming.c - incoming/: translates paths, open files and requests to core/index/inbox.h, where all the meaning is.
 *
 * A node is a path; its file lives on in open handles when the path is removed or taken over. What waits for a sync steps aside first, so that many
 * writers share one. Whatever made something visible ends with notify_publish() before its reply. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/inbox.h"
#include "fs/dirstream.h"
#include "fs/killed.h"
#include "fs/loop.h"
#include "fs/tree.h"

enum { FULL_WRITE = 128 << 10 }; /* cp, cat and dd send large files in pieces of at least this; smaller is the last or only piece */
enum { CHANGING_TIMEOUT = 1 };

struct in_node {
	struct node n;
	uint64_t file_no;
	bool is_dir;
	struct in_handle *handles;
};

struct in_handle {
	struct handle h;
	struct infile *file;
	struct in_handle *next; /* of the same node */
	bool writes, stream;
	_Atomic bool dirty, unsynced, killed;
};

static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct kind kind_in_file, kind_in_dir;

static double name_timeout(const char *path, size_t len)
{
	return inbox_is_stream(path, len) ? CHANGING_TIMEOUT : FS_LONG_TIMEOUT;
}

/* The node for what stands at dir/name now. */
static int node_for(struct fs *fs, struct node *dir, const char *name, const struct in_attr *a, struct node **ret)
{
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n) {
		struct in_node *i = (struct in_node *)n;
		bool other = i->file_no && a->file_no && i->file_no != a->file_no;
		if (!other && i->is_dir == a->is_dir) {
			if (a->file_no)
				i->file_no = a->file_no;
			*ret = n;
			return 0;
		}
		node_unpin(&fs->nodes, n);
	}
	n = node_new(&fs->nodes, a->is_dir ? &kind_in_dir : &kind_in_file, dir, name);
	if (!n)
		return -ENOMEM;
	((struct in_node *)n)->file_no = a->file_no;
	((struct in_node *)n)->is_dir = a->is_dir;
	node_attach(&fs->nodes, n);
	*ret = n;
	return 0;
}

static int in_peek(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct rk_buf path = {0};
	struct in_attr a;
	int rc = fs_path(c->fs, dir, name, &path);
	if (rc == 0)
		rc = inbox_stat(c->fs->index, (const char *)path.data, path.len, &a);
	if (rc == 0) {
		rc = node_for(c->fs, dir, name, &a, &ret->node);
		ret->entry_timeout = name_timeout((const char *)path.data, path.len);
	}
	rk_buf_done(&path);
	return rc < 0 ? rc : 1;
}

static int list_one(void *arg, const char *name, const struct in_attr *a)
{
	return window_add(arg, name, a->is_dir, NULL, 0) ? 1 : 0;
}

static int in_list(struct fs *fs, struct dirhandle *d, const void *from, size_t len, struct window *w)
{
	struct rk_buf path = {0};
	(void)from, (void)len;
	int rc = fs_path(fs, d->h.node, NULL, &path);
	if (rc == 0)
		rc = inbox_list(fs->index, (const char *)path.data, path.len, "", list_one, w);
	rk_buf_done(&path);
	return rc < 0 ? rc : 0;
}

/* Attributes: of an open file when there is one (the path may mean another by now), else of the path. */
static int attr_of(struct fs *fs, struct node *n, struct in_attr *ret)
{
	struct in_node *i = (struct in_node *)n;
	struct rk_buf path = {0};
	pthread_mutex_lock(&handles_lock);
	int rc = i->handles ? infile_stat(i->handles->file, ret) : 1;
	pthread_mutex_unlock(&handles_lock);
	if (rc <= 0)
		return rc;
	rc = !n->attached ? -ENOENT : fs_path(fs, n, NULL, &path);
	if (rc == 0)
		rc = inbox_stat(fs->index, (const char *)path.data, path.len, ret);
	rk_buf_done(&path);
	return rc;
}

static int in_stat(struct fs *fs, struct node *n, struct stat *st)
{
	struct in_attr a;
	if (!n->parent->parent) { /* incoming/ itself */
		st->st_mode = S_IFDIR | (fs->read_only ? 0555 : fs->allow_other ? 01733 : 0755);
		return 0;
	}
	int rc = attr_of(fs, n, &a);
	if (rc < 0)
		return rc;
	st->st_mode = (a.is_dir ? S_IFDIR : S_IFREG) | (a.mode & 07777);
	st->st_uid = a.uid;
	st->st_gid = a.gid;
	st->st_size = (off_t)a.size;
	st->st_nlink = a.is_dir ? 2 : n->attached ? 1 : 0;
	st->st_mtim = (struct timespec){.tv_sec = a.mtime_ns / 1000000000, .tv_nsec = a.mtime_ns % 1000000000};
	st->st_ctim = (struct timespec){.tv_sec = a.ctime_ns / 1000000000, .tv_nsec = a.ctime_ns % 1000000000};
	return 0;
}

static unsigned wanted(const struct stat *st, int which, struct in_attr *a)
{
	unsigned w = 0;
	if (which & FUSE_SET_ATTR_MODE)
		a->mode = st->st_mode & 07777, w |= IN_ATTR_MODE;
	if (which & FUSE_SET_ATTR_UID)
		a->uid = st->st_uid, w |= IN_ATTR_UID;
	if (which & FUSE_SET_ATTR_GID)
		a->gid = st->st_gid, w |= IN_ATTR_GID;
	if (which & FUSE_SET_ATTR_MTIME_NOW)
		a->mtime_ns = rk_wall_ns(), w |= IN_ATTR_MTIME;
	else if (which & FUSE_SET_ATTR_MTIME)
		a->mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec, w |= IN_ATTR_MTIME;
	if (which & FUSE_SET_ATTR_SIZE)
		a->size = (uint64_t)st->st_size, w |= IN_ATTR_SIZE;
	return w;
}

static int in_setattr(struct call *c, struct node *n, const struct stat *st, int which, struct handle *handle)
{
	struct fs *fs = c->fs;
	struct in_handle *h = (struct in_handle *)handle;
	struct in_attr a = {0};
	struct rk_buf path = {0};
	unsigned w = wanted(st, which, &a);
	int rc = 0;
	if (!n->parent->parent) /* incoming/ itself: times are nobody's business, its mode is the mount's */
		return w & (IN_ATTR_MODE | IN_ATTR_UID | IN_ATTR_GID) ? -EPERM : 0;
	if ((w & IN_ATTR_SIZE) && h && h->writes) {
		h->dirty = h->unsynced = true;
		rc = infile_truncate(h->file, a.size, &c->err);
		w &= ~(unsigned)IN_ATTR_SIZE;
	}
	if (rc < 0 || w == 0 || !n->attached) /* a removed file that is still open keeps no attributes */
		return rc;
	if (w & IN_ATTR_SIZE)
		loop_step_aside();
	rc = fs_path(fs, n, NULL, &path);
	if (rc == 0)
		rc = inbox_setattr(fs->index, (const char *)path.data, path.len, &a, w, &c->err);
	rk_buf_done(&path);
	notify_publish(&fs->notify);
	return rc;
}

/* Open files. */
static int open_path(struct call *c, const struct rk_buf *path, int flags, mode_t mode, struct in_handle **ret)
{
	struct in_handle *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	flags &= O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;
	int rc = inbox_open(c->fs->index, (const char *)path->data, path->len, flags, mode & 07777, c->uid, c->gid, &h->file, &c->err);
	if (rc < 0) {
		free(h);
		return rc;
	}
	h->writes = (flags & O_ACCMODE) != O_RDONLY;
	h->stream = inbox_is_stream((const char *)path->data, path->len);
	*ret = h;
	return 0;
}

static void bind(struct node *n, struct in_handle *h)
{
	pthread_mutex_lock(&handles_lock);
	h->next = ((struct in_node *)n)->handles;
	((struct in_node *)n)->handles = h;
	pthread_mutex_unlock(&handles_lock);
}

static int in_create(struct call *c, struct node *dir, const char *name, mode_t mode, int flags, struct found *ret, struct handle **ret_handle)
{
	struct rk_buf path = {0};
	struct in_handle *h = NULL;
	struct in_attr a;
	int rc = fs_path(c->fs, dir, name, &path);
	if (rc == 0)
		rc = open_path(c, &path, flags | O_CREAT, mode, &h);
	if (rc == 0)
		rc = infile_stat(h->file, &a);
	if (rc == 0)
		rc = node_for(c->fs, dir, name, &a, &ret->node);
	if (rc == 0) {
		bind(ret->node, h);
		ret->entry_timeout = name_timeout((const char *)path.data, path.len);
		*ret_handle = &h->h;
	} else if (h) {
		infile_release(h->file, false);
		free(h);
	}
	rk_buf_done(&path);
	return rc;
}

static int in_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	struct rk_buf path = {0};
	struct in_handle *h;
	struct in_attr a;
	if (!n->attached) /* reached by a handle kept open elsewhere */
		return -ESTALE;
	int rc = fs_path(c->fs, n, NULL, &path);
	if (rc == 0)
		rc = open_path(c, &path, fi->flags & ~(O_CREAT | O_EXCL), 0, &h);
	rk_buf_done(&path);
	if (rc < 0)
		return rc;
	if (infile_stat(h->file, &a) == 0 && a.file_no)
		((struct in_node *)n)->file_no = a.file_no;
	bind(n, h);
	if (h->writes)
		fi->direct_io = (fi->flags & O_ACCMODE) == O_WRONLY; /* see op_create */
	else
		fi->noflush = 1;
	*ret = &h->h;
	return 0;
}

static int in_read(struct call *c, struct handle *handle, uint64_t off, size_t n, struct span *ret)
{
	char *p = malloc(n);
	(void)c;
	if (!p)
		return -ENOMEM;
	int64_t got = infile_read(((struct in_handle *)handle)->file, off, p, n);
	if (got < 0) {
		free(p);
		return (int)got;
	}
	*ret = (struct span){.p = p, .n = (size_t)got, .owned = p};
	return 0;
}

static int64_t in_write(struct call *c, struct handle *handle, uint64_t off, const void *p, size_t n, int flags)
{
	struct fs *fs = c->fs;
	struct in_handle *h = (struct in_handle *)handle;
	bool partial = n < FULL_WRITE, sync = flags & (O_SYNC | O_DSYNC);
	bool waits = sync || (partial && index_get_options(fs->index)->durability == DURABILITY_WRITE);
	if (!h->writes)
		return -EBADF;
	if (waits || h->stream || !partial)
		loop_step_aside();
	h->dirty = true;
	h->killed = false;
	h->unsynced = !waits;
	int64_t rc = infile_write(h->file, off, p, n, partial, sync, &c->err);
	if (h->stream)
		notify_publish(&fs->notify);
	return rc;
}

static int in_flush(struct call *c, struct handle *handle)
{
	struct fs *fs = c->fs;
	struct in_handle *h = (struct in_handle *)handle;
	if (!h->writes)
		return 0;
	bool dirty = h->dirty;
	if (dirty) {
		/* Nobody hears the answer: release commits it as interrupted, unless somebody else who has it open writes on. */
		h->killed = h->killed || killed_by_signal(c->pid);
		if (h->killed)
			return 0;
		if (h->unsynced || index_get_options(fs->index)->durability == DURABILITY_CLOSE)
			loop_step_aside();
	}
	int rc = infile_flush(h->file, &c->err);
	if (rc == 0)
		h->dirty = h->unsynced = false;
	if (dirty)
		notify_publish(&fs->notify);
	return rc;
}

static int in_fsync(struct call *c, struct handle *handle)
{
	loop_step_aside();
	return infile_fsync(((struct in_handle *)handle)->file, &c->err);
}

static void in_release(struct fs *fs, struct handle *handle)
{
	struct in_handle *h = (struct in_handle *)handle;
	struct in_handle **p = &((struct in_node *)h->h.node)->handles;
	pthread_mutex_lock(&handles_lock);
	while (*p != h)
		p = &(*p)->next;
	*p = h->next;
	pthread_mutex_unlock(&handles_lock);
	/* No step aside: whoever waited for the writer's end asks after this request, and is to find the document. */
	struct in_attr a;
	bool cut_off = fs->open.ending && h->writes && infile_stat(h->file, &a) == 0 && a.uncommitted;
	infile_release(h->file, h->killed || cut_off);
	if (h->writes)
		notify_publish(&fs->notify);
}

/* Names. */
static int in_unlink(struct call *c, struct node *dir, const char *name)
{
	struct fs *fs = c->fs;
	struct rk_buf path = {0};
	loop_step_aside();
	int rc = fs_path(fs, dir, name, &path);
	if (rc == 0)
		rc = inbox_unlink(fs->index, (const char *)path.data, path.len, &c->err);
	rk_buf_done(&path);
	if (rc == 0) {
		struct node *n = node_find(&fs->nodes, dir, name);
		if (n)
			node_detach(&fs->nodes, n);
		node_unpin(&fs->nodes, n);
		notify_publish(&fs->notify);
	}
	return rc;
}

static int in_mkdir(struct call *c, struct node *dir, const char *name, mode_t mode, struct found *ret)
{
	struct rk_buf path = {0};
	struct in_attr a;
	int rc = fs_path(c->fs, dir, name, &path);
	if (rc == 0)
		rc = inbox_mkdir(c->fs->index, (const char *)path.data, path.len, mode & 07777, c->uid, c->gid, &c->err);
	if (rc == 0)
		rc = inbox_stat(c->fs->index, (const char *)path.data, path.len, &a);
	if (rc == 0)
		rc = node_for(c->fs, dir, name, &a, &ret->node);
	ret->entry_timeout = FS_LONG_TIMEOUT;
	rk_buf_done(&path);
	return rc;
}

static int in_rmdir(struct call *c, struct node *dir, const char *name)
{
	struct fs *fs = c->fs;
	struct rk_buf path = {0};
	int rc = fs_path(fs, dir, name, &path);
	if (rc == 0)
		rc = inbox_rmdir(fs->index, (const char *)path.data, path.len, &c->err);
	rk_buf_done(&path);
	if (rc == 0) {
		struct node *n = node_find(&fs->nodes, dir, name);
		if (n)
			node_detach(&fs->nodes, n);
		node_unpin(&fs->nodes, n);
	}
	return rc;
}

static int in_rename(struct call *c, struct node *dir, const char *name, struct node *newdir, const char *newname, unsigned flags)
{
	struct fs *fs = c->fs;
	struct rk_buf from = {0}, to = {0};
	if (newdir->kind != &kind_incoming && newdir->kind != &kind_in_dir)
		return -EXDEV;
	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	loop_step_aside();
	int rc = fs_path(fs, dir, name, &from);
	if (rc == 0)
		rc = fs_path(fs, newdir, newname, &to);
	if (rc == 0)
		rc = inbox_rename(fs->index, (const char *)from.data, from.len, (const char *)to.data, to.len, flags & RENAME_NOREPLACE, &c->err);
	if (rc == 0) {
		rc = node_rename(&fs->nodes, dir, name, newdir, newname);
		notify_publish(&fs->notify);
	}
	rk_buf_done(&from);
	rk_buf_done(&to);
	return rc;
}

static int in_fsyncdir(struct call *c, struct node *dir)
{
	(void)dir;
	loop_step_aside();
	return inbox_sync(c->fs->index, &c->err);
}

static int in_getxattr(struct call *c, struct node *n, const char *name, struct rk_buf *ret)
{
	struct in_attr a;
	int rc = n->parent->parent ? attr_of(c->fs, n, &a) : -ENODATA;
	if (rc < 0)
		return rc;
	bool set = strcmp(name, "interrupted") == 0 ? a.interrupted : strcmp(name, "staged") == 0 && a.staged;
	return set ? rk_buf_str(ret, "1") : -ENODATA;
}

static const char *const *in_xattrs(struct fs *fs, struct node *n)
{
	static const char *const all[] = {"interrupted", "staged", NULL}, *const interrupted[] = {"interrupted", NULL};
	struct in_attr a;
	if (!n->parent->parent || attr_of(fs, n, &a) < 0)
		return NULL;
	return a.interrupted ? (a.staged ? all : interrupted) : a.staged ? all + 1 : NULL;
}

#define IN_DIR                                                                                                                              \
	.node_size = sizeof(struct in_node), .mode = S_IFDIR | 0755, .list_live = true, .list_plus = true, .attr_timeout = CHANGING_TIMEOUT, .peek = in_peek,  \
	.list = in_list, .unlink = in_unlink, .rmdir = in_rmdir, .mkdir = in_mkdir, .create = in_create, .rename = in_rename,               \
	.fsyncdir = in_fsyncdir, .stat = in_stat, .setattr = in_setattr

const struct kind kind_incoming = {.name = "incoming", IN_DIR};
static const struct kind kind_in_dir = {.name = "incoming folder", IN_DIR};
static const struct kind kind_in_file = {
	.name = "incoming file", .node_size = sizeof(struct in_node), .mode = S_IFREG | 0644, .attr_timeout = CHANGING_TIMEOUT,
	.stat = in_stat, .setattr = in_setattr, .getxattr = in_getxattr, .xattrs = in_xattrs,
	.open = in_open, .read = in_read, .write = in_write, .flush = in_flush, .fsync = in_fsync, .release = in_release,
};
