/* list_write.c - the term dictionary's table and the lists: postings in blocks of 128 with skip data in front, positions in patched groups of 128.
 *
 * Format: doc/format.md "Segment", terms, postings, positions. A list's blocks are collected in memory until its length is known, as the skip data
 * come first; positions stream. Threads: one. */
#include "core/segment/seg_write_private.h"

#include <errno.h>

#include "core/segment/pfor_private.h"

enum { TAIL_MARK = 0xff };

static int no_memory(struct rk_err *err)
{
	return rk_fail(err, -ENOMEM, "posting lists: out of memory");
}

int list_writer_init(struct list_writer *l, struct seg_out *postings, struct seg_out *positions)
{
	l->postings = postings;
	l->positions = positions;
	impacts_init(&l->block);
	impacts_init(&l->list);
	return fst_builder_new(&l->fst);
}

void list_writer_begin(struct list_writer *l, const uint8_t *norms, uint32_t ndocs, uint32_t nindexed, uint64_t total_length)
{
	l->norms = norms;
	l->ndocs = ndocs;
	impacts_weights(nindexed, total_length, l->weight);
}

/* Room was reserved. */
static inline void put_varint(struct rk_buf *b, uint64_t v)
{
	uint8_t *p = b->data + b->len;
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	b->len = (size_t)(p - b->data);
}

int list_writer_term(struct list_writer *l, const void *term, size_t len, struct rk_err *err)
{
	int rc = list_writer_end(l, err);
	if (rc < 0)
		return rc;
	rc = fst_builder_add(l->fst, term, len, l->nterms);
	if (rc < 0)
		return rk_fail(err, rc, "term %llu does not rise or is too long", (unsigned long long)l->nterms);
	if (l->nterms % SEG_TERM_GROUP == 0) {
		if (l->terms.len > UINT32_MAX)
			return rk_fail(err, -EFBIG, "table of terms over 4 GiB");
		rk_buf_u32(&l->groups, (uint32_t)l->terms.len);
		rk_buf_u64(&l->groups, l->postings->len);
		rk_buf_u64(&l->groups, l->positions->len);
		if (l->groups.bad)
			return no_memory(err);
	}
	l->open = true;
	l->df = l->n = l->npos = 0;
	l->cf = 0;
	l->before = l->base = UINT32_MAX;
	l->positions_from = l->positions->len;
	l->data.len = l->last.len = l->skip.len = 0;
	return 0;
}

static int flush_positions(struct list_writer *l, struct rk_err *err)
{
	uint8_t group[PFOR_MAX_BYTES];
	l->npos = 0;
	return seg_out_put(l->positions, group, pfor_put(l->pos, group), err);
}

/* Of the last, short group: a mark when others came before it, then varints. */
static int end_positions(struct list_writer *l, struct rk_err *err)
{
	struct rk_buf *b = &l->skip; /* free by now */
	b->len = 0;
	if (rk_buf_reserve(b, 1 + RK_BLOCK * 5) < 0)
		return no_memory(err);
	if (l->cf >= RK_BLOCK && l->npos)
		b->data[b->len++] = TAIL_MARK;
	for (uint32_t i = 0; i < l->npos; i++)
		put_varint(b, l->pos[i]);
	return seg_out_put(l->positions, b->data, b->len, err);
}

/* The skip entry of the buffered block, whose bytes will begin at the end of data. */
static int put_skip(struct list_writer *l, struct rk_err *err)
{
	struct impact best[IMPACT_MAX];
	for (uint32_t i = 0; i < l->n; i++)
		impacts_add(&l->block, l->tfs[i], l->norms[l->docs[i]]);
	impacts_merge(&l->list, &l->block);
	impacts_take(&l->block, l->weight, best);
	if (l->data.len > UINT32_MAX - 4096)
		return rk_fail(err, -EFBIG, "a posting list over 4 GiB");
	rk_buf_u32(&l->last, l->docs[l->n - 1]);
	rk_buf_u32(&l->skip, (uint32_t)l->data.len);
	rk_buf_put(&l->skip, best, sizeof(best));
	return l->last.bad || l->skip.bad ? no_memory(err) : 0;
}

static int flush_block(struct list_writer *l, struct rk_err *err)
{
	int rc = put_skip(l, err);
	if (rc < 0)
		return rc;
	if (rk_buf_reserve(&l->data, SEG_BLOCK_HEADER + 16 * 32 + PFOR_MAX_BYTES) < 0)
		return no_memory(err);
	uint8_t *p = l->data.data + l->data.len;
	unsigned width = bitpack_d1_width(l->base, l->docs);
	rk_put32(p, l->block_pos_off);
	p[4] = l->block_pos_index;
	p[5] = (uint8_t)width;
	bitpack_d1_pack(l->base, l->docs, width, p + SEG_BLOCK_HEADER);
	p += SEG_BLOCK_HEADER + bitpack_bytes(width);
	uint32_t less[RK_BLOCK];
	for (unsigned i = 0; i < RK_BLOCK; i++)
		less[i] = l->tfs[i] - 1;
	p += pfor_put(less, p);
	l->data.len = (size_t)(p - l->data.data);
	l->base = l->docs[RK_BLOCK - 1];
	l->n = 0;
	return 0;
}

/* Documents with their tf: (distance - 1) << 1, plus 1 when tf is one, else tf - 2 follows. */
static int put_varints(struct list_writer *l, struct rk_err *err)
{
	if (rk_buf_reserve(&l->data, RK_BLOCK * 10) < 0)
		return no_memory(err);
	docid_t base = l->base;
	for (uint32_t i = 0; i < l->n; i++) {
		put_varint(&l->data, (uint64_t)(l->docs[i] - base - 1) << 1 | (l->tfs[i] == 1));
		if (l->tfs[i] != 1)
			put_varint(&l->data, l->tfs[i] - 2);
		base = l->docs[i];
	}
	return 0;
}

int list_writer_posting(struct list_writer *l, docid_t doc, uint32_t tf, const uint32_t *positions, struct rk_err *err)
{
	if (!l->open || doc >= l->ndocs || (l->df && doc <= l->before) || tf == 0 || tf >= SEG_MAX_TF)
		return rk_fail(err, -EINVAL, "posting of document %u, tf %u: no term, no such document, not rising, or a bad tf", doc, tf);
	if (l->n == 0) {
		uint64_t off = l->positions->len - l->positions_from;
		if (off > UINT32_MAX)
			return rk_fail(err, -EFBIG, "a term's positions over 4 GiB");
		l->block_pos_off = (uint32_t)off;
		l->block_pos_index = (uint8_t)l->npos;
	}
	uint32_t before = 0;
	for (uint32_t i = 0; i < tf; i++) {
		if (positions[i] < before)
			return rk_fail(err, -EINVAL, "positions of document %u fall", doc);
		l->pos[l->npos++] = positions[i] - before;
		before = positions[i];
		int rc = l->npos == RK_BLOCK ? flush_positions(l, err) : 0;
		if (rc < 0)
			return rc;
	}
	l->docs[l->n] = l->before = doc;
	l->tfs[l->n] = tf;
	l->df++;
	l->cf += tf;
	return ++l->n == RK_BLOCK ? flush_block(l, err) : 0;
}

/* 128 documents and more: impacts of the whole list, last documents, skip entries, blocks. */
static int put_long(struct list_writer *l, struct rk_err *err)
{
	struct impact best[IMPACT_MAX];
	int rc = l->n ? put_skip(l, err) : 0;
	if (rc == 0 && l->n) {
		rk_buf_u32(&l->data, l->block_pos_off);
		rk_buf_u8(&l->data, l->block_pos_index);
		rc = put_varints(l, err);
	}
	if (rc < 0)
		return rc;
	impacts_take(&l->list, l->weight, best);
	rc = seg_out_put(l->postings, best, sizeof(best), err);
	rc = rc < 0 ? rc : seg_out_put(l->postings, l->last.data, l->last.len, err);
	rc = rc < 0 ? rc : seg_out_put(l->postings, l->skip.data, l->skip.len, err);
	return rc < 0 ? rc : seg_out_put(l->postings, l->data.data, l->data.len, err);
}

int list_writer_end(struct list_writer *l, struct rk_err *err)
{
	if (!l->open)
		return 0;
	l->open = false;
	if (!l->df)
		return rk_fail(err, -EINVAL, "a term without postings");
	bool inlined = l->df == 1, whole = inlined && l->tfs[0] == 1; /* then its one position, too */
	uint64_t from = l->postings->len;
	int rc = 0;
	if (l->df >= RK_BLOCK) {
		rc = put_long(l, err);
	} else if (!inlined) {
		rc = put_varints(l, err);
		rc = rc < 0 ? rc : seg_out_put(l->postings, l->data.data, l->data.len, err);
	}
	if (rc == 0 && !whole)
		rc = end_positions(l, err);
	if (rc < 0)
		return rc;
	if (rk_buf_reserve(&l->terms, 40) < 0)
		return no_memory(err);
	put_varint(&l->terms, inlined ? (uint64_t)l->tfs[0] << 1 | 1 : (uint64_t)l->df << 1);
	put_varint(&l->terms, inlined ? l->docs[0] : l->cf - l->df);
	if (!inlined)
		put_varint(&l->terms, l->postings->len - from);
	put_varint(&l->terms, whole ? l->pos[0] : l->positions->len - l->positions_from);
	l->nterms++;
	l->npostings += l->df;
	l->npositions += l->cf;
	return 0;
}

void list_writer_done(struct list_writer *l)
{
	fst_builder_free(l->fst);
	struct rk_buf *all[] = {&l->terms, &l->groups, &l->data, &l->last, &l->skip};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rk_buf_done(all[i]);
}
