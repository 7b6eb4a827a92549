/* fdir.c - the storage protocol: folders, reading, listing, removing, watching; see fdir_private.h for its invariants. */
#include "core/dir/fdir_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"

int fdir_words(struct rk_err *err, int rc, const char *verb, const char *name)
{
	return rk_fail(err, rc, "%s %s: %s", verb, *name ? name : "the index folder", strerror(-rc));
}

int fdir_pwrite_all(struct fsys *fs, int file, const void *p, size_t n, uint64_t off)
{
	const uint8_t *b = p;
	while (n > 0) {
		int64_t w = fs->ops->pwrite(fs, file, b, n, off);
		if (w < 0)
			return (int)w;
		if (w == 0)
			return -EIO;
		b += w;
		off += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

int64_t fdir_pread_all(struct fsys *fs, int file, void *p, size_t n, uint64_t off)
{
	uint8_t *b = p;
	size_t got = 0;
	while (got < n) {
		int64_t r = fs->ops->pread(fs, file, b + got, n - got, off + got);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (int64_t)got;
}

static struct fdir *of(struct rk_dir *dir)
{
	return (struct fdir *)dir;
}

/* ---- folders ---- */

static bool settled(const struct fdir *d, const char *folder)
{
	for (size_t i = 0; i < d->nsettled; i++)
		if (strcmp(d->settled[i], folder) == 0)
			return true;
	return false;
}

static int note_settled(struct fdir *d, const char *folder)
{
	char **v = realloc(d->settled, (d->nsettled + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	d->settled = v;
	v[d->nsettled] = strdup(folder);
	if (!v[d->nsettled])
		return -ENOMEM;
	d->nsettled++;
	return 0;
}

static void unsettle(struct fdir *d, const char *folder)
{
	for (size_t i = 0; i < d->nsettled; i++) {
		if (strcmp(d->settled[i], folder) == 0) {
			free(d->settled[i]);
			d->settled[i] = d->settled[--d->nsettled];
			return;
		}
	}
}

int fdir_settle(struct fdir *d, const char *folder, bool make)
{
	if (settled(d, folder))
		return 0;
	int rc = 0;
	if (*folder) {
		char up[NAME_BYTES_MAX];
		name_folder(folder, up);
		rc = fdir_settle(d, up, make);
		if (rc == 0 && make) {
			rc = d->fs->ops->mkdir(d->fs, folder);
			rc = rc == -EEXIST ? 0 : rc;
		}
		if (rc == 0)
			rc = d->fs->ops->sync_dir(d->fs, up); /* also when another process made it */
	}
	if (rc == 0)
		rc = d->fs->ops->sync_dir(d->fs, folder);
	return rc < 0 ? rc : note_settled(d, folder);
}

/* Removes folders that became empty, upward. They need not stay away: an empty folder is nothing. */
static void prune(struct fdir *d, char *folder)
{
	pthread_mutex_lock(&d->mu);
	while (*folder && d->fs->ops->rmdir(d->fs, folder) == 0) {
		unsettle(d, folder);
		name_folder(folder, folder);
	}
	pthread_mutex_unlock(&d->mu);
}

/* The folder may have been removed, empty, by another thread since: then that is what must be durable. */
static int sync_removal(struct fdir *d, const char *folder)
{
	char at[NAME_BYTES_MAX];
	strcpy(at, folder);
	int rc = d->fs->ops->sync_dir(d->fs, at);
	while (rc == -ENOENT && *at) {
		name_folder(at, at);
		rc = d->fs->ops->sync_dir(d->fs, at);
	}
	return rc;
}

static int fdir_remove(struct rk_dir *dir, const char *name, struct rk_err *err)
{
	struct fdir *d = of(dir);
	char folder[NAME_BYTES_MAX];
	if (!name_ok(name))
		return fdir_words(err, -EINVAL, "remove", name ? name : "");
	name_folder(name, folder);
	pthread_mutex_lock(&d->mu);
	int rc = fdir_settle(d, folder, false);
	pthread_mutex_unlock(&d->mu);
	if (rc == 0)
		rc = d->fs->ops->unlink(d->fs, name);
	if (rc == 0)
		rc = sync_removal(d, folder);
	if (rc < 0)
		return fdir_words(err, rc, "remove", name);
	prune(d, folder);
	return 0;
}

/* ---- reading ---- */

int fdir_open(struct fdir *d, const char *name, enum fsys_how how, struct rk_err *err)
{
	int f = name_ok(name) ? d->fs->ops->open(d->fs, name, how) : -EINVAL;
	return f < 0 ? fdir_words(err, f, how == FSYS_CREATE ? "create" : "open", name ? name : "") : f;
}

static int fdir_map(struct rk_dir *dir, const char *name, struct rk_map *ret, struct rk_err *err)
{
	struct fdir *d = of(dir);
	static const uint8_t nothing[1];
	struct rk_map m = {.bytes = nothing};
	int f = fdir_open(d, name, FSYS_READ, err);
	if (f < 0)
		return f;
	int64_t size = d->fs->ops->size(d->fs, f);
	int rc = size < 0 ? (int)size : 0;
	if (size > 0) {
		m.len = (size_t)size;
		rc = d->fs->ops->map(d->fs, f, m.len, &m.bytes);
	}
	d->fs->ops->close(d->fs, f);
	if (rc < 0)
		return fdir_words(err, rc, "map", name);
	*ret = m;
	return 0;
}

static void fdir_unmap(struct rk_dir *dir, struct rk_map *m)
{
	struct fdir *d = of(dir);
	if (m->len)
		d->fs->ops->unmap(d->fs, m->bytes, m->len);
	*m = (struct rk_map){0};
}

static int64_t fdir_read(struct rk_dir *dir, const char *name, uint64_t off, void *p, size_t n, struct rk_err *err)
{
	struct fdir *d = of(dir);
	int f = fdir_open(d, name, FSYS_READ, err);
	if (f < 0)
		return f;
	int64_t got = off > INT64_MAX ? 0 : fdir_pread_all(d->fs, f, p, n, off);
	d->fs->ops->close(d->fs, f);
	return got < 0 ? fdir_words(err, (int)got, "read", name) : got;
}

static int64_t fdir_size(struct rk_dir *dir, const char *name, struct rk_err *err)
{
	struct fdir *d = of(dir);
	int f = fdir_open(d, name, FSYS_READ, err);
	if (f < 0)
		return f;
	int64_t size = d->fs->ops->size(d->fs, f);
	d->fs->ops->close(d->fs, f);
	return size < 0 ? fdir_words(err, (int)size, "size of", name) : size;
}

/* ---- listing ---- */

struct entry {
	char *name;
	uint64_t size;
	bool folder;
};

struct walk {
	const char *folder;
	struct entry *v;
	size_t n, cap;
};

static int walk_add(void *arg, const char *base, bool folder, uint64_t size)
{
	struct walk *w = arg;
	char name[2 * NAME_BYTES_MAX];
	size_t at = strlen(w->folder), len = strnlen(base, NAME_BYTES_MAX);
	if (len == NAME_BYTES_MAX)
		return 0;
	memcpy(name, w->folder, at);
	if (at)
		name[at++] = '/';
	memcpy(name + at, base, len + 1);
	if (!name_ok(name)) /* none of ours: lost+found, an editor's file */
		return 0;
	if (w->n == w->cap) {
		size_t cap = w->cap * 2 + 32;
		struct entry *v = realloc(w->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		w->v = v;
		w->cap = cap;
	}
	w->v[w->n] = (struct entry){.name = strdup(name), .size = size, .folder = folder};
	if (!w->v[w->n].name)
		return -ENOMEM;
	w->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Everything below folder: w->v grows while it is walked, folders included. */
static int walk(struct fdir *d, struct walk *w, const char *folder)
{
	w->folder = folder;
	int rc = d->fs->ops->list(d->fs, folder, walk_add, w);
	rc = rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
	for (size_t i = 0; i < w->n && rc == 0; i++) {
		if (!w->v[i].folder)
			continue;
		w->folder = w->v[i].name;
		rc = d->fs->ops->list(d->fs, w->folder, walk_add, w);
		rc = rc == -ENOENT ? 0 : rc; /* removed meanwhile */
	}
	return rc;
}

static int fdir_list(struct rk_dir *dir, const char *prefix, int (*fn)(void *, const char *, uint64_t), void *arg, struct rk_err *err)
{
	char folder[NAME_BYTES_MAX];
	struct walk w = {0};
	if (!name_prefix_ok(prefix))
		return fdir_words(err, -EINVAL, "list", prefix ? prefix : "");
	name_folder(prefix, folder);
	int rc = walk(of(dir), &w, folder);
	if (rc < 0) {
		fdir_words(err, rc, "list", folder);
	} else {
		if (w.n)
			qsort(w.v, w.n, sizeof(*w.v), by_name);
		for (size_t i = 0, n = strlen(prefix); i < w.n && rc == 0; i++)
			if (!w.v[i].folder && strncmp(w.v[i].name, prefix, n) == 0)
				rc = fn(arg, w.v[i].name, w.v[i].size);
	}
	for (size_t i = 0; i < w.n; i++)
		free(w.v[i].name);
	free(w.v);
	return rc;
}

/* ---- watching ---- */

struct watching {
	struct fdir *d;
	const char *name;
};

static bool replaced(void *arg)
{
	struct watching *w = arg;
	struct fsys *fs = w->d->fs;
	uint8_t head[8] = {0};
	int64_t size = -1;
	int f = fs->ops->open(fs, w->name, FSYS_READ);
	if (f >= 0) {
		size = fs->ops->size(fs, f);
		if (fdir_pread_all(fs, f, head, sizeof(head), 0) < 0)
			size = -1;
		fs->ops->close(fs, f);
	}
	pthread_mutex_lock(&w->d->seen_mu);
	bool changed = seen_changed(&w->d->seen, w->name, size, rk_get64(head));
	pthread_mutex_unlock(&w->d->seen_mu);
	return changed;
}

static int fdir_watch(struct rk_dir *dir, const char *name, int timeout_ms)
{
	struct watching w = {.d = of(dir), .name = name};
	char folder[NAME_BYTES_MAX];
	if (!name_ok(name))
		return -EINVAL;
	name_folder(name, folder);
	return w.d->fs->ops->wait(w.d->fs, folder, timeout_ms, replaced, &w);
}

static int fdir_space(struct rk_dir *dir, uint64_t *ret_free, uint64_t *ret_total, struct rk_err *err)
{
	int rc = of(dir)->fs->ops->space(of(dir)->fs, ret_free, ret_total);
	return rc < 0 ? fdir_words(err, rc, "space of", "") : 0;
}

/* ---- the vtable ---- */

static void fdir_close(struct rk_dir *dir)
{
	struct fdir *d = of(dir);
	d->fs->ops->free(d->fs);
	for (size_t i = 0; i < d->nsettled; i++)
		free(d->settled[i]);
	free(d->settled);
	seen_done(&d->seen);
	pthread_mutex_destroy(&d->mu);
	pthread_mutex_destroy(&d->cas_mu);
	pthread_mutex_destroy(&d->seen_mu);
	free(d);
}

static const struct rk_dir_ops ops = {
	.put_begin = fdir_put_begin,
	.put_write = fdir_put_write,
	.put_commit = fdir_put_commit,
	.put_abort = fdir_put_abort,
	.log_create = fdir_log_create,
	.log_append = fdir_log_append,
	.log_sync = fdir_log_sync,
	.log_seal = fdir_log_seal,
	.log_close = fdir_log_close,
	.cas = fdir_cas,
	.map = fdir_map,
	.unmap = fdir_unmap,
	.read = fdir_read,
	.size = fdir_size,
	.list = fdir_list,
	.remove = fdir_remove,
	.lease_take = fdir_lease_take,
	.lease_drop = fdir_lease_drop,
	.watch = fdir_watch,
	.space = fdir_space,
	.close = fdir_close,
};

int fdir_new(struct fsys *fs, struct rk_dir **ret, struct rk_err *err)
{
	struct fdir *d = calloc(1, sizeof(*d));
	if (!d) {
		fs->ops->free(fs);
		return rk_fail(err, -ENOMEM, "out of memory");
	}
	d->dir.ops = &ops;
	d->fs = fs;
	pthread_mutex_init(&d->mu, NULL);
	pthread_mutex_init(&d->cas_mu, NULL);
	pthread_mutex_init(&d->seen_mu, NULL);
	*ret = &d->dir;
	return 0;
}
