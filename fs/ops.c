/* ops.c - the FUSE operations over nodes and open files: unpack, ask the node's kind, reply exactly once; see ops.h.
 *
 * What a kind does not offer is refused here, with the errno of MOUNT's table: changes -EROFS, foreign xattrs -ENOTSUP, links -EPERM.
 * Threads: any worker of loop.c. A node is pinned for the length of a call; an open file pins its own. */
#include "fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/open.h"
#include "fs/tree.h"

#define OP_NAME(name) #name,
static const char *const op_names[] = {FS_OPS(OP_NAME)};

const char *fs_op_name(enum fs_op op)
{
	return op_names[op];
}

/* The mount's state, and one more request counted. */
static struct fs *enter(fuse_req_t req, enum fs_op op)
{
	struct fs *fs = fuse_req_userdata(req);
	atomic_fetch_add_explicit(&fs->requests[op], 1, memory_order_relaxed);
	return fs;
}

static struct call call_of(struct fs *fs, fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	return (struct call){.fs = fs, .uid = ctx->uid, .gid = ctx->gid, .pid = ctx->pid};
}

static void reply_rc(fuse_req_t req, int rc)
{
	fuse_reply_err(req, rc == -EUCLEAN ? EIO : rc < 0 ? -rc : 0);
}

/* Ends a call that answers with an entry; the pin in f goes. */
static void reply_found(struct fs *fs, fuse_req_t req, int rc, struct found *f)
{
	if (rc < 0) {
		reply_rc(req, rc);
		return;
	}
	if (!f->node && f->entry_timeout <= 0) {
		reply_rc(req, -ENOENT);
		return;
	}
	struct fuse_entry_param e = fs_entry(fs, f);
	if (fuse_reply_entry(req, &e) < 0 && e.ino) /* the asker is gone: the kernel knows nothing of it */
		node_forget(&fs->nodes, e.ino, 1);
	node_unpin(&fs->nodes, f->node);
}

static struct node *folder(struct fs *fs, fuse_ino_t ino, int *rc)
{
	struct node *n = node_get(&fs->nodes, ino);
	*rc = !n ? -ESTALE : !S_ISDIR(n->kind->mode) ? -ENOTDIR : 0;
	return n;
}

/* Lookup. What can be answered at once is; what must be evaluated goes through a slot and can be interrupted. */
struct lookup {
	struct slow_job job;
	fuse_req_t req;
	struct call call;
	struct node *dir;
	char name[];
};

static void lookup_interrupted(fuse_req_t req, void *arg)
{
	(void)req;
	atomic_store(&((struct lookup *)arg)->job.cancel, true);
}

static void lookup_run(struct slow_job *j)
{
	struct lookup *l = (struct lookup *)j;
	struct fs *fs = l->call.fs;
	struct found f = {0};
	int rc = atomic_load(&j->cancel) ? -EINTR : l->dir->kind->find(&l->call, l->dir, l->name, &f);
	fuse_req_interrupt_func(l->req, NULL, NULL); /* from here nobody touches the job from outside */
	reply_found(fs, l->req, rc, &f);
	node_unpin(&fs->nodes, l->dir);
}

static void lookup_done(struct slow_job *j)
{
	free(j);
}

static int lookup_slowly(struct fs *fs, fuse_req_t req, struct node *dir, const char *name)
{
	size_t len = strlen(name) + 1;
	struct lookup *l = calloc(1, sizeof(*l) + len);
	if (!l)
		return -ENOMEM;
	l->job = (struct slow_job){.run = lookup_run, .done = lookup_done};
	l->req = req;
	l->call = call_of(fs, req);
	l->call.cancel = &l->job.cancel;
	l->dir = dir;
	memcpy(l->name, name, len);
	loop_step_aside();
	fuse_req_interrupt_func(req, lookup_interrupted, l);
	slow_run(&fs->slow, &l->job);
	return 0;
}

static int lookup_self(struct fs *fs, struct node *n, const char *name, struct found *f)
{
	if (strcmp(name, ".") == 0)
		f->node = node_pin(&fs->nodes, n);
	else if (strcmp(name, "..") == 0)
		f->node = node_pin(&fs->nodes, n->parent ? n->parent : n);
	else
		return 0;
	f->entry_timeout = FS_LONG_TIMEOUT;
	return 1;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = enter(req, FS_OP_lookup);
	struct call c = call_of(fs, req);
	struct found f = {0};
	struct node *n = node_get(&fs->nodes, parent);
	int rc = n ? lookup_self(fs, n, name, &f) : -ESTALE;
	if (rc == 0 && !S_ISDIR(n->kind->mode))
		rc = -ENOTDIR;
	if (rc == 0 && n->kind->peek)
		rc = n->kind->peek(&c, n, name, &f);
	if (rc == 0 && !n->kind->find)
		rc = -ENOENT;
	if (rc == 0 && n->kind->slow_find) {
		rc = lookup_slowly(fs, req, n, name);
		if (rc == 0)
			return; /* the job replies and unpins */
	} else if (rc == 0) {
		loop_step_aside();
		rc = n->kind->find(&c, n, name, &f);
	}
	reply_found(fs, req, rc, &f);
	node_unpin(&fs->nodes, n);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	struct fs *fs = enter(req, FS_OP_forget);
	node_forget(&fs->nodes, ino, nlookup);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct fs *fs = enter(req, FS_OP_forget);
	for (size_t i = 0; i < count; i++)
		node_forget(&fs->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/* Attributes. */
static void reply_attr(struct fs *fs, fuse_req_t req, int rc, struct node *n)
{
	struct stat st;
	if (rc == 0)
		rc = fs_stat(fs, n, &st);
	if (rc < 0)
		reply_rc(req, rc);
	else
		fuse_reply_attr(req, &st, n->kind->attr_timeout);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_getattr);
	(void)fi;
	struct node *n = node_get(&fs->nodes, ino);
	reply_attr(fs, req, n ? 0 : -ESTALE, n);
	node_unpin(&fs->nodes, n);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_setattr);
	struct call c = call_of(fs, req);
	struct node *n = node_get(&fs->nodes, ino);
	int rc = !n ? -ESTALE : !n->kind->setattr ? -EROFS : n->kind->setattr(&c, n, attr, to_set, fi ? (struct handle *)(uintptr_t)fi->fh : NULL);
	reply_attr(fs, req, rc, n);
	node_unpin(&fs->nodes, n);
}

/* Names. */
static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fs *fs = enter(req, FS_OP_mkdir);
	struct call c = call_of(fs, req);
	struct found f = {0};
	int rc;
	struct node *n = folder(fs, parent, &rc);
	if (rc == 0)
		rc = n->kind->mkdir ? n->kind->mkdir(&c, n, name, mode, &f) : -EROFS;
	reply_found(fs, req, rc, &f);
	node_unpin(&fs->nodes, n);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = enter(req, FS_OP_unlink);
	struct call c = call_of(fs, req);
	int rc;
	struct node *n = folder(fs, parent, &rc);
	if (rc == 0)
		rc = n->kind->unlink ? n->kind->unlink(&c, n, name) : -EROFS;
	reply_rc(req, rc);
	node_unpin(&fs->nodes, n);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = enter(req, FS_OP_rmdir);
	struct call c = call_of(fs, req);
	int rc;
	struct node *n = folder(fs, parent, &rc);
	if (rc == 0)
		rc = n->kind->rmdir ? n->kind->rmdir(&c, n, name) : -EROFS;
	reply_rc(req, rc);
	node_unpin(&fs->nodes, n);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent, const char *newname, unsigned flags)
{
	struct fs *fs = enter(req, FS_OP_rename);
	struct call c = call_of(fs, req);
	int rc, rc2;
	struct node *n = folder(fs, parent, &rc);
	struct node *to = folder(fs, newparent, &rc2);
	rc = rc < 0 ? rc : rc2;
	if (rc == 0)
		rc = n->kind->rename ? n->kind->rename(&c, n, name, to, newname, flags) : -EROFS;
	reply_rc(req, rc);
	node_unpin(&fs->nodes, n);
	node_unpin(&fs->nodes, to);
}

static void op_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link, (void)parent, (void)name;
	enter(req, FS_OP_symlink);
	reply_rc(req, -EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	(void)ino, (void)newparent, (void)newname;
	enter(req, FS_OP_link);
	reply_rc(req, -EPERM);
}

/* Open files. */
static int create(struct call *c, fuse_ino_t parent, const char *name, mode_t mode, int flags, struct found *f, struct handle **h)
{
	int rc;
	struct node *n = folder(c->fs, parent, &rc);
	if (rc == 0)
		rc = n->kind->create ? n->kind->create(c, n, name, mode, flags, f, h) : -EROFS;
	if (rc == 0) {
		(*h)->kind = f->node->kind;
		(*h)->node = node_pin(&c->fs->nodes, f->node);
		handle_opened(c->fs, *h);
	}
	node_unpin(&c->fs->nodes, n);
	return rc;
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_create);
	struct call c = call_of(fs, req);
	struct found f = {0};
	struct handle *h;
	int rc = create(&c, parent, name, mode, fi->flags, &f, &h);
	if (rc < 0) {
		reply_rc(req, rc);
		return;
	}
	struct fuse_entry_param e = fs_entry(fs, &f);
	fi->fh = (uintptr_t)h;
	/* No GETXATTR before each write, and large ones in one piece; but a descriptor that also reads may be mapped, which needs pages. */
	fi->direct_io = (fi->flags & O_ACCMODE) == O_WRONLY;
	if (fuse_reply_create(req, &e, fi) < 0) {
		node_forget(&fs->nodes, e.ino, 1);
		handle_close(fs, h);
	}
	node_unpin(&fs->nodes, f.node);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct fs *fs = enter(req, FS_OP_mknod);
	struct call c = call_of(fs, req);
	struct found f = {0};
	struct handle *h;
	(void)rdev;
	int rc = S_ISREG(mode) ? create(&c, parent, name, mode, O_WRONLY | O_CREAT | O_EXCL, &f, &h) : -EPERM;
	if (rc == 0)
		handle_close(fs, h);
	reply_found(fs, req, rc, &f);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_open);
	struct call c = call_of(fs, req);
	struct node *n = node_get(&fs->nodes, ino);
	struct handle *h = NULL;
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
	int rc = !n ? -ESTALE : S_ISDIR(n->kind->mode) ? -EISDIR : writes && !n->kind->write ? -EROFS : 0;
	if (rc == 0 && n->kind->open)
		rc = n->kind->open(&c, n, fi, &h);
	else if (rc == 0) {
		h = calloc(1, sizeof(*h));
		rc = h ? 0 : -ENOMEM;
		fi->keep_cache = 1;
		fi->noflush = 1;
	}
	if (rc < 0) {
		reply_rc(req, rc);
		node_unpin(&fs->nodes, n);
		return;
	}
	h->kind = n->kind;
	h->node = n; /* the pin goes with it */
	handle_opened(fs, h);
	fi->fh = (uintptr_t)h;
	if (fuse_reply_open(req, fi) < 0)
		handle_close(fs, h);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_read);
	struct call c = call_of(fs, req);
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;
	struct span s = {0};
	(void)ino;
	int rc = h->kind->read ? h->kind->read(&c, h, (uint64_t)off, size, &s) : -EINVAL;
	if (rc < 0)
		reply_rc(req, rc);
	else
		fuse_reply_buf(req, s.p, s.n);
	free(s.owned);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *p, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_write);
	struct call c = call_of(fs, req);
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;
	(void)ino;
	int64_t rc = h->kind->write ? h->kind->write(&c, h, (uint64_t)off, p, size, fi->flags) : -EBADF;
	if (rc < 0)
		reply_rc(req, (int)rc);
	else
		fuse_reply_write(req, (size_t)rc);
}

static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_flush);
	struct call c = call_of(fs, req);
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;
	(void)ino;
	reply_rc(req, h->kind->flush ? h->kind->flush(&c, h) : 0);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_fsync);
	struct call c = call_of(fs, req);
	struct handle *h = (struct handle *)(uintptr_t)fi->fh;
	(void)ino, (void)datasync;
	reply_rc(req, h->kind->fsync ? h->kind->fsync(&c, h) : 0);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_release);
	(void)ino;
	handle_close(fs, (struct handle *)(uintptr_t)fi->fh);
	reply_rc(req, 0);
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	(void)ino, (void)mode, (void)off, (void)len, (void)fi;
	enter(req, FS_OP_fallocate);
	reply_rc(req, -EOPNOTSUPP);
}

/* Open folders. */
static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_opendir);
	int rc;
	struct node *n = folder(fs, ino, &rc);
	struct dirhandle *d = rc == 0 ? dirhandle_new(n->kind, n) : NULL;
	if (!d) {
		node_unpin(&fs->nodes, n);
		reply_rc(req, rc < 0 ? rc : -ENOMEM);
		return;
	}
	d->h.is_dir = true;
	handle_opened(fs, &d->h);
	fi->fh = (uintptr_t)d;
	if (fuse_reply_open(req, fi) < 0)
		handle_close(fs, &d->h);
}

static void read_dir(struct fs *fs, fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi, bool plus)
{
	struct call c = call_of(fs, req);
	struct rk_buf known = {0};
	char *p = malloc(size ? size : 1);
	int64_t n = p ? dirstream_read(&c, req, (struct dirhandle *)(uintptr_t)fi->fh, (uint64_t)off, p, size, plus ? &known : NULL) : -ENOMEM;
	if (n < 0)
		reply_rc(req, (int)n);
	else if (fuse_reply_buf(req, p, (size_t)n) < 0) /* the asker is gone, and what was given to it */
		dirstream_forget(fs, &known);
	rk_buf_done(&known);
	free(p);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	read_dir(enter(req, FS_OP_readdir), req, size, off, fi, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	read_dir(enter(req, FS_OP_readdirplus), req, size, off, fi, true);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_releasedir);
	struct dirhandle *d = (struct dirhandle *)(uintptr_t)fi->fh;
	(void)ino;
	handle_close(fs, &d->h);
	reply_rc(req, 0);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = enter(req, FS_OP_fsyncdir);
	struct call c = call_of(fs, req);
	struct dirhandle *d = (struct dirhandle *)(uintptr_t)fi->fh;
	(void)ino, (void)datasync;
	reply_rc(req, d->h.kind->fsyncdir ? d->h.kind->fsyncdir(&c, d->h.node) : 0);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = enter(req, FS_OP_statfs);
	uint64_t free_bytes, total;
	struct index_status is;
	(void)ino;
	int rc = fs->dir->ops->space(fs->dir, &free_bytes, &total, NULL);
	if (rc < 0) {
		reply_rc(req, rc);
		return;
	}
	index_get_status(fs->index, &is);
	struct statvfs v = {.f_bsize = 4096, .f_frsize = 4096, .f_namemax = 4000};
	v.f_bfree = v.f_bavail = free_bytes / 4096;
	v.f_blocks = (free_bytes + total) / 4096;
	v.f_files = is.ndocs + UINT32_MAX;
	v.f_ffree = v.f_favail = UINT32_MAX;
	fuse_reply_statfs(req, &v);
}

/* Extended attributes: ours are read-only and called user.rankfs.*; nothing else is kept. */
static const char ours[] = "user.rankfs.";
enum { OURS_LEN = sizeof(ours) - 1 };

static bool is_ours(const char *name)
{
	return strncmp(name, ours, OURS_LEN) == 0;
}

static void reply_xattr(fuse_req_t req, int rc, const struct rk_buf *b, size_t size)
{
	if (rc < 0)
		reply_rc(req, rc);
	else if (size == 0)
		fuse_reply_xattr(req, b->len);
	else if (b->len > size)
		reply_rc(req, -ERANGE);
	else
		fuse_reply_buf(req, (const char *)b->data, b->len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct fs *fs = enter(req, FS_OP_getxattr);
	if (!is_ours(name)) {
		reply_rc(req, -ENOTSUP);
		return;
	}
	struct call c = call_of(fs, req);
	struct node *n = node_get(&fs->nodes, ino);
	struct rk_buf b = {0};
	int rc = !n ? -ESTALE : n->kind->getxattr ? n->kind->getxattr(&c, n, name + OURS_LEN, &b) : -ENODATA;
	reply_xattr(req, rc, &b, size);
	rk_buf_done(&b);
	node_unpin(&fs->nodes, n);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct fs *fs = enter(req, FS_OP_listxattr);
	struct node *n = node_get(&fs->nodes, ino);
	struct rk_buf b = {0};
	const char *const *names = n && n->kind->xattrs ? n->kind->xattrs(fs, n) : NULL;
	for (; names && *names; names++) {
		rk_buf_str(&b, ours);
		rk_buf_put(&b, *names, strlen(*names) + 1);
	}
	reply_xattr(req, !n ? -ESTALE : b.bad ? -ENOMEM : 0, &b, size);
	rk_buf_done(&b);
	node_unpin(&fs->nodes, n);
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	(void)ino, (void)value, (void)size, (void)flags;
	enter(req, FS_OP_setxattr);
	reply_rc(req, is_ours(name) ? -EPERM : -ENOTSUP);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	(void)ino;
	enter(req, FS_OP_removexattr);
	reply_rc(req, is_ours(name) ? -EPERM : -ENOTSUP);
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = 1 << 20;
	conn->max_readahead = 1 << 20;
	/* Off: written pages kept back (errors would come after write), splicing (small requests), checks by mtime (an inode's content does not
	 * change, or changes through this kernel). On: handles that outlive FORGET (NFS), attributes with listings where they are asked for. */
	conn->want &= ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
				  FUSE_CAP_AUTO_INVAL_DATA);
	conn->want |= conn->capable & (FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
}

const struct fuse_lowlevel_ops fs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.create = op_create,
	.fallocate = op_fallocate,
};
