/* seg_cursor.c - walks one list of a segment: skip data first, then a block's documents, tfs, positions, each only when asked for.
 *
 * Format: doc/format.md "Segment", postings and positions. Three shapes behind one set of operations: one document (inlined in the table of terms),
 * fewer than 128 (decoded when the cursor is opened), and blocks. Use of a cursor's private fields: src the segment, p the list, skip its last
 * documents, a where the list lies in its file, b and c where its positions lie and their length, d the list's length.
 *
 * Nothing is trusted: a block's documents are believed when they rise from the block before to the last one the skip data named (D1), and that one is
 * a document of the segment. Threads: one per cursor. */
#include <stdlib.h>

#include "core/segment/impacts_private.h"
#include "core/segment/pfor_private.h"
#include "core/segment/segment_private.h"

enum { TAIL_MARK = 0xff };

struct pos_state {
	uint32_t block, doc;   /* the next document whose positions are read, block UINT32_MAX: none */
	uint64_t at;	       /* of the next group, from the start of the list's positions */
	uint32_t i, n;	       /* in group: next to give, and how many there are */
	uint32_t *out;
	size_t cap;
	uint32_t group[RK_BLOCK];
};

static const struct seg *seg_of(const struct cursor *c)
{
	return c->src;
}

static bool fail(struct cursor *c, int rc)
{
	c->rc = rc;
	c->last = DOC_END;
	c->block = c->nblocks;
	c->n = 0;
	c->loaded = c->freqs_loaded = false;
	return false;
}

static bool damaged(struct cursor *c)
{
	return fail(c, seg_damaged_at(seg_of(c), SEG_POSTINGS, c->a));
}

static bool at_end(struct cursor *c)
{
	return fail(c, c->rc);
}

static uint8_t impacts_get(const uint8_t *p, struct impact ret[IMPACT_MAX])
{
	uint8_t n = 0;
	for (unsigned i = 0; i < IMPACT_MAX; i++) {
		ret[i] = (struct impact){p[2 * i], p[2 * i + 1]};
		n = (uint8_t)(n + (p[2 * i] != 0));
	}
	return n;
}

/* Skip data of a list of blocks: the last document of each, then its entry. */
static docid_t last_of(const struct cursor *c, uint32_t block)
{
	return rk_get32((const uint8_t *)c->skip + (size_t)block * 4);
}

static const uint8_t *entry_of(const struct cursor *c, uint32_t block)
{
	return (const uint8_t *)c->skip + (size_t)c->nblocks * 4 + (size_t)block * SEG_SKIP_INFO;
}

static bool stand(struct cursor *c, uint32_t block)
{
	c->block = block;
	c->last = last_of(c, block);
	c->loaded = c->freqs_loaded = false;
	c->nimpacts = impacts_get(entry_of(c, block) + 4, c->impacts);
	return true;
}

static bool blocks_seek(struct cursor *c, docid_t target)
{
	uint32_t lo = c->block, step = 1;
	if (c->rc || lo >= c->nblocks)
		return false;
	if (c->last >= target)
		return true;
	/* Gallop: last_of(lo) < target; then halve between lo and hi. */
	while (lo + step < c->nblocks && last_of(c, lo + step) < target) {
		lo += step;
		step *= 2;
	}
	uint32_t hi = lo + step < c->nblocks ? lo + step : c->nblocks;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (last_of(c, mid) < target)
			lo = mid;
		else
			hi = mid;
	}
	return hi < c->nblocks ? stand(c, hi) : at_end(c);
}

/* n documents with their tfs as varints, from base on: short lists and tails. The rule of put_varints in list_write.c. */
static bool varints_get(struct cursor *c, const uint8_t *p, const uint8_t *end, docid_t base, uint32_t n)
{
	struct rk_rd r = {.p = p, .end = end};
	uint64_t doc = base + 1, ndocs = seg_of(c)->info.ndocs;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = seg_varint(&r);
		doc += v >> 1;
		uint64_t more = v & 1 ? 0 : seg_varint(&r);
		if (doc >= ndocs || more >= SEG_MAX_TF - 2)
			return damaged(c);
		c->docs[i] = (docid_t)doc++;
		c->tfs[i] = v & 1 ? 1 : (uint32_t)more + 2;
	}
	if (!rk_rd_ok(&r) || rk_rd_left(&r))
		return damaged(c);
	c->n = n;
	c->docs[n] = DOC_END;
	c->loaded = c->freqs_loaded = true;
	return true;
}

/* D1. When the packed distances cannot add up beyond 2^32 the documents rise by construction, and their last one proves them all. */
static bool documents_fit(const struct cursor *c, docid_t base, unsigned width)
{
	bool rise = true;
	if (width > 23) {
		rise = base == UINT32_MAX || c->docs[0] > base;
		for (unsigned i = 1; i < RK_BLOCK; i++)
			rise &= c->docs[i] > c->docs[i - 1];
	}
	return rise && c->docs[RK_BLOCK - 1] == c->last;
}

static bool load_full(struct cursor *c, const uint8_t *p, size_t len, docid_t base, bool freqs)
{
	unsigned width = p[5];
	size_t docs_end = SEG_BLOCK_HEADER + bitpack_bytes(width);
	if (width > 32 || docs_end > len)
		return damaged(c);
	if (!c->loaded) {
		bitpack_d1_unpack(base, p + SEG_BLOCK_HEADER, width, c->docs);
		if (!documents_fit(c, base, width))
			return damaged(c);
		c->n = RK_BLOCK;
		c->docs[RK_BLOCK] = DOC_END;
		c->loaded = true;
	}
	if (!freqs || c->freqs_loaded)
		return true;
	if (pfor_get(p + docs_end, len - docs_end, c->tfs) != (int)(len - docs_end))
		return damaged(c);
	uint32_t most = 0;
	for (unsigned i = 0; i < RK_BLOCK; i++) {
		most = c->tfs[i] > most ? c->tfs[i] : most;
		c->tfs[i]++;
	}
	if (most >= SEG_MAX_TF - 1)
		return damaged(c);
	c->freqs_loaded = true;
	return true;
}

/* The bytes of a block; NULL when damaged. */
static const uint8_t *block_bytes(const struct cursor *c, uint32_t block, size_t *ret_len)
{
	const struct seg *s = seg_of(c);
	uint64_t data = IMPACT_MAX * 2 + (uint64_t)c->nblocks * (4 + SEG_SKIP_INFO);
	uint64_t from = data + rk_get32(entry_of(c, block));
	uint64_t to = block + 1 < c->nblocks ? data + rk_get32(entry_of(c, block + 1)) : c->d;
	if (from > to || to > c->d || to - from < SEG_BLOCK_HEADER)
		return NULL;
	*ret_len = to - from;
	return seg_touch(s, &s->postings, c->a + from, to - from);
}

static bool blocks_load(struct cursor *c, bool freqs)
{
	size_t len;
	if (c->rc || c->block >= c->nblocks)
		return false;
	if (c->loaded && (c->freqs_loaded || !freqs))
		return true;
	docid_t base = c->block ? last_of(c, c->block - 1) : UINT32_MAX;
	const uint8_t *p = block_bytes(c, c->block, &len);
	if (!p || c->last >= seg_of(c)->info.ndocs || (c->block && base >= c->last))
		return damaged(c);
	if (c->block < c->df / RK_BLOCK)
		return load_full(c, p, len, base, freqs);
	if (!varints_get(c, p + SEG_TAIL_HEADER, p + len, base, c->df % RK_BLOCK))
		return false;
	return c->docs[c->n - 1] == c->last ? true : damaged(c);
}

/* One decoded block. */
static bool short_seek(struct cursor *c, docid_t target)
{
	return c->last != DOC_END && c->last >= target ? true : at_end(c);
}

static bool short_load(struct cursor *c, bool freqs)
{
	(void)freqs;
	return c->loaded;
}

static int pos_fail(struct cursor *c, int rc)
{
	fail(c, rc == -ENOMEM ? rc : seg_damaged_at(seg_of(c), SEG_POSITIONS, c->b));
	return c->rc;
}

/* Decodes the group at st->at. The last cf % 128 positions are varints, behind a mark unless they are all. */
static int next_group(struct cursor *c, struct pos_state *st)
{
	const struct seg *s = seg_of(c);
	uint64_t left = c->c - st->at;
	uint64_t take = left < PFOR_MAX_BYTES ? left : PFOR_MAX_BYTES;
	if (st->at >= c->c)
		return -EUCLEAN;
	const uint8_t *p = seg_touch(s, &s->positions, c->b + st->at, take);
	if (!p)
		return -EUCLEAN;
	st->i = 0;
	if (c->cf >= RK_BLOCK && *p != TAIL_MARK) {
		int n = pfor_get(p, take, st->group);
		st->at += n > 0 ? (uint64_t)n : 0;
		st->n = RK_BLOCK;
		return n < 0 ? n : 0;
	}
	p = seg_touch(s, &s->positions, c->b + st->at, left);
	if (!p)
		return -EUCLEAN;
	struct rk_rd r = rk_rd_of(p, left);
	if (c->cf >= RK_BLOCK)
		rk_rd_u8(&r);
	st->n = (uint32_t)(c->cf % RK_BLOCK);
	uint64_t all = 0;
	for (uint32_t i = 0; i < st->n; i++) {
		uint64_t v = seg_varint(&r);
		st->group[i] = (uint32_t)v;
		all |= v;
	}
	st->at = c->c;
	return rk_rd_ok(&r) && rk_rd_left(&r) == 0 && all <= UINT32_MAX && st->n ? 0 : -EUCLEAN;
}

/* To the first position of the current block. */
static int pos_enter(struct cursor *c, struct pos_state *st)
{
	uint32_t index = 0;
	st->at = 0;
	st->i = st->n = 0;
	st->doc = 0;
	if (c->ops->load == blocks_load) {
		size_t len;
		const uint8_t *p = block_bytes(c, c->block, &len);
		if (!p)
			return -EUCLEAN;
		st->at = rk_get32(p);
		index = p[4];
	}
	st->block = c->block;
	if (!index)
		return 0;
	int rc = next_group(c, st);
	if (rc == 0 && index >= st->n)
		rc = -EUCLEAN;
	st->i = index;
	return rc;
}

static int pos_skip(struct cursor *c, struct pos_state *st, uint64_t count)
{
	const struct seg *s = seg_of(c);
	while (count) {
		uint64_t here = st->n - st->i;
		if (count <= here) {
			st->i += (uint32_t)count;
			return 0;
		}
		count -= here;
		st->i = st->n;
		/* Whole groups are stepped over by their first two bytes. */
		const uint8_t *p = st->at < c->c ? seg_touch(s, &s->positions, c->b + st->at, 1) : NULL;
		if (p && c->cf >= RK_BLOCK && *p != TAIL_MARK && count >= RK_BLOCK) {
			uint64_t left = c->c - st->at;
			p = seg_touch(s, &s->positions, c->b + st->at, left < 2 ? left : 2);
			int n = p ? pfor_bytes(p, left) : -EUCLEAN;
			if (n < 0)
				return n;
			st->at += (uint64_t)n;
			count -= RK_BLOCK;
			continue;
		}
		int rc = p ? next_group(c, st) : -EUCLEAN;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int pos_take(struct cursor *c, struct pos_state *st, uint32_t tf)
{
	if (tf > st->cap) {
		/* A position takes 2/128 byte at least: what the list cannot hold is not asked of the allocator. */
		if (tf > c->cf || tf / 64 > c->c)
			return -EUCLEAN;
		uint32_t *p = realloc(st->out, (size_t)tf * sizeof(*p));
		if (!p)
			return -ENOMEM;
		st->out = p;
		st->cap = tf;
	}
	uint32_t at = 0;
	for (uint32_t i = 0; i < tf;) {
		if (st->i == st->n) {
			int rc = next_group(c, st);
			if (rc < 0)
				return rc;
		}
		uint32_t n = st->n - st->i < tf - i ? st->n - st->i : tf - i;
		for (uint32_t k = 0; k < n; k++) {
			uint32_t before = at;
			at += st->group[st->i++];
			if (at < before)
				return -EUCLEAN;
			st->out[i++] = at;
		}
	}
	return 0;
}

static int packed_positions(struct cursor *c, uint32_t i, const uint32_t **ret)
{
	struct pos_state *st = c->pos;
	if (c->rc || !cursor_load(c, true) || i >= c->n)
		return c->rc ? c->rc : -EINVAL;
	if (!st) {
		st = calloc(1, sizeof(*st));
		if (!st)
			return pos_fail(c, -ENOMEM);
		st->block = UINT32_MAX;
		c->pos = st;
	}
	int rc = st->block != c->block || i < st->doc ? pos_enter(c, st) : 0;
	uint64_t skip = 0;
	for (uint32_t k = st->doc; rc == 0 && k < i; k++)
		skip += c->tfs[k];
	rc = rc < 0 ? rc : pos_skip(c, st, skip);
	rc = rc < 0 ? rc : pos_take(c, st, c->tfs[i]);
	if (rc < 0)
		return pos_fail(c, rc);
	st->doc = i + 1;
	*ret = st->out;
	return (int)c->tfs[i];
}

/* One document with one occurrence: its position lies in the cursor. */
static int inlined_positions(struct cursor *c, uint32_t i, const uint32_t **ret)
{
	if (i >= c->n)
		return -EINVAL;
	*ret = &c->e;
	return 1;
}

static void cursor_done(struct cursor *c)
{
	struct pos_state *st = c->pos;
	if (st)
		free(st->out);
	free(st);
	c->pos = NULL;
}

static const struct cursor_ops blocks_ops = {blocks_seek, blocks_load, packed_positions, cursor_done};
static const struct cursor_ops short_ops = {short_seek, short_load, packed_positions, cursor_done};
static const struct cursor_ops inlined_ops = {short_seek, short_load, inlined_positions, cursor_done};

/* The bounds of what is decoded already. */
static void short_impacts(struct cursor *c)
{
	struct impacts f;
	const uint8_t *norms = seg_norms(seg_of(c));
	impacts_init(&f);
	for (uint32_t i = 0; i < c->n; i++)
		impacts_add(&f, c->tfs[i], norms[c->docs[i]]);
	c->nimpacts = (uint8_t)impacts_take(&f, seg_of(c)->weight, c->impacts);
}

static bool open_short(struct cursor *c, const struct term_entry *t)
{
	const struct seg *s = seg_of(c);
	if (t->df == 1) {
		c->ops = t->cf == 1 ? &inlined_ops : &short_ops;
		c->docs[0] = t->doc;
		c->docs[1] = DOC_END;
		c->tfs[0] = (uint32_t)t->cf;
		c->e = t->position;
		c->n = 1;
		c->loaded = c->freqs_loaded = true;
	} else {
		c->ops = &short_ops;
		const uint8_t *p = seg_touch(s, &s->postings, t->postings, t->postings_len);
		if (!p || !varints_get(c, p, p + t->postings_len, UINT32_MAX, t->df))
			return damaged(c);
	}
	c->last = c->docs[c->n - 1];
	if (c->n == 1) {
		c->impacts[0] = (struct impact){(uint8_t)(c->tfs[0] < 255 ? c->tfs[0] : 255), seg_norms(s)[c->docs[0]]};
		c->nimpacts = 1;
	} else {
		short_impacts(c);
	}
	c->nlist_impacts = c->nimpacts;
	memcpy(c->list_impacts, c->impacts, sizeof(c->impacts));
	return true;
}

static bool open_blocks(struct cursor *c, const struct term_entry *t)
{
	const struct seg *s = seg_of(c);
	uint64_t data = IMPACT_MAX * 2 + (uint64_t)c->nblocks * (4 + SEG_SKIP_INFO);
	c->ops = &blocks_ops;
	if (data > t->postings_len)
		return damaged(c);
	const uint8_t *p = seg_touch(s, &s->postings, t->postings, data);
	if (!p)
		return damaged(c);
	c->p = p;
	c->skip = p + IMPACT_MAX * 2;
	c->nlist_impacts = impacts_get(p, c->list_impacts);
	return stand(c, 0);
}

int seg_cursor_of(const struct seg *s, const struct term_entry *t, struct cursor *c)
{
	c->src = s;
	c->df = t->df;
	c->cf = t->cf;
	c->rc = 0;
	c->n = c->block = 0;
	c->loaded = c->freqs_loaded = false;
	c->pos = NULL;
	c->nblocks = (uint32_t)(((uint64_t)t->df + RK_BLOCK - 1) / RK_BLOCK);
	c->a = t->postings;
	c->b = t->positions;
	c->c = t->positions_len;
	c->d = (uint32_t)t->postings_len;
	bool ok = t->postings_len > UINT32_MAX ? damaged(c) : t->df < RK_BLOCK ? open_short(c, t) : open_blocks(c, t);
	return ok ? 1 : c->rc;
}

int seg_cursor(const struct seg *s, const void *term, size_t len, struct cursor *c)
{
	struct term_entry t;
	int rc = seg_term_entry(s, term, len, &t);
	return rc == 1 ? seg_cursor_of(s, &t, c) : rc;
}
