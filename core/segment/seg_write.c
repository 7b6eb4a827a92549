/* seg_write.c - a segment from documents and sorted terms: three streamed files, then `meta`, whose appearance makes it a segment.
 *
 * Format: doc/format.md "Segment". Invariant S1: meta is committed after the three others are durable. An error is sticky: every later call returns
 * it, and commit removes what was written. Owner: the caller, until commit or abort. Threads: one. */
#include "core/segment/seg_write.h"

#include <errno.h>
#include <stdlib.h>

#include "core/segment/seg_write_private.h"

struct seg_writer {
	struct seg_write_params params;
	int rc; /* the first error */
	bool in_terms;
	struct seg_out store_out, postings_out, positions_out, meta_out;
	struct store_writer store;
	struct list_writer lists;
	struct id_writer ids;
	struct rk_buf norms, lengths, stats; /* sections */
	uint32_t ndocs, nindexed;
	uint64_t total_length, text_bytes;
	/* sections written so far */
	struct rk_buf table;
};

int seg_write_new(struct rk_dir *dir, const struct seg_write_params *params, struct seg_writer **ret, struct rk_err *err)
{
	struct seg_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return rk_fail(err, -ENOMEM, "segment writer: out of memory");
	w->params = *params;
	int rc = seg_out_begin(&w->store_out, dir, params->id, SEG_STORE, err);
	rc = rc < 0 ? rc : seg_out_begin(&w->postings_out, dir, params->id, SEG_POSTINGS, err);
	rc = rc < 0 ? rc : seg_out_begin(&w->positions_out, dir, params->id, SEG_POSITIONS, err);
	rc = rc < 0 ? rc : store_writer_init(&w->store, params->zstd_level);
	rc = rc < 0 ? rc : list_writer_init(&w->lists, &w->postings_out, &w->positions_out);
	w->meta_out.dir = dir;
	if (rc < 0)
		seg_write_abort(w);
	else
		*ret = w;
	return rc;
}

static void writer_free(struct seg_writer *w, bool keep)
{
	/* meta first: what is left of a half-removed segment is none */
	seg_out_done(&w->meta_out, keep);
	seg_out_done(&w->store_out, keep);
	seg_out_done(&w->postings_out, keep);
	seg_out_done(&w->positions_out, keep);
	store_writer_done(&w->store);
	list_writer_done(&w->lists);
	id_writer_done(&w->ids);
	rk_buf_done(&w->norms);
	rk_buf_done(&w->lengths);
	rk_buf_done(&w->stats);
	rk_buf_done(&w->table);
	free(w);
}

void seg_write_abort(struct seg_writer *w)
{
	if (w)
		writer_free(w, false);
}

static int check_doc(const struct seg_writer *w, const struct rk_doc *doc, struct rk_err *err)
{
	if (w->in_terms || w->ndocs >= SEG_MAX_DOCS)
		return rk_fail(err, -EINVAL, "a document after terms, or too many");
	if (doc->id_len == 0 || doc->id_len > DOC_ID_MAX || memchr(doc->id, 0, doc->id_len))
		return rk_fail(err, -EINVAL, "an id of %u bytes, or one with NUL", doc->id_len);
	if (doc->mode > 07777 || doc->flags > 07777)
		return rk_fail(err, -EINVAL, "mode %o or flags %x", doc->mode, doc->flags);
	if (doc->content_len >= SEG_MAX_CONTENT || doc->content_len + doc->title_len + doc->fields_len >= SEG_MAX_CONTENT)
		return rk_fail(err, -EFBIG, "a document over 2 GiB");
	return 0;
}

static int add_doc(struct seg_writer *w, const struct rk_doc *doc, uint32_t length, struct rk_err *err)
{
	bool content = w->params.store_content;
	uint64_t size = content ? doc->content_len : 0;
	int rc = check_doc(w, doc, err);
	rc = rc < 0 ? rc : store_writer_doc(&w->store, &w->store_out, doc, content, err);
	if (rc < 0)
		return rc;
	id_writer_add(&w->ids, doc->id, doc->id_len);
	rk_buf_u8(&w->norms, norm_encode(length));
	rk_buf_u32(&w->lengths, length);
	rk_buf_u64(&w->stats, (uint64_t)doc->mtime_ns);
	rk_buf_u64(&w->stats, size << 24 | (uint64_t)doc->mode << 12 | doc->flags);
	if (w->ids.bytes.bad || w->ids.ends.bad || w->norms.bad || w->lengths.bad || w->stats.bad)
		return rk_fail(err, -ENOMEM, "documents: out of memory");
	w->ndocs++;
	w->nindexed += length > 0;
	w->total_length += length;
	w->text_bytes += size;
	return 0;
}

int seg_write_doc(struct seg_writer *w, const struct rk_doc *doc, uint32_t length, struct rk_err *err)
{
	if (w->rc == 0)
		w->rc = add_doc(w, doc, length, err);
	return w->rc;
}

int seg_write_term(struct seg_writer *w, const void *term, size_t len, struct rk_err *err)
{
	if (w->rc == 0 && !w->in_terms) {
		w->in_terms = true;
		w->rc = store_writer_finish(&w->store, &w->store_out, err);
		list_writer_begin(&w->lists, w->norms.data, w->ndocs, w->nindexed, w->total_length);
	}
	if (w->rc == 0)
		w->rc = list_writer_term(&w->lists, term, len, err);
	return w->rc;
}

int seg_write_posting(struct seg_writer *w, docid_t doc, uint32_t tf, const uint32_t *positions, struct rk_err *err)
{
	if (w->rc == 0)
		w->rc = list_writer_posting(&w->lists, doc, tf, positions, err);
	return w->rc;
}

static int put_section(struct seg_writer *w, enum seg_section kind, const struct rk_buf *b, struct rk_err *err)
{
	rk_buf_u64(&w->table, w->meta_out.len);				   /* 00-07 */
	rk_buf_u64(&w->table, b->len);					   /* 08-15 */
	rk_buf_u64(&w->table, rk_checksum(b->len ? (const void *)b->data : "", b->len)); /* 16-23 */
	rk_buf_u32(&w->table, (uint32_t)kind + 1);			   /* 24-27 */
	rk_buf_u32(&w->table, 0);					   /* 28-31 */
	return w->table.bad ? rk_fail(err, -ENOMEM, "%s: out of memory", w->meta_out.name) : seg_out_put(&w->meta_out, b->data, b->len, err);
}

static void put_info(const struct seg_writer *w, struct rk_buf *b)
{
	rk_buf_u32(b, w->ndocs);				      /* 00-03 */
	rk_buf_u32(b, w->nindexed);				      /* 04-07 */
	rk_buf_u64(b, w->total_length);				      /* 08-15 */
	rk_buf_u64(b, w->lists.nterms);				      /* 16-23 */
	rk_buf_u64(b, w->lists.npostings);			      /* 24-31 */
	rk_buf_u64(b, w->lists.npositions);			      /* 32-39 */
	rk_buf_u64(b, w->text_bytes);				      /* 40-47 */
	rk_buf_u64(b, w->params.first_entry);			      /* 48-55 */
	rk_buf_u64(b, w->params.last_entry);			      /* 56-63 */
	rk_buf_u64(b, (uint64_t)w->params.created_ns);		      /* 64-71 */
	rk_buf_u32(b, w->params.store_content ? SEG_STORES_CONTENT : 0); /* 72-75 */
	rk_buf_u32(b, (uint32_t)(w->store.table.len / SEG_BLOCK_ENTRY_BYTES)); /* 76-79 */
	rk_buf_u64(b, w->store_out.len);			      /* 80-87 */
	rk_buf_u64(b, w->postings_out.len);			      /* 88-95 */
	rk_buf_u64(b, w->positions_out.len);			      /* 96-103 */
}

static int put_footer(struct seg_writer *w, struct rk_err *err)
{
	uint64_t at = w->meta_out.len;
	rk_buf_u64(&w->table, at);		       /* 00-07 of the footer */
	rk_buf_u32(&w->table, SEC_COUNT);	       /* 08-11 */
	rk_buf_u32(&w->table, SEG_VERSION);	       /* 12-15 */
	rk_buf_u64(&w->table, rk_checksum(w->table.data, w->table.len)); /* 16-23 */
	rk_buf_u64(&w->table, SEG_END_MAGIC);	       /* 24-31 */
	return w->table.bad ? rk_fail(err, -ENOMEM, "%s: out of memory", w->meta_out.name)
			    : seg_out_put(&w->meta_out, w->table.data, w->table.len, err);
}

static int put_meta(struct seg_writer *w, struct rk_err *err)
{
	struct rk_buf info = {0}, fst = {0};
	put_info(w, &info);
	int rc = info.bad ? -ENOMEM : fst_builder_finish(w->lists.fst, &fst);
	const struct rk_buf *all[SEC_COUNT] = {
		[SEC_INFO] = &info,
		[SEC_FST] = &fst,
		[SEC_TERMS] = &w->lists.terms,
		[SEC_TERM_GROUPS] = &w->lists.groups,
		[SEC_IDS] = &w->ids.sorted,
		[SEC_ID_GROUPS] = &w->ids.groups,
		[SEC_BY_RANK] = &w->ids.by_rank,
		[SEC_RANK] = &w->ids.rank,
		[SEC_BLOOM] = &w->ids.bloom,
		[SEC_NORMS] = &w->norms,
		[SEC_LENGTHS] = &w->lengths,
		[SEC_STATS] = &w->stats,
		[SEC_BLOCKS] = &w->store.table,
		[SEC_DICT] = &w->store.dict,
		[SEC_SUMS_STORE] = &w->store_out.sums,
		[SEC_SUMS_POSTINGS] = &w->postings_out.sums,
		[SEC_SUMS_POSITIONS] = &w->positions_out.sums,
	};
	if (rc < 0)
		rc = rk_fail(err, rc, "finishing the term dictionary");
	else
		rc = seg_out_begin(&w->meta_out, w->store_out.dir, w->params.id, SEG_META, err);
	for (int i = 0; rc == 0 && i < SEC_COUNT; i++)
		rc = put_section(w, (enum seg_section)i, all[i], err);
	rc = rc < 0 ? rc : put_footer(w, err);
	rk_buf_done(&info);
	rk_buf_done(&fst);
	return rc;
}

static int finish(struct seg_writer *w, struct rk_err *err)
{
	if (w->rc < 0)
		return rk_fail(err, w->rc, "an earlier write of this segment failed");
	int rc = w->in_terms ? list_writer_end(&w->lists, err) : store_writer_finish(&w->store, &w->store_out, err);
	rc = rc < 0 ? rc : id_writer_finish(&w->ids, err);
	rc = rc < 0 ? rc : seg_out_commit(&w->store_out, err);
	rc = rc < 0 ? rc : seg_out_commit(&w->postings_out, err);
	rc = rc < 0 ? rc : seg_out_commit(&w->positions_out, err);
	rc = rc < 0 ? rc : put_meta(w, err);
	return rc < 0 ? rc : seg_out_commit(&w->meta_out, err);
}

int seg_write_commit(struct seg_writer *w, struct rk_err *err)
{
	int rc = finish(w, err);
	writer_free(w, rc == 0);
	return rc;
}
