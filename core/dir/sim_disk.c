/* sim_disk.c - the simulated disk's operations: what a process sees is the cache (visible); what lasts moves to durable by the right sync. */
#include "core/dir/sim_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/dir/fdir_private.h"

struct simfs {
	struct fsys fs;
	struct sim *sim;
};

/* ---- names and bytes ---- */

int names_find(const struct names *n, const char *path)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->v[i].path, path) == 0)
			return (int)i;
	return -1;
}

int names_set(struct names *n, const char *path, int ino)
{
	int i = names_find(n, path);
	if (i >= 0) {
		n->v[i].ino = ino;
		return 0;
	}
	if (n->n == n->cap) {
		size_t cap = n->cap * 2 + 8;
		struct name *v = realloc(n->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		n->v = v;
		n->cap = cap;
	}
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	n->v[n->n++] = (struct name){.path = copy, .ino = ino};
	return 0;
}

void names_unset(struct names *n, const char *path)
{
	int i = names_find(n, path);
	if (i >= 0) {
		free(n->v[i].path);
		n->v[i] = n->v[--n->n];
	}
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].path);
	free(n->v);
	*n = (struct names){0};
}

int bytes_resize(struct rk_buf *b, uint64_t size)
{
	if (size > b->len) {
		if (rk_buf_reserve(b, (size_t)size - b->len) < 0)
			return -ENOMEM;
		memset(b->data + b->len, 0, (size_t)size - b->len);
	}
	b->len = (size_t)size;
	return 0;
}

int bytes_write(struct rk_buf *b, const uint8_t *p, uint64_t n, uint64_t off)
{
	if (off + n > b->len && bytes_resize(b, off + n) < 0)
		return -ENOMEM;
	if (n)
		memcpy(b->data + off, p, (size_t)n);
	return 0;
}

int apply_name(struct names *n, const struct name_op *op)
{
	int at;
	switch (op->kind) {
	case NAME_ADD:
		return names_set(n, op->path, op->ino);
	case NAME_REMOVE:
		names_unset(n, op->path);
		return 0;
	case NAME_RENAME:
		at = names_find(n, op->path);
		if (at >= 0 && n->v[at].ino == op->ino)
			names_unset(n, op->path);
		return names_set(n, op->to, op->ino);
	}
	return -EINVAL;
}

void change_free(struct inode *f, size_t i)
{
	free(f->v[i].data);
	memmove(f->v + i, f->v + i + 1, (f->n - i - 1) * sizeof(*f->v));
	f->n--;
}

void name_op_free(struct sim *s, size_t i)
{
	free(s->ops[i].path);
	free(s->ops[i].to);
	memmove(s->ops + i, s->ops + i + 1, (s->nops - i - 1) * sizeof(*s->ops));
	s->nops--;
}

/* ---- entering an operation: the stop, the faults ---- */

static struct sim *of(struct fsys *fs)
{
	return ((struct simfs *)fs)->sim;
}

/* Locks. An error is returned with the lock held too: some operations fail half done. */
static int enter(struct sim *s, enum sim_kind kind)
{
	pthread_mutex_lock(&s->mu);
	if (s->left == 0 && kind != SIM_READ)
		s->dead = true;
	if (s->dead)
		return -EIO;
	if (kind != SIM_READ) {
		s->count++;
		s->left -= s->left != UINT64_MAX;
	}
	if (!(s->fail_kinds & kind) || s->fail_times == 0)
		return 0;
	s->fail_seen++;
	return s->fail_seen >= s->fail_nth && s->fail_seen - s->fail_nth < s->fail_times ? -s->fail_error : 0;
}

static int leave(struct sim *s, int rc)
{
	pthread_mutex_unlock(&s->mu);
	return rc;
}

static struct inode *inode_of(struct sim *s, int file)
{
	return &s->inodes[s->handles[file].ino];
}

/* ---- content ---- */

static int log_change(struct inode *f, struct change c)
{
	if (f->n == f->cap) {
		size_t cap = f->cap * 2 + 4;
		struct change *v = realloc(f->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = c;
	return 0;
}

static int do_write(struct inode *f, const uint8_t *p, uint64_t n, uint64_t off)
{
	struct change c = {.off = off, .len = n, .data = malloc(n ? (size_t)n : 1)};
	if (!c.data || bytes_write(&f->visible, p, n, off) < 0) {
		free(c.data);
		return -ENOMEM;
	}
	if (n)
		memcpy(c.data, p, (size_t)n);
	c.size = f->visible.len;
	return log_change(f, c);
}

static int do_resize(struct inode *f, uint64_t size)
{
	int rc = bytes_resize(&f->visible, size);
	return rc < 0 ? rc : log_change(f, (struct change){.resize = true, .off = size, .size = size});
}

static uint64_t room(const struct sim *s)
{
	uint64_t used = 0;
	if (s->capacity == UINT64_MAX)
		return UINT64_MAX;
	for (size_t i = 0; i < s->ninodes; i++)
		used += s->inodes[i].used ? s->inodes[i].visible.len : 0;
	return used < s->capacity ? s->capacity - used : 0;
}

static int64_t sim_pwrite(struct fsys *fs, int file, const void *p, size_t n, uint64_t off)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_WRITE);
	if (rc < 0 && !s->dead)
		(void)do_write(inode_of(s, file), p, n / 2, off);
	if (rc < 0)
		return leave(s, rc);
	struct inode *f = inode_of(s, file);
	uint64_t grown = off + n > f->visible.len ? off + n - f->visible.len : 0, left = room(s);
	if (grown > left) {
		uint64_t less = grown - left;
		if (less >= n)
			return leave(s, -ENOSPC);
		n -= (size_t)less;
	}
	rc = do_write(f, p, n, off);
	leave(s, 0);
	return rc < 0 ? rc : (int64_t)n;
}

static int sim_allocate(struct fsys *fs, int file, uint64_t size)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_WRITE);
	if (rc == 0 && size > inode_of(s, file)->visible.len && size - inode_of(s, file)->visible.len > room(s))
		rc = -ENOSPC;
	if (rc == 0)
		rc = do_resize(inode_of(s, file), size);
	return leave(s, rc);
}

static int sim_truncate(struct fsys *fs, int file, uint64_t size)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_WRITE);
	if (rc == 0)
		rc = do_resize(inode_of(s, file), size);
	return leave(s, rc);
}

/* What a good sync just wrote is no longer at the mercy of older changes that were lost: they shrink to what it did not cover. */
static int uncover(struct inode *f, uint64_t off, uint64_t end)
{
	for (size_t i = 0; i < f->n; i++) {
		struct change *c = &f->v[i];
		if (!c->lost || c->resize || c->off >= end || c->off + c->len <= off)
			continue;
		if (c->off < off && c->off + c->len > end) { /* two pieces */
			struct change tail = *c;
			tail.off = end;
			tail.len = c->off + c->len - end;
			tail.data = malloc((size_t)tail.len);
			if (!tail.data)
				return -ENOMEM;
			memcpy(tail.data, c->data + (end - c->off), (size_t)tail.len);
			c->len = off - c->off;
			int rc = log_change(f, tail);
			if (rc < 0)
				return rc;
		} else if (c->off < off) {
			c->len = off - c->off;
		} else if (c->off + c->len > end) {
			uint64_t cut = end - c->off;
			memmove(c->data, c->data + cut, (size_t)(c->len - cut));
			c->off += cut;
			c->len -= cut;
		} else {
			c->len = 0;
		}
	}
	return 0;
}

static int settle_content(struct inode *f)
{
	int rc = 0;
	for (size_t i = 0; i < f->n && rc == 0;) {
		struct change *c = &f->v[i];
		if (c->lost && !c->resize) {
			i++;
			continue;
		}
		if (c->resize) {
			rc = bytes_resize(&f->durable, c->off);
		} else {
			rc = bytes_write(&f->durable, c->data, c->len, c->off);
			uint64_t off = c->off, end = c->off + c->len;
			change_free(f, i);
			if (rc == 0)
				rc = uncover(f, off, end);
			continue;
		}
		change_free(f, i);
	}
	return rc < 0 ? rc : bytes_resize(&f->durable, f->visible.len);
}

static int sim_sync(struct fsys *fs, int file, bool data_only)
{
	struct sim *s = of(fs);
	(void)data_only;
	int rc = enter(s, SIM_SYNC);
	if (rc < 0 && !s->dead)
		for (size_t i = 0; i < inode_of(s, file)->n; i++)
			inode_of(s, file)->v[i].lost = true;
	if (rc == 0 && !(s->lies & SIM_IGNORE_SYNC))
		rc = settle_content(inode_of(s, file));
	return leave(s, rc);
}

static int64_t sim_pread(struct fsys *fs, int file, void *p, size_t n, uint64_t off)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_READ);
	if (rc < 0)
		return leave(s, rc);
	const struct rk_buf *b = &inode_of(s, file)->visible;
	size_t left = off < b->len ? b->len - (size_t)off : 0;
	n = n < left ? n : left;
	if (n)
		memcpy(p, b->data + off, n);
	leave(s, 0);
	return (int64_t)n;
}

static int64_t sim_size(struct fsys *fs, int file)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_READ);
	int64_t size = rc < 0 ? rc : (int64_t)inode_of(s, file)->visible.len;
	leave(s, 0);
	return size;
}

static int sim_map(struct fsys *fs, int file, size_t len, const uint8_t **ret)
{
	uint8_t *p = malloc(len);
	if (!p)
		return -ENOMEM;
	int64_t n = sim_pread(fs, file, p, len, 0);
	if (n < 0) {
		free(p);
		return (int)n;
	}
	memset(p + n, 0, len - (size_t)n);
	*ret = p;
	return 0;
}

static void sim_unmap(struct fsys *fs, const uint8_t *p, size_t len)
{
	(void)fs;
	(void)len;
	free((void *)(uintptr_t)p);
}

/* ---- names ---- */

static int log_name(struct sim *s, enum name_kind kind, const char *path, const char *to, int ino)
{
	struct name_op op = {.kind = kind, .path = strdup(path), .to = to ? strdup(to) : NULL, .ino = ino};
	int rc = !op.path || (to && !op.to) ? -ENOMEM : apply_name(&s->visible, &op);
	if (rc == 0 && s->nops == s->ops_cap) {
		size_t cap = s->ops_cap * 2 + 8;
		struct name_op *v = realloc(s->ops, cap * sizeof(*v));
		rc = v ? 0 : -ENOMEM;
		if (v) {
			s->ops = v;
			s->ops_cap = cap;
		}
	}
	if (rc < 0) {
		free(op.path);
		free(op.to);
		return rc;
	}
	s->ops[s->nops++] = op;
	return 0;
}

static void path_folder(const char *path, char *ret)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	memmove(ret, path, n);
	ret[n] = '\0';
}

static bool folder_there(const struct sim *s, const char *folder)
{
	int i = *folder ? names_find(&s->visible, folder) : 0;
	return !*folder || (i >= 0 && s->visible.v[i].ino == FOLDER);
}

static bool parent_there(const struct sim *s, const char *path)
{
	char folder[SIM_PATH_MAX];
	path_folder(path, folder);
	return folder_there(s, folder);
}

static int new_inode(struct sim *s)
{
	for (size_t i = 0; i < s->ninodes; i++)
		if (!s->inodes[i].used) {
			s->inodes[i].used = true;
			return (int)i;
		}
	struct inode *v = realloc(s->inodes, (s->ninodes + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->inodes = v;
	v[s->ninodes] = (struct inode){.used = true};
	return (int)s->ninodes++;
}

static int new_handle(struct sim *s, int ino)
{
	size_t i = 0;
	while (i < s->nhandles && s->handles[i].used)
		i++;
	if (i == s->nhandles) {
		struct handle *v = realloc(s->handles, (s->nhandles + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->handles = v;
		s->nhandles++;
	}
	s->handles[i] = (struct handle){.ino = ino, .used = true};
	s->inodes[ino].handles++;
	return (int)i;
}

static int open_locked(struct sim *s, const char *path, enum fsys_how how)
{
	int at = names_find(&s->visible, path);
	if (at >= 0 && s->visible.v[at].ino == FOLDER)
		return -EISDIR;
	if (at >= 0)
		return how == FSYS_CREATE ? -EEXIST : new_handle(s, s->visible.v[at].ino);
	if (how == FSYS_READ || !parent_there(s, path))
		return -ENOENT;
	int ino = new_inode(s);
	int rc = ino < 0 ? ino : log_name(s, NAME_ADD, path, NULL, ino);
	return rc < 0 ? rc : new_handle(s, ino);
}

static int sim_fs_open(struct fsys *fs, const char *path, enum fsys_how how)
{
	struct sim *s = of(fs);
	int rc = enter(s, how == FSYS_READ ? SIM_READ : SIM_NAME);
	return leave(s, rc < 0 ? rc : open_locked(s, path, how));
}

/* Forgets files that no name, no unsynced change of names and no handle knows any more. */
static void sweep(struct sim *s)
{
	for (size_t i = 0; i < s->ninodes; i++) {
		struct inode *f = &s->inodes[i];
		bool known = !f->used || f->handles;
		for (size_t k = 0; k < s->visible.n && !known; k++)
			known = s->visible.v[k].ino == (int)i;
		for (size_t k = 0; k < s->durable.n && !known; k++)
			known = s->durable.v[k].ino == (int)i;
		for (size_t k = 0; k < s->nops && !known; k++)
			known = s->ops[k].ino == (int)i;
		if (known)
			continue;
		while (f->n)
			change_free(f, f->n - 1);
		free(f->v);
		rk_buf_done(&f->durable);
		rk_buf_done(&f->visible);
		*f = (struct inode){0};
	}
}

static void sim_close(struct fsys *fs, int file)
{
	struct sim *s = of(fs);
	pthread_mutex_lock(&s->mu);
	inode_of(s, file)->handles--;
	s->handles[file].used = false;
	pthread_mutex_unlock(&s->mu);
}

static int sim_lock(struct fsys *fs, int file, bool exclusive)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_READ);
	for (size_t i = 0; i < s->nhandles && rc == 0; i++) {
		const struct handle *h = &s->handles[i];
		if (h->used && (int)i != file && h->ino == s->handles[file].ino && (h->lock == 2 || (h->lock == 1 && exclusive)))
			rc = -EAGAIN;
	}
	if (rc == 0)
		s->handles[file].lock = exclusive ? 2 : 1;
	return leave(s, rc);
}

static int sim_rename(struct fsys *fs, const char *from, const char *to, bool replace)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_NAME);
	if (rc == 0) {
		int a = names_find(&s->visible, from), b = names_find(&s->visible, to);
		if (a < 0)
			rc = -ENOENT;
		else if (b >= 0 && (!replace || s->visible.v[b].ino == FOLDER))
			rc = replace ? -EISDIR : -EEXIST;
		else
			rc = log_name(s, NAME_RENAME, from, to, s->visible.v[a].ino);
	}
	return leave(s, rc);
}

static int sim_unlink(struct fsys *fs, const char *path)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_NAME);
	if (rc == 0) {
		int a = names_find(&s->visible, path);
		rc = a < 0 ? -ENOENT : s->visible.v[a].ino == FOLDER ? -EISDIR : log_name(s, NAME_REMOVE, path, NULL, s->visible.v[a].ino);
	}
	return leave(s, rc);
}

static int sim_mkdir(struct fsys *fs, const char *path)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_NAME);
	if (rc == 0)
		rc = names_find(&s->visible, path) >= 0 ? -EEXIST : !parent_there(s, path) ? -ENOENT : log_name(s, NAME_ADD, path, NULL, FOLDER);
	return leave(s, rc);
}

/* The part of path below folder, or NULL. */
static const char *below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	if (n == 0)
		return path;
	return strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static int sim_rmdir(struct fsys *fs, const char *path)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_NAME);
	if (rc == 0 && names_find(&s->visible, path) < 0)
		rc = -ENOENT;
	for (size_t i = 0; i < s->visible.n && rc == 0; i++)
		if (below(s->visible.v[i].path, path))
			rc = -ENOTEMPTY;
	if (rc == 0)
		rc = folder_there(s, path) ? log_name(s, NAME_REMOVE, path, NULL, FOLDER) : -ENOTDIR;
	return leave(s, rc);
}

static int sim_sync_dir(struct fsys *fs, const char *path)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_SYNC_DIR);
	if (rc == 0 && !folder_there(s, path))
		return leave(s, -ENOENT);
	if (s->lies & SIM_IGNORE_SYNC_DIR)
		return leave(s, rc);
	for (size_t i = 0; i < s->nops && rc == 0;) {
		char folder[SIM_PATH_MAX];
		path_folder(s->ops[i].path, folder);
		if (strcmp(folder, path) != 0) {
			i++;
			continue;
		}
		rc = apply_name(&s->durable, &s->ops[i]);
		name_op_free(s, i);
	}
	if (rc == 0)
		sweep(s);
	return leave(s, rc);
}

static int sim_list(struct fsys *fs, const char *path, fsys_each *fn, void *arg)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_READ);
	if (rc == 0 && !folder_there(s, path))
		rc = -ENOENT;
	for (size_t i = 0; i < s->visible.n && rc == 0; i++) {
		const struct name *n = &s->visible.v[i];
		const char *base = below(n->path, path);
		if (base && !strchr(base, '/'))
			rc = fn(arg, base, n->ino == FOLDER, n->ino == FOLDER ? 0 : s->inodes[n->ino].visible.len);
	}
	return leave(s, rc);
}

/* ---- the rest ---- */

static int sim_wait(struct fsys *fs, const char *path, int timeout_ms, bool (*changed)(void *), void *arg)
{
	(void)fs;
	(void)path;
	uint64_t end = rk_mono_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000u;
	while (!changed(arg)) {
		if (rk_mono_ns() >= end)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return 1;
}

static int sim_space(struct fsys *fs, uint64_t *ret_free, uint64_t *ret_total)
{
	struct sim *s = of(fs);
	int rc = enter(s, SIM_READ);
	*ret_total = s->capacity == UINT64_MAX ? UINT64_C(1) << 40 : s->capacity;
	*ret_free = s->capacity == UINT64_MAX ? *ret_total : room(s);
	return leave(s, rc);
}

static void simfs_free(struct fsys *fs)
{
	free(fs);
}

static const struct fsys_ops ops = {
	.open = sim_fs_open,
	.close = sim_close,
	.pread = sim_pread,
	.pwrite = sim_pwrite,
	.size = sim_size,
	.allocate = sim_allocate,
	.truncate = sim_truncate,
	.sync = sim_sync,
	.map = sim_map,
	.unmap = sim_unmap,
	.lock = sim_lock,
	.rename = sim_rename,
	.unlink = sim_unlink,
	.mkdir = sim_mkdir,
	.rmdir = sim_rmdir,
	.sync_dir = sim_sync_dir,
	.list = sim_list,
	.wait = sim_wait,
	.space = sim_space,
	.free = simfs_free,
};

int sim_open(struct sim *s, struct rk_dir **ret, struct rk_err *err)
{
	struct simfs *fs = calloc(1, sizeof(*fs));
	if (!fs)
		return rk_fail(err, -ENOMEM, "out of memory");
	fs->fs.ops = &ops;
	fs->sim = s;
	return fdir_new(&fs->fs, ret, err);
}
