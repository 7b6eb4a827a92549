/* dirstream.c - windows of directory entries and the keys to find them again; see dirstream.h. */
#include "fs/dirstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "fs/loop.h"

enum { WINDOW = 2048, FIXED = 2 /* "." and ".." */, UNKNOWN_INO = 0xffffffffu };

struct entry {
	uint32_t name; /* offset in names */
	bool is_dir;
};

struct window {
	uint64_t number; /* entries before it: number * WINDOW; a live list is window 0, of any size */
	bool live, last;
	struct entry *entries;
	size_t n, cap;
	struct rk_buf names, key;
	int rc;
};

struct dirhandle *dirhandle_new(const struct kind *kind, struct node *pinned)
{
	struct dirhandle *d = calloc(1, sizeof(*d));
	if (d) {
		d->h = (struct handle){.kind = kind, .node = pinned};
		pthread_mutex_init(&d->lock, NULL);
	}
	return d;
}

static void window_free(struct window *w)
{
	if (!w)
		return;
	free(w->entries);
	rk_buf_done(&w->names);
	rk_buf_done(&w->key);
	free(w);
}

static void reset(struct dirhandle *d)
{
	window_free(d->window);
	for (size_t i = 0; i < d->nkeys; i++)
		rk_buf_done(&d->keys[i]);
	free(d->keys);
	if (d->snapshot)
		snapshot_unref(d->snapshot);
	d->window = NULL;
	d->keys = NULL;
	d->nkeys = 0;
	d->snapshot = NULL;
}

void dirhandle_free(struct dirhandle *d)
{
	if (!d)
		return;
	reset(d);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

int dirhandle_snapshot(struct fs *fs, struct dirhandle *d, struct snapshot **ret)
{
	int rc = d->snapshot ? 0 : index_snapshot(fs->index, &d->snapshot, NULL);
	if (rc == 0)
		*ret = d->snapshot;
	return rc;
}

bool window_add(struct window *w, const char *name, bool is_dir, const void *key, size_t len)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct entry *e = realloc(w->entries, cap * sizeof(*e));
		if (!e) {
			w->rc = -ENOMEM;
			return true;
		}
		w->entries = e;
		w->cap = cap;
	}
	struct entry e = {.name = (uint32_t)w->names.len, .is_dir = is_dir};
	w->key.len = 0;
	if (rk_buf_put(&w->names, name, strlen(name) + 1) < 0 || rk_buf_put(&w->key, key, len) < 0 || w->names.len > UINT32_MAX / 2) {
		w->rc = -ENOMEM;
		return true;
	}
	w->entries[w->n++] = e;
	return !w->live && w->n == WINDOW;
}

static int keep_key(struct dirhandle *d, const struct rk_buf *key)
{
	struct rk_buf *keys = realloc(d->keys, (d->nkeys + 1) * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	d->keys = keys;
	keys[d->nkeys] = (struct rk_buf){0};
	int rc = key ? rk_buf_put(&keys[d->nkeys], key->data, key->len) : 0;
	if (rc == 0)
		d->nkeys++;
	return rc;
}

/* Makes window `number` the current one; its key must be known. */
static int load(struct fs *fs, struct dirhandle *d, uint64_t number)
{
	const struct kind *kind = d->h.kind;
	struct window *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	loop_step_aside();
	w->number = number;
	w->live = kind->list_live;
	int rc = kind->list ? kind->list(fs, d, d->keys[number].data, d->keys[number].len, w) : 0;
	if (rc >= 0)
		rc = w->rc;
	w->last = w->live || w->n < WINDOW;
	if (rc == 0 && !w->last && d->nkeys == number + 1)
		rc = keep_key(d, &w->key);
	if (rc < 0) {
		window_free(w);
		return rc;
	}
	window_free(d->window);
	d->window = w;
	return 0;
}

/* The entry with ordinal i (after the fixed ones): 1, 0 behind the end, -errno. */
static int entry_at(struct fs *fs, struct dirhandle *d, uint64_t i, const char **ret_name, bool *ret_dir)
{
	uint64_t number = d->h.kind->list_live ? 0 : i / WINDOW;
	int rc = d->nkeys ? 0 : keep_key(d, NULL);
	while (rc == 0 && (!d->window || d->window->number != number)) {
		if (number < d->nkeys)
			rc = load(fs, d, number);
		else if (!d->window || d->window->number != d->nkeys - 1)
			rc = load(fs, d, d->nkeys - 1); /* forward to the first window whose key is not known yet */
		else if (d->window->last)
			return 0;
		else
			rc = -EIO; /* a full window always leaves a key */
	}
	if (rc < 0)
		return rc;
	uint64_t at = i - (d->window->live ? 0 : number * WINDOW);
	if (at >= d->window->n)
		return 0;
	const struct entry *e = &d->window->entries[at];
	*ret_name = (const char *)d->window->names.data + e->name;
	*ret_dir = e->is_dir;
	return 1;
}

static ino_t entry_ino(struct fs *fs, struct node *dir, const char *name)
{
	struct node *n = node_find(&fs->nodes, dir, name);
	ino_t ino = n ? n->ino : UNKNOWN_INO;
	node_unpin(&fs->nodes, n);
	return ino;
}

static int fill(struct fs *fs, struct dirhandle *d, uint64_t i, const char **ret_name, struct stat *st)
{
	struct node *dir = d->h.node;
	bool is_dir = true;
	int rc = 1;
	if (i == 0) {
		*ret_name = ".";
		st->st_ino = dir->ino;
	} else if (i == 1) {
		*ret_name = "..";
		st->st_ino = dir->parent ? dir->parent->ino : dir->ino;
	} else {
		rc = entry_at(fs, d, i - FIXED, ret_name, &is_dir);
		if (rc == 1)
			st->st_ino = entry_ino(fs, dir, *ret_name);
	}
	st->st_mode = is_dir ? S_IFDIR : S_IFREG;
	return rc;
}

/* The node of an entry, for its attributes; none when it went meanwhile or is not to be had quickly. */
static void find_entry(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	const struct kind *k = dir->kind;
	int rc = k->peek ? k->peek(c, dir, name, ret) : 0;
	if (rc == 0 && k->find)
		rc = k->find(c, dir, name, ret);
	if (rc < 0)
		ret->node = NULL;
}

/* Adds one entry with what is known of it; false: no room. */
static bool add_plus(struct call *c, fuse_req_t req, struct node *dir, const char *name, const struct stat *st, off_t next, char *p, size_t *used, size_t n,
		     struct rk_buf *known)
{
	struct fs *fs = c->fs;
	struct found f = {0};
	struct fuse_entry_param e = {.attr = *st}; /* number 0: "nothing about this one" */
	size_t need = fuse_add_direntry_plus(req, NULL, 0, name, &e, next);
	if (need > n - *used || rk_buf_reserve(known, sizeof(e.ino)) < 0)
		return false;
	if (dir->kind->list_plus && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		find_entry(c, dir, name, &f);
	if (f.node) {
		e = fs_entry(fs, &f);
		rk_buf_u64(known, e.ino);
		node_unpin(&fs->nodes, f.node);
	}
	*used += fuse_add_direntry_plus(req, p + *used, n - *used, name, &e, next);
	return true;
}

void dirstream_forget(struct fs *fs, const struct rk_buf *known)
{
	for (size_t i = 0; i + 8 <= known->len; i += 8)
		node_forget(&fs->nodes, rk_get64(known->data + i), 1);
}

int64_t dirstream_read(struct call *c, fuse_req_t req, struct dirhandle *d, uint64_t off, char *p, size_t n, struct rk_buf *known)
{
	size_t used = 0;
	int rc = 0;
	bool fits = true;
	pthread_mutex_lock(&d->lock);
	if (off == 0)
		reset(d);
	for (uint64_t i = off; fits; i++) {
		const char *name = NULL;
		struct stat st = {0};
		rc = fill(c->fs, d, i, &name, &st);
		if (rc <= 0)
			break;
		if (known) {
			fits = add_plus(c, req, d->h.node, name, &st, (off_t)(i + 1), p, &used, n, known);
		} else {
			size_t need = fuse_add_direntry(req, p + used, n - used, name, &st, (off_t)(i + 1));
			fits = need <= n - used;
			used += fits ? need : 0;
		}
	}
	pthread_mutex_unlock(&d->lock);
	return rc < 0 && used == 0 ? rc : (int64_t)used;
}
