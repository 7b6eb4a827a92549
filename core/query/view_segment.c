/* view_segment.c - the rows of a segment's views.
 *
 *   info        key, value
 *   terms       term, df, cf
 *   documents   docid, id, length, live (1 or 0)
 *   tombstones  docid, id of the documents that are dead in this snapshot
 *   postings    id, docid, tf, positions (commas between); "dead" as a fifth field for a dead document
 *   blocks      block, first..last document, documents, bounds: pairs "tf/length" (largest tf, 255 for more; shortest length) with commas between
 *
 * Fields are separated by tabs and escaped. An id that cannot be read is damage: the text ends before its row. */
#include <stdlib.h>
#include <time.h>

#include "core/query/view_private.h"
#include "core/segment/seg_write.h"

static int check(const struct rk_buf *b)
{
	return b->bad ? -ENOMEM : 0;
}

static bool full(const struct view *v, const struct rk_buf *out)
{
	return out->len >= v->window;
}

static int seek_row(struct view *v, const struct view_state *s)
{
	v->now = *s;
	return 0;
}

static int tell_row(struct view *v, struct view_state *ret)
{
	*ret = v->now;
	return 0;
}

static void nothing_to_free(struct view *v)
{
	(void)v;
}

static bool live(const struct view *v, docid_t doc)
{
	return leaf_live(v->leaf, doc, v->snap->seq);
}

static int get_id(struct view *v, docid_t doc)
{
	v->id.len = 0;
	return leaf_id(v->leaf, doc, &v->id);
}

/* ---- info ---- */

static void line(struct rk_buf *out, const char *key, uint64_t value)
{
	rk_buf_str(out, key);
	rk_buf_u8(out, '\t');
	view_number(out, value);
	rk_buf_u8(out, '\n');
}

static int info_rows(struct view *v, struct rk_buf *out)
{
	const struct seg_info *i = seg_get_info(v->leaf->seg);
	struct tm tm;
	time_t t = (time_t)(i->created_ns / 1000000000);
	uint64_t dead = 0;
	for (docid_t d = 0; d < i->ndocs && v->leaf->any_dead; d++)
		dead += !live(v, d);
	line(out, "id", i->id);
	line(out, "version", i->version);
	if (gmtime_r(&t, &tm))
		rk_buf_printf(out, "created\t%04d-%02d-%02dT%02d:%02d:%02dZ\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			      tm.tm_sec);
	line(out, "first_entry", i->first_entry);
	line(out, "last_entry", i->last_entry);
	line(out, "documents", i->ndocs);
	line(out, "live", i->ndocs - dead);
	line(out, "dead", dead);
	line(out, "with_words", i->nindexed);
	line(out, "words", i->total_length);
	line(out, "terms", i->nterms);
	line(out, "postings", i->npostings);
	line(out, "positions", i->npositions);
	line(out, "bytes", i->bytes);
	line(out, "text_bytes", i->text_bytes);
	rk_buf_printf(out, "damaged\t%s\n", seg_damaged(v->leaf->seg, NULL) ? "yes" : "no");
	return check(out);
}

const struct view_ops view_info_ops = {seek_row, info_rows, tell_row, nothing_to_free};

/* ---- documents, tombstones ---- */

static int documents_rows(struct view *v, struct rk_buf *out)
{
	for (; v->now.row < v->leaf->limit; v->now.row++) {
		docid_t doc = (docid_t)v->now.row;
		if (full(v, out))
			return check(out) < 0 ? -ENOMEM : 1;
		int rc = get_id(v, doc);
		if (rc < 0)
			return rc;
		view_number(out, doc);
		rk_buf_u8(out, '\t');
		rk_buf_escaped(out, v->id.data, v->id.len);
		rk_buf_u8(out, '\t');
		view_number(out, leaf_length(v->leaf, doc));
		rk_buf_put(out, live(v, doc) ? "\t1\n" : "\t0\n", 3);
	}
	return check(out);
}

const struct view_ops view_documents_ops = {seek_row, documents_rows, tell_row, nothing_to_free};

static int tombstones_rows(struct view *v, struct rk_buf *out)
{
	for (; v->now.row < v->leaf->limit && v->leaf->any_dead; v->now.row++) {
		docid_t doc = (docid_t)v->now.row;
		if (full(v, out))
			return check(out) < 0 ? -ENOMEM : 1;
		if (live(v, doc))
			continue;
		int rc = get_id(v, doc);
		if (rc < 0)
			return rc;
		view_number(out, doc);
		rk_buf_u8(out, '\t');
		rk_buf_escaped(out, v->id.data, v->id.len);
		rk_buf_u8(out, '\n');
	}
	return check(out);
}

const struct view_ops view_tombstones_ops = {seek_row, tombstones_rows, tell_row, nothing_to_free};

/* ---- terms ---- */

static int terms_next(struct view *v, uint32_t *df, uint64_t *cf)
{
	const char *term;
	size_t len;
	int rc = seg_terms_next(v->terms, &term, &len, df, cf);
	v->term.len = 0;
	if (rc == 1 && rk_buf_put(&v->term, term, len) < 0)
		return -ENOMEM;
	return rc;
}

static int terms_seek(struct view *v, const struct view_state *s)
{
	seg_terms_free(v->terms);
	v->terms = NULL;
	v->begun = false;
	v->term.len = 0;
	if (s->key_len && rk_buf_put(&v->term, s->key, s->key_len) < 0)
		return -ENOMEM;
	return seg_terms_new(v->leaf->seg, s->key ? s->key : "", s->key_len, &v->terms);
}

/* A window ends behind a row: the next one begins at the first term that is greater, which is this row's with a NUL behind it. */
static int terms_tell(struct view *v, struct view_state *ret)
{
	if (!v->begun)
		return 0;
	ret->key_len = (uint32_t)v->term.len + 1;
	ret->key = calloc(1, ret->key_len);
	if (!ret->key)
		return -ENOMEM;
	if (v->term.len)
		memcpy(ret->key, v->term.data, v->term.len);
	return 0;
}

static int terms_rows(struct view *v, struct rk_buf *out)
{
	while (!full(v, out)) {
		uint32_t df;
		uint64_t cf;
		int rc = terms_next(v, &df, &cf);
		if (rc <= 0)
			return rc < 0 ? rc : check(out);
		v->begun = true;
		rk_buf_escaped(out, v->term.data, v->term.len);
		rk_buf_u8(out, '\t');
		view_number(out, df);
		rk_buf_u8(out, '\t');
		view_number(out, cf);
		rk_buf_u8(out, '\n');
	}
	return check(out) < 0 ? -ENOMEM : 1;
}

static void terms_done(struct view *v)
{
	seg_terms_free(v->terms);
}

const struct view_ops view_terms_ops = {terms_seek, terms_rows, terms_tell, terms_done};

/* ---- postings, blocks ---- */

static void cursor_close(struct view *v)
{
	if (v->cursor && v->cursor->ops)
		v->cursor->ops->done(v->cursor);
	free(v->cursor);
	v->cursor = NULL;
}

/* A cursor on the term's list, from its first block on. */
static int cursor_open(struct view *v)
{
	cursor_close(v);
	v->cursor = calloc(1, sizeof(*v->cursor));
	if (!v->cursor)
		return -ENOMEM;
	int rc = leaf_cursor(v->leaf, v->term.data, v->term.len, v->cursor);
	if (rc != 1)
		cursor_close(v);
	return rc == 0 ? -EUCLEAN : rc < 0 ? rc : 0;
}

/* The row is a document: the next one whose posting is to be written. */
static int postings_seek(struct view *v, const struct view_state *s)
{
	seek_row(v, s);
	int rc = cursor_open(v);
	if (rc == -EUCLEAN) { /* rows say it, so that an unreadable list is an empty view with a bad end */
		v->ended = true;
		return 0;
	}
	v->ended = false;
	v->i = 0;
	if (rc == 0 && s->row && cursor_seek(v->cursor, (docid_t)s->row) && cursor_load(v->cursor, true))
		while (v->i < v->cursor->n && v->cursor->docs[v->i] < s->row)
			v->i++;
	return rc;
}

/* The posting's positions from v->now.within on, as many as fit; 1: the window is full before the last one. */
static int put_positions(struct view *v, struct rk_buf *out, const uint32_t *pos, uint32_t n)
{
	for (; v->now.within < n; v->now.within++) {
		if (v->now.within && full(v, out)) /* not between the fields and the first: within 0 means that no field is written yet */
			return 1;
		if (v->now.within)
			rk_buf_u8(out, ',');
		view_number(out, pos[v->now.within]);
	}
	return 0;
}

static int posting_row(struct view *v, struct rk_buf *out)
{
	struct cursor *c = v->cursor;
	const uint32_t *pos;
	docid_t doc = c->docs[v->i];
	int n = c->ops->positions(c, v->i, &pos);
	if (n < 0)
		return n;
	if (v->now.within == 0) {
		int rc = get_id(v, doc);
		if (rc < 0)
			return rc;
		rk_buf_escaped(out, v->id.data, v->id.len);
		rk_buf_u8(out, '\t');
		view_number(out, doc);
		rk_buf_u8(out, '\t');
		view_number(out, c->tfs[v->i]);
		rk_buf_u8(out, '\t');
	}
	if (put_positions(v, out, pos, (uint32_t)n))
		return 1;
	rk_buf_str(out, live(v, doc) ? "\n" : "\tdead\n");
	v->now.within = 0;
	return 0;
}

static int postings_rows(struct view *v, struct rk_buf *out)
{
	struct cursor *c = v->cursor;
	if (v->ended)
		return -EUCLEAN;
	while (c->last != DOC_END && cursor_load(c, true)) {
		for (; v->i < c->n; v->i++) {
			if (c->docs[v->i] != v->now.row)
				v->now = (struct view_state){.row = c->docs[v->i]};
			if (full(v, out))
				return check(out) < 0 ? -ENOMEM : 1;
			int rc = posting_row(v, out);
			if (rc)
				return rc < 0 ? rc : check(out) < 0 ? -ENOMEM : 1;
		}
		v->i = 0;
		if (!cursor_seek(c, c->last + 1))
			break;
	}
	return c->rc < 0 ? c->rc : check(out);
}

const struct view_ops view_postings_ops = {postings_seek, postings_rows, tell_row, cursor_close};

/* The row is a block, counted from 0; a restart steps over those before by their last documents. */
static int blocks_seek(struct view *v, const struct view_state *s)
{
	int rc = cursor_open(v);
	v->ended = rc == -EUCLEAN;
	seek_row(v, s);
	for (uint64_t i = 0; rc == 0 && i < s->row; i++)
		if (!cursor_seek(v->cursor, v->cursor->last + 1))
			break;
	return v->ended ? 0 : rc;
}

static int blocks_rows(struct view *v, struct rk_buf *out)
{
	struct cursor *c = v->cursor;
	if (v->ended)
		return -EUCLEAN;
	for (; c->last != DOC_END; v->now.row++) {
		if (full(v, out))
			return check(out) < 0 ? -ENOMEM : 1;
		if (!cursor_load(c, false))
			break;
		view_number(out, v->now.row);
		rk_buf_u8(out, '\t');
		view_number(out, c->docs[0]);
		rk_buf_str(out, "..");
		view_number(out, c->docs[c->n - 1]);
		rk_buf_u8(out, '\t');
		view_number(out, c->n);
		for (unsigned i = 0; i < c->nimpacts; i++) {
			rk_buf_u8(out, i ? ',' : '\t');
			view_number(out, c->impacts[i].tf);
			rk_buf_u8(out, '/');
			view_number(out, norm_decode(c->impacts[i].norm));
		}
		rk_buf_u8(out, '\n');
		if (!cursor_seek(c, c->last + 1))
			break;
	}
	return c->rc < 0 ? c->rc : check(out);
}

const struct view_ops view_blocks_ops = {blocks_seek, blocks_rows, tell_row, cursor_close};
