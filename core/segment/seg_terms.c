/* seg_terms.c - terms to their entries: the FST gives an ordinal, the table of terms its counts and where its lists lie.
 *
 * Format: doc/format.md "Segment", terms. Threads: any number of readers. */
#include <stdlib.h>

#include "core/segment/segment_private.h"

int term_walk_seek(const struct seg *s, uint64_t ordinal, struct term_walk *ret)
{
	if (ordinal >= s->info.nterms)
		return seg_damaged_at(s, SEG_META, 0);
	uint64_t group = ordinal / SEG_TERM_GROUP;
	const uint8_t *e = s->sec[SEC_TERM_GROUPS].p + group * SEG_TERM_ANCHOR_BYTES;
	uint32_t at = rk_get32(e);
	*ret = (struct term_walk){
		.rd = rk_rd_of(s->sec[SEC_TERMS].p + at, s->sec[SEC_TERMS].len - at),
		.ordinal = group * SEG_TERM_GROUP,
		.postings = rk_get64(e + 4),
		.positions = rk_get64(e + 12),
	};
	/* Stepping over needs lengths only; what they lead to is judged by the next one. */
	for (; ret->ordinal < ordinal; ret->ordinal++) {
		uint64_t head = seg_varint(&ret->rd);
		(void)seg_varint(&ret->rd);
		if (!(head & 1))
			ret->postings += seg_varint(&ret->rd);
		uint64_t last = seg_varint(&ret->rd);
		ret->positions += head == 3 ? 0 : last;
	}
	return 0;
}

int term_walk_next(const struct seg *s, struct term_walk *w, struct term_entry *ret)
{
	struct term_entry t = {.postings = w->postings, .positions = w->positions};
	uint64_t head = seg_varint(&w->rd), more = seg_varint(&w->rd);
	uint64_t df = head & 1 ? 1 : head >> 1, cf = head & 1 ? head >> 1 : df + more;
	if (!(head & 1))
		t.postings_len = seg_varint(&w->rd);
	uint64_t last = seg_varint(&w->rd);
	bool position = head == 3;
	if (position)
		t.position = (uint32_t)last;
	else
		t.positions_len = last;
	if (!rk_rd_ok(&w->rd) || df == 0 || df > s->info.ndocs || (head != 1 && cf < df) || cf > s->info.npositions || cf == 0 ||
	    (!(head & 1) && df == 1) || (head & 1 && (more >= s->info.ndocs || cf >= SEG_MAX_TF)) || (position && last > UINT32_MAX) ||
	    t.postings > s->postings.len || t.positions > s->positions.len || t.postings_len > s->postings.len - t.postings || t.positions_len > s->positions.len - t.positions)
		return seg_damaged_at(s, SEG_META, (uint64_t)(s->sec[SEC_TERMS].p - s->meta.bytes));
	t.df = (uint32_t)df;
	t.cf = cf;
	t.doc = head & 1 ? (docid_t)more : 0;
	w->postings += t.postings_len;
	w->positions += t.positions_len;
	w->ordinal++;
	*ret = t;
	return 0;
}

int seg_term_entry(const struct seg *s, const void *term, size_t len, struct term_entry *ret)
{
	uint64_t ordinal;
	struct term_walk w;
	int rc = fst_get(&s->fst, term, len, &ordinal);
	if (rc < 0)
		return seg_damaged_at(s, SEG_META, (uint64_t)(s->sec[SEC_FST].p - s->meta.bytes));
	if (rc == 0)
		return 0;
	rc = term_walk_seek(s, ordinal, &w);
	rc = rc < 0 ? rc : term_walk_next(s, &w, ret);
	return rc < 0 ? rc : 1;
}

int seg_term_stats(const struct seg *s, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf)
{
	struct term_entry t;
	int rc = seg_term_entry(s, term, len, &t);
	if (rc == 1) {
		*ret_df = t.df;
		*ret_cf = t.cf;
	}
	return rc;
}

struct seg_terms {
	const struct seg *seg;
	struct fst_iter it;
	struct term_walk walk;
	bool placed; /* walk stands behind the last term given */
};

int seg_terms_new(const struct seg *s, const void *from, size_t len, struct seg_terms **ret)
{
	struct seg_terms *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->seg = s;
	int rc = fst_iter_seek(&t->it, &s->fst, from, len);
	if (rc < 0)
		seg_terms_free(t);
	else
		*ret = t;
	return rc < 0 ? rc : 0;
}

int seg_terms_next(struct seg_terms *t, const char **ret, size_t *ret_len, uint32_t *ret_df, uint64_t *ret_cf)
{
	struct term_entry e;
	int rc = fst_iter_next(&t->it);
	if (rc <= 0)
		return rc == -EUCLEAN ? seg_damaged_at(t->seg, SEG_META, 0) : rc;
	/* Entries follow each other, but each group is entered through its anchor: a damaged one must not shift the rest. */
	bool next = t->placed && t->walk.ordinal == t->it.value && t->it.value % SEG_TERM_GROUP;
	t->placed = false;
	rc = next ? 0 : term_walk_seek(t->seg, t->it.value, &t->walk);
	rc = rc < 0 ? rc : term_walk_next(t->seg, &t->walk, &e);
	if (rc < 0)
		return rc;
	t->placed = true;
	*ret = t->it.key.len ? (const char *)t->it.key.data : "";
	*ret_len = t->it.key.len;
	*ret_df = e.df;
	*ret_cf = e.cf;
	return 1;
}

void seg_terms_free(struct seg_terms *t)
{
	if (!t)
		return;
	fst_iter_done(&t->it);
	free(t);
}
