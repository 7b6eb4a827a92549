/* seg_open.c - proves meta: frame, sections, counts, tables; then maps the other files.
 *
 * Format: doc/format.md "Segment". Whatever later code reads from these sections without asking again was proven here: lengths of the fixed-width
 * arrays (S5), documents and ranks as inverse permutations (S6), the block table (S7), anchors (S8). */
#include "core/segment/seg_open_private.h"

#include <stdlib.h>

static const char *const section_names[SEC_COUNT] = {
	"info", "fst",	 "terms",   "term groups", "ids",    "id groups",  "by rank",	    "rank",	       "filter",
	"norms", "lengths", "stats", "blocks",	    "dictionary", "sums of store", "sums of postings", "sums of positions",
};

const char *seg_section_name(enum seg_section kind)
{
	return section_names[kind];
}

static int bad(struct rk_err *err, const char *invariant, const char *what)
{
	return rk_fail(err, -EUCLEAN, "%s: %s", invariant, what);
}

static int check_header(const uint8_t *p, uint64_t len, enum seg_kind kind, uint64_t id, struct rk_err *err)
{
	if (len < SEG_HEADER_BYTES || rk_get64(p) != SEG_MAGIC)
		return rk_fail(err, -EUCLEAN, "S2: %s is no file of a segment", seg_kind_name(kind));
	if (rk_get64(p + 24) != rk_checksum(p, 24))
		return rk_fail(err, -EUCLEAN, "S2: header of %s is damaged", seg_kind_name(kind));
	if (rk_get32(p + 8) != SEG_VERSION)
		return rk_fail(err, -EPROTONOSUPPORT, "%s has format version %u, this program reads version %u", seg_kind_name(kind),
			       rk_get32(p + 8), SEG_VERSION);
	if (rk_get32(p + 12) != (uint32_t)kind || rk_get64(p + 16) != id)
		return rk_fail(err, -EUCLEAN, "S2: %s is another file or of another segment", seg_kind_name(kind));
	return 0;
}

/* Footer, table of sections, and that the sections tile the file between header and table. */
static int check_frame(struct seg *s, struct rk_err *err)
{
	const uint8_t *p = s->meta.bytes;
	uint64_t len = s->meta.len, table_bytes = (uint64_t)SEC_COUNT * SEG_ENTRY_BYTES;
	if (len < SEG_HEADER_BYTES + table_bytes + SEG_FOOTER_BYTES)
		return bad(err, "S3", "meta is too short");
	const uint8_t *footer = p + len - SEG_FOOTER_BYTES, *table = footer - table_bytes;
	if (rk_get64(footer + 24) != SEG_END_MAGIC || rk_get64(footer) != (uint64_t)(table - p) || rk_get32(footer + 8) != SEC_COUNT ||
	    rk_get32(footer + 12) != SEG_VERSION)
		return bad(err, "S3", "meta has no valid footer");
	if (rk_checksum(table, table_bytes + 16) != rk_get64(footer + 16))
		return bad(err, "S3", "the table of sections is damaged");
	uint64_t at = SEG_HEADER_BYTES, end = (uint64_t)(table - p);
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		const uint8_t *e = table + (size_t)i * SEG_ENTRY_BYTES;
		uint64_t off = rk_get64(e), n = rk_get64(e + 8);
		if (off != at || n > end - at || rk_get32(e + 24) != i + 1 || rk_get32(e + 28) != 0)
			return rk_fail(err, -EUCLEAN, "S3: entry of section %s", section_names[i]);
		if (rk_checksum(p + off, n) != rk_get64(e + 16)) {
			seg_damaged_at(s, SEG_META, off);
			return rk_fail(err, -EUCLEAN, "S4: section %s is damaged", section_names[i]);
		}
		s->sec[i] = (struct section){p + off, n};
		at += n;
	}
	return at == end ? 0 : bad(err, "S3", "bytes between the sections and their table");
}

static int read_info(struct seg *s, struct rk_err *err)
{
	if (s->sec[SEC_INFO].len != SEG_INFO_BYTES)
		return bad(err, "S5", "info has another size");
	struct rk_rd r = rk_rd_of(s->sec[SEC_INFO].p, SEG_INFO_BYTES);
	struct seg_info *i = &s->info;
	i->version = SEG_VERSION;
	i->ndocs = rk_rd_u32(&r);
	i->nindexed = rk_rd_u32(&r);
	i->total_length = rk_rd_u64(&r);
	i->nterms = rk_rd_u64(&r);
	i->npostings = rk_rd_u64(&r);
	i->npositions = rk_rd_u64(&r);
	i->text_bytes = rk_rd_u64(&r);
	i->first_entry = rk_rd_u64(&r);
	i->last_entry = rk_rd_u64(&r);
	i->created_ns = (int64_t)rk_rd_u64(&r);
	s->features = rk_rd_u32(&r);
	s->nblocks = rk_rd_u32(&r);
	s->store = (struct seg_file){.kind = SEG_STORE, .len = rk_rd_u64(&r), .sums = s->sec[SEC_SUMS_STORE].p};
	s->postings = (struct seg_file){.kind = SEG_POSTINGS, .len = rk_rd_u64(&r), .sums = s->sec[SEC_SUMS_POSTINGS].p};
	s->positions = (struct seg_file){.kind = SEG_POSITIONS, .len = rk_rd_u64(&r), .sums = s->sec[SEC_SUMS_POSITIONS].p};
	i->bytes = s->meta.len + s->store.len + s->postings.len + s->positions.len;
	if (i->ndocs > SEG_MAX_DOCS || i->nindexed > i->ndocs || i->npostings > i->npositions || i->nterms > i->npostings ||
	    (s->features & ~(uint32_t)SEG_STORES_CONTENT))
		return bad(err, "S5", "counts of info contradict each other");
	return 0;
}

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static int check_sizes(const struct seg *s, struct rk_err *err)
{
	uint64_t n = s->info.ndocs;
	const uint64_t want[SEC_COUNT] = {
		[SEC_TERM_GROUPS] = ceil_div(s->info.nterms, SEG_TERM_GROUP) * SEG_TERM_ANCHOR_BYTES,
		[SEC_ID_GROUPS] = ceil_div(n, SEG_ID_GROUP) * 4,
		[SEC_BY_RANK] = n * 4,
		[SEC_RANK] = n * 4,
		[SEC_BLOOM] = ceil_div(n * SEG_BLOOM_BITS_PER_ID, (uint64_t)SEG_BLOOM_BLOCK * 8) * SEG_BLOOM_BLOCK,
		[SEC_NORMS] = n,
		[SEC_LENGTHS] = n * 4,
		[SEC_STATS] = n * SEG_STAT_BYTES,
		[SEC_BLOCKS] = (uint64_t)s->nblocks * SEG_BLOCK_ENTRY_BYTES,
		[SEC_SUMS_STORE] = ceil_div(s->store.len, SEG_CHUNK) * 8,
		[SEC_SUMS_POSTINGS] = ceil_div(s->postings.len, SEG_CHUNK) * 8,
		[SEC_SUMS_POSITIONS] = ceil_div(s->positions.len, SEG_CHUNK) * 8,
	};
	for (unsigned i = SEC_TERM_GROUPS; i < SEC_COUNT; i++)
		if (i != SEC_IDS && i != SEC_DICT && s->sec[i].len != want[i])
			return rk_fail(err, -EUCLEAN, "S5: section %s has another size than the counts say", section_names[i]);
	return 0;
}

static int check_ranks(const struct seg *s, struct rk_err *err)
{
	const uint8_t *by_rank = s->sec[SEC_BY_RANK].p, *rank = s->sec[SEC_RANK].p;
	for (uint32_t i = 0; i < s->info.ndocs; i++) {
		uint32_t doc = rk_get32(by_rank + (size_t)i * 4);
		if (doc >= s->info.ndocs || rk_get32(rank + (size_t)doc * 4) != i)
			return bad(err, "S6", "ranks and documents are no inverse permutations");
	}
	return 0;
}

static int check_blocks(const struct seg *s, struct rk_err *err)
{
	uint64_t off = SEG_HEADER_BYTES;
	int64_t first = -1;
	if ((s->nblocks == 0) != (s->info.ndocs == 0))
		return bad(err, "S7", "documents without blocks, or blocks without documents");
	for (uint32_t i = 0; i < s->nblocks; i++) {
		const uint8_t *e = s->sec[SEC_BLOCKS].p + (size_t)i * SEG_BLOCK_ENTRY_BYTES;
		uint64_t o = rk_get64(e);
		uint32_t doc = rk_get32(e + 8);
		if ((i ? o <= off : o != off) || o >= s->store.len || doc <= first || doc >= s->info.ndocs || (!i && doc) ||
		    rk_get32(e + 12) > SEG_MAX_CONTENT + 64)
			return rk_fail(err, -EUCLEAN, "S7: entry %u of the block table", i);
		off = o;
		first = doc;
	}
	return 0;
}

static int check_anchors(const struct seg *s, struct rk_err *err)
{
	uint64_t n = s->sec[SEC_TERM_GROUPS].len / SEG_TERM_ANCHOR_BYTES, terms = 0, postings = 0, positions = 0;
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *e = s->sec[SEC_TERM_GROUPS].p + i * SEG_TERM_ANCHOR_BYTES;
		uint64_t a = rk_get32(e), b = rk_get64(e + 4), c = rk_get64(e + 12);
		if ((i ? a <= terms : a != 0) || a >= s->sec[SEC_TERMS].len || b < postings || b > s->postings.len || c < positions ||
		    c > s->positions.len)
			return rk_fail(err, -EUCLEAN, "S8: anchor %llu of the table of terms", (unsigned long long)i);
		terms = a;
		postings = b;
		positions = c;
	}
	uint32_t ids = 0;
	for (uint64_t i = 0; i < s->sec[SEC_ID_GROUPS].len / 4; i++) {
		uint32_t a = rk_get32(s->sec[SEC_ID_GROUPS].p + i * 4);
		if ((i ? a <= ids : a != 0) || a >= s->sec[SEC_IDS].len)
			return rk_fail(err, -EUCLEAN, "S8: anchor %llu of the ids", (unsigned long long)i);
		ids = a;
	}
	return 0;
}

int seg_open_meta(struct seg *s, struct rk_err *err)
{
	char name[SEG_NAME_BYTES];
	seg_file_name(s->info.id, SEG_META, name);
	int rc = s->dir->ops->map(s->dir, name, &s->meta, err);
	if (rc < 0)
		return rc;
	rc = check_header(s->meta.bytes, s->meta.len, SEG_META, s->info.id, err);
	rc = rc < 0 ? rc : check_frame(s, err);
	rc = rc < 0 ? rc : read_info(s, err);
	rc = rc < 0 ? rc : check_sizes(s, err);
	rc = rc < 0 ? rc : check_ranks(s, err);
	rc = rc < 0 ? rc : check_blocks(s, err);
	rc = rc < 0 ? rc : check_anchors(s, err);
	if (rc < 0)
		return rc;
	if (fst_open(s->sec[SEC_FST].p, s->sec[SEC_FST].len, &s->fst) < 0 || s->fst.nkeys != s->info.nterms)
		return bad(err, "S9", "the term dictionary cannot be read, or has another number of terms");
	if (s->sec[SEC_DICT].len)
		rc = zdict_new(s->sec[SEC_DICT].p, s->sec[SEC_DICT].len, 1, &s->dict);
	return rc < 0 ? rk_fail(err, rc == -ENOMEM ? rc : -EUCLEAN, "S10: the compression dictionary cannot be read") : 0;
}

static int open_file(struct seg *s, struct seg_file *f, struct rk_err *err)
{
	char name[SEG_NAME_BYTES];
	seg_file_name(s->info.id, f->kind, name);
	int rc = s->dir->ops->map(s->dir, name, &f->map, err);
	if (rc < 0)
		return rc == -ENOENT ? rk_wrap(err, -EUCLEAN, "S11: %s is missing", seg_kind_name(f->kind)) : rc;
	if (f->map.len != f->len)
		return rk_fail(err, -EUCLEAN, "S11: %s has %zu bytes, not %llu", seg_kind_name(f->kind), f->map.len, (unsigned long long)f->len);
	f->state = calloc((f->len >> SEG_CHUNK_BITS) + 1, sizeof(*f->state));
	if (!f->state)
		return rk_fail(err, -ENOMEM, "out of memory");
	return check_header(f->map.bytes, f->map.len, f->kind, s->info.id, err);
}

int seg_open_files(struct seg *s, struct rk_err *err)
{
	int rc = open_file(s, &s->store, err);
	rc = rc < 0 ? rc : open_file(s, &s->postings, err);
	return rc < 0 ? rc : open_file(s, &s->positions, err);
}
