/* view.c - opens a view by its path, counts its text once, and reads any window of it; see view_private.h. */
#include "core/query/view.h"

#include <stdlib.h>

#include "core/query/view_private.h"

static int add_sync(struct view *v)
{
	if (v->nsyncs == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 4;
		struct view_sync *p = realloc(v->syncs, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		v->syncs = p;
		v->cap = cap;
	}
	struct view_sync *s = &v->syncs[v->nsyncs];
	*s = (struct view_sync){.off = v->size};
	int rc = v->ops->tell(v, &s->state);
	if (rc == 0)
		v->nsyncs++;
	return rc;
}

/* One pass over everything: the size, the sync points, and how it ends. The first window stays. */
static int count(struct view *v)
{
	struct view_state start = {0};
	struct rk_buf scratch = {0}, *out = &v->buf;
	int rc = v->ops->seek(v, &start);
	int more = rc < 0 ? rc : 1;
	while (rc >= 0 && more == 1) {
		rc = add_sync(v);
		if (rc < 0)
			break;
		out->len = 0;
		more = v->ops->rows(v, out);
		v->size += out->len;
		out = &scratch;
	}
	v->at = v->nsyncs == 1 ? 0 : SIZE_MAX;
	rk_buf_done(&scratch);
	if (rc < 0 || (more < 0 && more != -EUCLEAN))
		return rc < 0 ? rc : more;
	v->tail_rc = more < 0 ? more : 0;
	return 0;
}

int view_open(struct index *ix, struct snapshot *snap, const char *path, struct view **ret, struct rk_err *err)
{
	struct view_path p;
	int rc = view_path_parse(ix, snap, path, &p);
	if (rc < 0)
		return rk_fail(err, rc, "%s: %s", path, rc == -ENOENT ? "no such view" : strerror(-rc));
	struct view *v = p.is_dir ? NULL : calloc(1, sizeof(*v));
	if (!v) {
		rk_buf_done(&p.term);
		return p.is_dir ? rk_fail(err, -EISDIR, "%s: a folder", path) : rk_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	v->ops = p.ops;
	v->window = p.kind == VIEW_WAL_FILE ? VIEW_WAL_WINDOW : VIEW_WINDOW;
	v->snap = snapshot_ref(snap);
	v->leaf = p.leaf;
	v->dir = index_dir(ix);
	v->term = p.term;
	v->now.row = p.first;
	v->wal_end = p.end;
	v->wal_last = p.last;
	v->err = err;
	rc = count(v);
	v->err = NULL;
	if (rc < 0) {
		view_close(v);
		return rk_fail(err, rc, "%s: %s", path, strerror(-rc));
	}
	*ret = v;
	return 0;
}

uint64_t view_size(const struct view *v)
{
	return v->size;
}

void view_close(struct view *v)
{
	if (!v)
		return;
	v->ops->done(v);
	for (size_t i = 0; i < v->nsyncs; i++)
		free(v->syncs[i].state.key);
	free(v->syncs);
	rk_buf_done(&v->buf);
	rk_buf_done(&v->id);
	rk_buf_done(&v->term);
	snapshot_unref(v->snap);
	free(v);
}

static uint64_t window_end(const struct view *v, size_t i)
{
	return i + 1 < v->nsyncs ? v->syncs[i + 1].off : v->size;
}

static size_t window_of(const struct view *v, uint64_t off)
{
	size_t lo = 0, hi = v->nsyncs;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (v->syncs[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Makes window i; the next one needs no seek. */
static int load(struct view *v, size_t i)
{
	if (v->at == i)
		return 0;
	int rc = v->at != SIZE_MAX && v->at + 1 == i ? 0 : v->ops->seek(v, &v->syncs[i].state);
	v->at = SIZE_MAX;
	v->buf.len = 0;
	if (rc >= 0)
		rc = v->ops->rows(v, &v->buf);
	if (v->buf.len != window_end(v, i) - v->syncs[i].off) /* it is not what it was when it was counted */
		return rc < 0 ? rc : -EUCLEAN;
	v->at = i;
	return 0;
}

int64_t view_read(struct view *v, uint64_t off, void *p, size_t n)
{
	size_t done = 0;
	if (off >= v->size)
		return v->tail_rc;
	while (done < n && off < v->size) {
		size_t i = window_of(v, off);
		int rc = load(v, i);
		if (rc < 0)
			return done ? (int64_t)done : rc;
		size_t from = (size_t)(off - v->syncs[i].off), have = v->buf.len - from, take = have < n - done ? have : n - done;
		memcpy((uint8_t *)p + done, v->buf.data + from, take);
		done += take;
		off += take;
	}
	return (int64_t)done;
}
