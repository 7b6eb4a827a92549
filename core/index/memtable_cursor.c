/* memtable_cursor.c - reads a term's streams up to a limit: statistics, the block cursor, the sorted list of terms.
 *
 * A reader decodes exactly as many documents as df said (M1), so it never touches bytes that are being written. A block is the next up to 128
 * documents, decoded when the cursor comes to stand on it; its impacts are the list's. Threads: any number of readers, one per cursor. */
#include <errno.h>
#include <stdlib.h>

#include "core/index/memtable_private.h"

struct reader {
	const uint8_t *p, *end; /* the rest of the slice's data; the link follows */
	uint32_t level;
};

static struct reader reader_at(const struct memtable *m, const struct mt_stream *s)
{
	const uint8_t *p = mt_at(m, s->head);
	return (struct reader){p, p + MT_SLICE_DATA[0], 0};
}

static void hop(const struct memtable *m, struct reader *r)
{
	r->level = mt_level_after(r->level);
	r->p = mt_at(m, rk_get32(r->end));
	r->end = r->p + MT_SLICE_DATA[r->level];
}

static uint32_t get_slowly(const struct memtable *m, struct reader *r)
{
	uint32_t v = 0;
	for (unsigned shift = 0;; shift += 7) {
		if (r->p == r->end)
			hop(m, r);
		uint8_t b = *r->p++;
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
}

static inline uint32_t get(const struct memtable *m, struct reader *r)
{
	if (r->end - r->p < 5)
		return get_slowly(m, r);
	uint32_t v = *r->p++;
	if (v < 0x80)
		return v;
	v &= 0x7f;
	for (unsigned shift = 7;; shift += 7) {
		uint8_t b = *r->p++;
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
}

/* Passes n varints. Each has a byte at least, so up to n bytes may be looked at together: they were all written. */
static void skip(const struct memtable *m, struct reader *r, uint64_t n)
{
	while (n) {
		if (r->p == r->end)
			hop(m, r);
		if (n >= 8 && r->end - r->p >= 8) {
			n -= (unsigned)__builtin_popcountll(~rk_get64(r->p) & UINT64_C(0x8080808080808080));
			r->p += 8;
		} else {
			n -= !(*r->p++ & 0x80);
		}
	}
}

static inline void get_posting(const struct memtable *m, struct reader *r, uint32_t *doc, uint32_t *tf)
{
	uint32_t v = get(m, r);
	*doc += v >> 1;
	*tf = v & 1 ? 1 : get(m, r);
}

/* df and cf of the documents below limit. The totals are theirs when the last document is (M2); else they are counted. */
static uint32_t totals(const struct memtable *m, const struct mt_term *t, uint32_t limit, uint64_t *ret_cf)
{
	uint32_t df = atomic_load_explicit(&t->df, memory_order_acquire);
	uint64_t cf = atomic_load_explicit(&t->cf, memory_order_acquire);
	if (!df || atomic_load_explicit(&t->last_doc, memory_order_acquire) < limit) {
		*ret_cf = df ? cf : 0;
		return df;
	}
	struct reader r = reader_at(m, &t->docs);
	uint32_t doc = 0, tf, n = 0;
	*ret_cf = 0;
	for (; n < df; n++) {
		get_posting(m, &r, &doc, &tf);
		if (doc >= limit)
			break;
		*ret_cf += tf;
	}
	return n;
}

int memtable_term_stats(const struct memtable *m, uint32_t limit, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf)
{
	const struct mt_term *t = mt_find_term(m, term, len);
	uint64_t cf = 0;
	uint32_t df = t ? totals(m, t, limit, &cf) : 0;
	if (!df)
		return 0;
	*ret_df = df;
	*ret_cf = cf;
	return 1;
}

/* --- the cursor. src: memtable; skip: term; p, end, e: reader of docs; a: documents not decoded yet; b: occurrences before the current block;
 * c: occurrences in it; d: last document decoded. --- */

struct pos_state {
	struct reader r;
	uint64_t passed; /* occurrences read so far */
	uint32_t i;	 /* in the current block: `at` is the occurrences before document i */
	uint64_t at;
	uint32_t block;
	size_t cap;
	uint32_t *buf;
};

static void decode_block(struct cursor *c)
{
	const struct memtable *m = c->src;
	struct reader r = {c->p, c->end, c->e};
	uint32_t doc = c->d, n = c->a < RK_BLOCK ? (uint32_t)c->a : RK_BLOCK;
	c->b += c->c;
	c->c = 0;
	for (uint32_t i = 0; i < n; i++) {
		get_posting(m, &r, &doc, &c->tfs[i]);
		c->docs[i] = doc;
		c->c += c->tfs[i];
	}
	c->docs[n] = DOC_END;
	c->n = n;
	c->a -= n;
	c->last = n ? doc : DOC_END;
	c->d = doc;
	c->p = r.p;
	c->end = r.end;
	c->e = r.level;
	c->loaded = c->freqs_loaded = n != 0;
	c->block++;
}

static bool seek(struct cursor *c, docid_t target)
{
	while (c->last != DOC_END && c->last < target)
		decode_block(c);
	return c->last != DOC_END;
}

static bool load(struct cursor *c, bool freqs)
{
	(void)freqs;
	return c->last != DOC_END; /* it was decoded when the cursor came here */
}

static struct pos_state *pos_new(struct cursor *c)
{
	struct pos_state *s = calloc(1, sizeof(*s));
	if (s)
		s->r = reader_at(c->src, &((const struct mt_term *)c->skip)->positions);
	return s;
}

static int positions(struct cursor *c, uint32_t i, const uint32_t **ret)
{
	struct pos_state *s = c->pos ? c->pos : (c->pos = pos_new(c));
	if (!s)
		return c->rc = -ENOMEM;
	if (s->block != c->block)
		s->block = c->block, s->i = 0, s->at = c->b;
	for (; s->i < i; s->i++)
		s->at += c->tfs[s->i];
	uint32_t tf = c->tfs[i], pos = 0;
	if (tf > s->cap) {
		uint32_t *p = realloc(s->buf, (tf + 64) * sizeof(*p));
		if (!p)
			return c->rc = -ENOMEM;
		s->buf = p;
		s->cap = tf + 64;
	}
	if (s->passed != s->at + tf) { /* else: the same document again */
		skip(c->src, &s->r, s->at - s->passed);
		for (uint32_t k = 0; k < tf; k++)
			s->buf[k] = pos += get(c->src, &s->r);
		s->passed = s->at + tf;
	}
	*ret = s->buf;
	return (int)tf;
}

static void done(struct cursor *c)
{
	struct pos_state *s = c->pos;
	if (s)
		free(s->buf);
	free(s);
	c->pos = NULL;
}

static const struct cursor_ops ops = {seek, load, positions, done};

static int open_cursor(const struct memtable *m, uint32_t limit, const struct mt_term *t, struct cursor *c)
{
	uint64_t cf = 0;
	uint32_t df = t ? totals(m, t, limit, &cf) : 0;
	if (!df)
		return 0;
	struct reader r = reader_at(m, &t->docs);
	memset(c, 0, offsetof(struct cursor, docs));
	c->src = m;
	c->skip = t;
	c->p = r.p;
	c->end = r.end;
	c->e = c->block = 0;
	c->b = c->c = 0;
	c->d = 0;
	c->pos = NULL;
	c->ops = &ops;
	c->df = df;
	c->cf = cf;
	c->a = df;
	c->nblocks = (df + RK_BLOCK - 1) / RK_BLOCK;
	uint64_t f = atomic_load_explicit(&t->impacts, memory_order_relaxed);
	for (; f & 0xff; f >>= 16)
		c->list_impacts[c->nlist_impacts++] = (struct impact){(uint8_t)f, (uint8_t)(f >> 8)};
	c->nimpacts = c->nlist_impacts;
	memcpy(c->impacts, c->list_impacts, sizeof(c->impacts));
	decode_block(c);
	return 1;
}

int memtable_cursor(const struct memtable *m, uint32_t limit, const void *term, size_t len, struct cursor *c)
{
	return open_cursor(m, limit, mt_find_term(m, term, len), c);
}

int memtable_term_cursor(const struct memtable *m, uint32_t limit, const struct memtable_term *t, struct cursor *c)
{
	return open_cursor(m, limit, mt_term_at(m, t->no), c);
}

/* --- terms in byte order --- */

static uint64_t first_bytes(const char *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n < 8 ? n : 8);
	return be64toh(v);
}

struct sort_term {
	uint64_t key; /* the first eight bytes as a number */
	struct memtable_term t;
};

static int by_bytes(const void *x, const void *y)
{
	const struct sort_term *a = x, *b = y;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	int d = memcmp(a->t.term, b->t.term, a->t.len < b->t.len ? a->t.len : b->t.len);
	return d ? d : (a->t.len > b->t.len) - (a->t.len < b->t.len);
}

static bool wanted(const struct memtable *m, const struct mt_term *t, uint32_t limit, const void *prefix, size_t prefix_len)
{
	const uint8_t *name = mt_at(m, t->name);
	if (name[0] < prefix_len || (prefix_len && memcmp(name + 1, prefix, prefix_len) != 0) ||
	    !atomic_load_explicit(&t->df, memory_order_acquire))
		return false;
	struct reader r = reader_at(m, &t->docs);
	return get(m, &r) >> 1 < limit;
}

int memtable_terms(const struct memtable *m, uint32_t limit, const void *prefix, size_t prefix_len, struct memtable_term **ret, size_t *ret_n)
{
	const struct mt_table *tab = atomic_load_explicit(&m->terms, memory_order_acquire);
	size_t n = 0, cap = 0;
	struct sort_term *v = NULL;
	for (uint32_t i = 0; i <= tab->mask; i++) {
		uint32_t no = (uint32_t)atomic_load_explicit(&tab->slots[i], memory_order_acquire);
		if (!no || !wanted(m, mt_term_at(m, no - 1), limit, prefix, prefix_len))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 1024;
			struct sort_term *p = realloc(v, cap * sizeof(*v));
			if (!p) {
				free(v);
				return -ENOMEM;
			}
			v = p;
		}
		const uint8_t *name = mt_at(m, mt_term_at(m, no - 1)->name);
		v[n++] = (struct sort_term){first_bytes((const char *)name + 1, name[0]), {(const char *)name + 1, name[0], no - 1}};
	}
	struct memtable_term *out = malloc((n ? n : 1) * sizeof(*out));
	if (!out) {
		free(v);
		return -ENOMEM;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_bytes);
	for (size_t i = 0; i < n; i++)
		out[i] = v[i].t;
	free(v);
	*ret = out;
	*ret_n = n;
	return 0;
}
