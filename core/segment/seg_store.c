/* seg_store.c - a stored document: its cheap fields from the fixed-width table, the rest by decoding the one block that holds it.
 *
 * Format: doc/format.md "Segment", store. A few codecs are kept, each with the block it decoded last; a reader takes one out of its place, so that
 * nobody else has it. Threads: any. */
#include <stdlib.h>

#include "core/segment/segment_private.h"

void store_slot_free(struct store_slot *t)
{
	if (!t)
		return;
	zcodec_free(t->codec);
	rk_buf_done(&t->raw);
	free(t);
}

/* One that holds the block, if there is one idle; else the next in turn, or a new one. *ret_at: where to put it back. */
static struct store_slot *slot_get(const struct seg *s, uint32_t block, unsigned *ret_at)
{
	struct seg_live *v = s->live;
	struct store_slot *t = NULL;
	unsigned at = 0;
	while (at < SEG_SLOTS && atomic_load_explicit(&v->held[at], memory_order_relaxed) != block + 1)
		at++;
	if (at == SEG_SLOTS)
		at = atomic_fetch_add_explicit(&v->turn, 1, memory_order_relaxed) % SEG_SLOTS;
	for (unsigned i = 0; i < SEG_SLOTS && !t; i++) {
		*ret_at = (at + i) % SEG_SLOTS;
		if (atomic_load_explicit(&v->slots[*ret_at], memory_order_relaxed))
			t = atomic_exchange_explicit(&v->slots[*ret_at], NULL, memory_order_acquire);
		if (i == 0 && !t && !atomic_load_explicit(&v->held[at], memory_order_relaxed))
			break; /* never used yet */
	}
	if (t)
		return t;
	*ret_at = at;
	t = calloc(1, sizeof(*t));
	if (!t || zcodec_new(1, &t->codec) < 0) {
		store_slot_free(t);
		return NULL;
	}
	t->block = UINT32_MAX;
	return t;
}

static void slot_put(const struct seg *s, struct store_slot *t, unsigned at)
{
	struct store_slot *none = NULL;
	uint32_t block = t->block;
	if (atomic_compare_exchange_strong_explicit(&s->live->slots[at], &none, t, memory_order_release, memory_order_relaxed))
		atomic_store_explicit(&s->live->held[at], block + 1, memory_order_relaxed);
	else
		store_slot_free(t);
}

int seg_doc_stat(const struct seg *s, docid_t doc, struct seg_doc_stat *ret)
{
	if (doc >= s->info.ndocs)
		return -EINVAL;
	const uint8_t *e = s->sec[SEC_STATS].p + (size_t)doc * SEG_STAT_BYTES;
	uint64_t packed = rk_get64(e + 8);
	*ret = (struct seg_doc_stat){
		.mtime_ns = (int64_t)rk_get64(e),
		.size = packed >> 24,
		.mode = packed >> 12 & 07777,
		.flags = packed & 07777,
		.length = seg_length(s, doc),
	};
	return 0;
}

static const uint8_t *block_entry(const struct seg *s, uint32_t i)
{
	return s->sec[SEC_BLOCKS].p + (size_t)i * SEG_BLOCK_ENTRY_BYTES;
}

/* The block that holds doc: the last whose first document is <= doc. */
static uint32_t block_of(const struct seg *s, docid_t doc)
{
	uint32_t lo = 0, hi = s->nblocks;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (rk_get32(block_entry(s, mid) + 8) <= doc)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int decode_block(const struct seg *s, struct zcodec *codec, uint32_t block, struct rk_buf *buf)
{
	const uint8_t *e = block_entry(s, block);
	uint64_t off = rk_get64(e), end = block + 1 < s->nblocks ? rk_get64(e + SEG_BLOCK_ENTRY_BYTES) : s->store.len;
	uint32_t raw = rk_get32(e + 12);
	const uint8_t *p = seg_touch(s, &s->store, off, end - off);
	if (!p)
		return -EUCLEAN;
	buf->len = 0;
	int rc = zblock_get(codec, s->dict, p, end - off, raw, buf);
	if (rc == -ENOMEM)
		return rc;
	return rc < 0 || buf->len != raw ? seg_damaged_at(s, SEG_STORE, off) : 0;
}

struct record {
	uint64_t title_len, fields_len, at; /* at: where the title begins in the block */
};

/* Steps over the record of a document. */
static bool next_record(const struct seg *s, docid_t doc, struct rk_rd *r, const struct rk_buf *buf, struct record *ret)
{
	struct seg_doc_stat st = {0};
	seg_doc_stat(s, doc, &st);
	ret->title_len = seg_varint(r);
	ret->fields_len = seg_varint(r);
	ret->at = buf->len - rk_rd_left(r);
	rk_rd_bytes(r, ret->title_len);
	rk_rd_bytes(r, ret->fields_len);
	rk_rd_bytes(r, st.size);
	return rk_rd_ok(r) && ret->title_len <= UINT32_MAX && ret->fields_len <= UINT32_MAX;
}

static int find_record(const struct seg *s, uint32_t block, docid_t doc, const struct rk_buf *buf, struct record *ret)
{
	struct rk_rd r = rk_rd_of(buf->data, buf->len);
	for (docid_t d = rk_get32(block_entry(s, block) + 8); d <= doc; d++)
		if (!next_record(s, d, &r, buf, ret))
			return seg_damaged_at(s, SEG_STORE, rk_get64(block_entry(s, block)));
	return 0;
}

int seg_check_block(const struct seg *s, struct zcodec *codec, uint32_t block, struct rk_buf *buf)
{
	struct record rec;
	int rc = decode_block(s, codec, block, buf);
	if (rc < 0)
		return rc;
	struct rk_rd r = rk_rd_of(buf->data, buf->len);
	docid_t doc = rk_get32(block_entry(s, block) + 8);
	docid_t end = block + 1 < s->nblocks ? rk_get32(block_entry(s, block + 1) + 8) : s->info.ndocs;
	while (doc < end && next_record(s, doc, &r, buf, &rec))
		doc++;
	return doc == end && rk_rd_left(&r) == 0 ? 0 : -EUCLEAN;
}

/* The record into buf: title, fields, content; rec->at is where in buf it begins. A small block is kept in the slot, a large one is decoded in place. */
static int read_record(const struct seg *s, docid_t doc, struct rk_buf *buf, struct record *rec)
{
	struct seg_doc_stat st = {0};
	uint32_t block = block_of(s, doc);
	unsigned at;
	struct store_slot *t = slot_get(s, block, &at);
	if (!t)
		return -ENOMEM;
	bool keep = rk_get32(block_entry(s, block) + 12) <= SEG_SLOT_BYTES;
	struct rk_buf *raw = keep ? &t->raw : buf;
	int rc = 0;
	if (!keep || t->block != block) {
		t->block = UINT32_MAX;
		rc = decode_block(s, t->codec, block, raw);
		t->block = rc == 0 && keep ? block : t->block;
	}
	rc = rc < 0 ? rc : find_record(s, block, doc, raw, rec);
	if (rc == 0 && keep) {
		seg_doc_stat(s, doc, &st);
		rc = rk_buf_put(buf, raw->data + rec->at, rec->title_len + rec->fields_len + st.size);
		rec->at = 0;
	}
	slot_put(s, t, at);
	return rc;
}

int seg_doc(const struct seg *s, docid_t doc, struct rk_buf *buf, struct rk_doc *ret, struct rk_err *err)
{
	struct seg_doc_stat st = {0};
	struct record rec = {0};
	buf->len = 0;
	if (doc >= s->info.ndocs)
		return rk_fail(err, -EINVAL, "segment %llu has no document %u", (unsigned long long)s->info.id, doc);
	int rc = read_record(s, doc, buf, &rec);
	size_t id_at = buf->len;
	rc = rc < 0 ? rc : seg_id(s, doc, buf);
	if (rc < 0)
		return rk_fail(err, rc, "segment %llu: document %u cannot be read", (unsigned long long)s->info.id, doc);
	seg_doc_stat(s, doc, &st);
	const uint8_t *title = buf->data + rec.at, *fields = title + rec.title_len;
	*ret = (struct rk_doc){
		.id = (const char *)buf->data + id_at,
		.id_len = (uint32_t)(buf->len - id_at),
		.title = (const char *)title,
		.title_len = (uint32_t)rec.title_len,
		.fields = (const char *)fields,
		.fields_len = (uint32_t)rec.fields_len,
		.content = fields + rec.fields_len,
		.content_len = st.size,
		.flags = st.flags,
		.mode = st.mode,
		.mtime_ns = st.mtime_ns,
	};
	return 0;
}
