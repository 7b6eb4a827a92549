/* snapshot.c - builds, caches and walks snapshots; see snapshot.h.
 *
 * Owner: the index caches the newest one; a query holds a reference. Everything a snapshot points to is counted and outlives it.
 */
#include "core/index/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/index_private.h"
#include "core/index/mem_order_private.h"

struct segdead *segdead_new(uint32_t ndocs)
{
	struct segdead *d = calloc(1, sizeof(*d));
	if (!d || deadset_init(&d->set, ndocs) < 0) {
		free(d);
		return NULL;
	}
	d->refs = 1;
	return d;
}

struct segdead *segdead_unref(struct segdead *d)
{
	if (d && atomic_fetch_sub(&d->refs, 1) == 1) {
		deadset_done(&d->set);
		free(d);
	}
	return NULL;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

struct snapshot *snapshot_unref(struct snapshot *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return NULL;
	for (unsigned i = 0; i < s->nleaves; i++) {
		seg_unref(s->leaves[i].seg);
		memtable_unref(s->leaves[i].mem);
		mem_order_unref(s->leaves[i].order);
		segdead_unref(s->leaves[i].segdead);
	}
	free(s);
	return NULL;
}

static void add_memtable(struct snapshot *s, struct memtable *m, struct mem_order *order)
{
	uint32_t n = m ? memtable_ndocs(m) : 0;
	if (!n)
		return;
	struct leaf *l = &s->leaves[s->nleaves++];
	*l = (struct leaf){.mem = memtable_ref(m),
			   .order = mem_order_ref(order),
			   .limit = n,
			   .dead = memtable_dead(m),
			   .any_dead = deadset_any(memtable_dead(m)),
			   .norms = memtable_norms(m)};
	struct memtable_stats st;
	memtable_stats(m, n, &st);
	s->nindexed += st.nindexed;
	s->total_length += st.total_length;
}

int snapshot_build(struct index *ix, struct snapshot **ret)
{
	struct snapshot *s = calloc(1, sizeof(*s) + (ix->nsegs + 2) * sizeof(struct leaf));
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->seq = ix->seq;
	s->nlive = ix->nlive;
	for (uint32_t i = 0; i < ix->nsegs; i++) {
		const struct seg_info *info = seg_get_info(ix->segs[i].seg);
		struct segdead *d = ix->segs[i].dead;
		atomic_fetch_add(&d->refs, 1);
		s->leaves[s->nleaves++] = (struct leaf){.seg = seg_ref(ix->segs[i].seg),
							.segdead = d,
							.limit = info->ndocs,
							.dead = &d->set,
							.any_dead = deadset_any(&d->set),
							.norms = seg_norms(ix->segs[i].seg),
							.seg_id = info->id};
		s->nindexed += info->nindexed;
		s->total_length += info->total_length;
	}
	add_memtable(s, ix->frozen.mem, ix->frozen.order);
	add_memtable(s, ix->mem, ix->order);
	*ret = s;
	return 0;
}

void snapshot_forget(struct index *ix)
{
	pthread_mutex_lock(&ix->v);
	struct snapshot *old = ix->current;
	ix->current = NULL;
	pthread_mutex_unlock(&ix->v);
	snapshot_unref(old);
}

int leaf_cursor(const struct leaf *l, const void *term, size_t len, struct cursor *c)
{
	return l->seg ? seg_cursor(l->seg, term, len, c) : memtable_cursor(l->mem, l->limit, term, len, c);
}

int leaf_term_stats(const struct leaf *l, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf)
{
	return l->seg ? seg_term_stats(l->seg, term, len, ret_df, ret_cf) : memtable_term_stats(l->mem, l->limit, term, len, ret_df, ret_cf);
}

int leaf_id(const struct leaf *l, docid_t doc, struct rk_buf *ret)
{
	if (l->seg)
		return seg_id(l->seg, doc, ret);
	const struct rk_doc *d = memtable_doc(l->mem, doc);
	return rk_buf_put(ret, d->id, d->id_len);
}

static int bytes_cmp(const void *a, size_t alen, const void *b, size_t blen)
{
	int c = memcmp(a, b, alen < blen ? alen : blen);
	return c ? c : (alen > blen) - (alen < blen);
}

int leaf_id_cmp(const struct leaf *l, docid_t a, docid_t b)
{
	if (l->seg) {
		uint32_t x = seg_rank(l->seg, a), y = seg_rank(l->seg, b);
		return (x > y) - (x < y);
	}
	const struct rk_doc *x = memtable_doc(l->mem, a), *y = memtable_doc(l->mem, b);
	return bytes_cmp(x->id, x->id_len, y->id, y->id_len);
}

uint32_t leaf_length(const struct leaf *l, docid_t doc)
{
	return l->seg ? seg_length(l->seg, doc) : memtable_length(l->mem, doc);
}

int leaf_doc_stat(const struct leaf *l, docid_t doc, struct seg_doc_stat *ret)
{
	if (l->seg)
		return seg_doc_stat(l->seg, doc, ret);
	const struct rk_doc *d = memtable_doc(l->mem, doc);
	*ret = (struct seg_doc_stat){
		.size = d->content_len, .mtime_ns = d->mtime_ns, .flags = d->flags, .mode = d->mode, .length = memtable_length(l->mem, doc)};
	return 0;
}

int leaf_doc(const struct leaf *l, docid_t doc, struct rk_buf *buf, struct rk_doc *ret, struct rk_err *err)
{
	if (l->seg)
		return seg_doc(l->seg, doc, buf, ret, err);
	*ret = *memtable_doc(l->mem, doc);
	return 0;
}

static bool shown(const struct leaf *l, docid_t doc, uint64_t seq, bool staged)
{
	struct seg_doc_stat st;
	return leaf_live(l, doc, seq) && (staged || (leaf_doc_stat(l, doc, &st) == 0 && !(st.flags & DOC_STAGED)));
}

int snapshot_find(const struct snapshot *s, const void *id, size_t len, bool staged, const struct leaf **ret, docid_t *ret_doc)
{
	if (len == 0 || len > DOC_ID_MAX)
		return 0;
	for (unsigned i = s->nleaves; i-- > 0;) {
		const struct leaf *l = &s->leaves[i];
		docid_t doc;
		int rc = l->seg ? seg_find(l->seg, id, len, &doc) : memtable_find(l->mem, l->limit, id, len, &doc);
		if (rc < 0)
			return rc;
		if (rc == 1 && shown(l, doc, s->seq, staged)) {
			*ret = l;
			*ret_doc = doc;
			return 1;
		}
	}
	return 0;
}

/* One leaf's place in the merge of all ids. */
struct id_source {
	const struct leaf *leaf;
	struct order_version *order; /* memtables */
	uint32_t at, n;
	bool ready;		     /* id holds the next live one, at stands behind it */
	docid_t doc;
	struct rk_buf id;
};

struct id_iter {
	struct snapshot *snap;
	bool staged;
	unsigned n, last; /* last: the source returned by the previous next */
	struct id_source src[];
};

int id_iter_new(struct snapshot *snap, bool staged, struct id_iter **ret)
{
	struct id_iter *it = calloc(1, sizeof(*it) + snap->nleaves * sizeof(it->src[0]));
	if (!it)
		return -ENOMEM;
	it->snap = snapshot_ref(snap);
	it->staged = staged;
	it->n = snap->nleaves;
	for (unsigned i = 0; i < it->n; i++) {
		struct id_source *s = &it->src[i];
		s->leaf = &snap->leaves[i];
		s->n = s->leaf->limit;
		if (s->leaf->mem) {
			s->order = mem_order_get(s->leaf->order, s->leaf->limit);
			if (!s->order) {
				id_iter_free(it);
				return -ENOMEM;
			}
			s->n = s->order->n;
		}
	}
	it->last = UINT32_MAX;
	*ret = it;
	return 0;
}

static int source_fill(struct id_iter *it, struct id_source *s)
{
	while (!s->ready && s->at < s->n) {
		docid_t doc = s->order ? s->order->docs[s->at] : seg_by_rank(s->leaf->seg, s->at);
		s->at++;
		if (doc >= s->leaf->limit || !shown(s->leaf, doc, it->snap->seq, it->staged))
			continue;
		s->id.len = 0;
		int rc = leaf_id(s->leaf, doc, &s->id);
		if (rc < 0)
			return rc;
		s->doc = doc;
		s->ready = true;
	}
	return 0;
}

int id_iter_seek(struct id_iter *it, const void *from, size_t len)
{
	it->last = UINT32_MAX;
	for (unsigned i = 0; i < it->n; i++) {
		struct id_source *s = &it->src[i];
		s->ready = false;
		if (s->leaf->seg) {
			s->at = seg_lower_bound(s->leaf->seg, from, len);
			continue;
		}
		uint32_t lo = 0, hi = s->n;
		while (lo < hi) {
			uint32_t mid = lo + (hi - lo) / 2;
			const struct rk_doc *d = memtable_doc(s->leaf->mem, s->order->docs[mid]);
			if (bytes_cmp(d->id, d->id_len, from, len) < 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		s->at = lo;
	}
	return 0;
}

int id_iter_next(struct id_iter *it, const char **ret, size_t *ret_len, const struct leaf **leaf, docid_t *doc)
{
	struct id_source *best = NULL;
	if (it->last != UINT32_MAX)
		it->src[it->last].ready = false;
	for (unsigned i = 0; i < it->n; i++) {
		struct id_source *s = &it->src[i];
		int rc = source_fill(it, s);
		if (rc < 0)
			return rc;
		if (s->ready && (!best || bytes_cmp(s->id.data, s->id.len, best->id.data, best->id.len) < 0))
			best = s;
	}
	if (!best) {
		it->last = UINT32_MAX;
		return 0;
	}
	it->last = (unsigned)(best - it->src);
	*ret = (const char *)best->id.data;
	*ret_len = best->id.len;
	if (leaf)
		*leaf = best->leaf;
	if (doc)
		*doc = best->doc;
	return 1;
}

void id_iter_free(struct id_iter *it)
{
	if (!it)
		return;
	for (unsigned i = 0; i < it->n; i++) {
		order_version_unref(it->src[i].order);
		rk_buf_done(&it->src[i].id);
	}
	snapshot_unref(it->snap);
	free(it);
}
