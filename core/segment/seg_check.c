/* seg_check.c - the whole-file check of a segment: every invariant of doc/format.md "Segment" by its number.
 *
 * Opening proves S2 to S11; here come S12 (every checksum), S13 (ids), S14 (terms), S15..S18 (lists, when deep) and S19 (stored documents, when deep).
 * Reads through the same functions as everyone, and compares with what the format says about counts and orders. Threads: one. */
#include <stdlib.h>
#include <string.h>

#include "core/segment/seg_write.h"
#include "core/segment/segment_private.h"

struct check {
	const struct seg *s;
	void (*report)(void *arg, const char *invariant, const char *words);
	void *arg;
	int found;
	uint64_t postings, positions, npostings, npositions; /* sums over the terms */
};

static void __attribute__((format(printf, 3, 4))) finding(struct check *k, const char *invariant, const char *fmt, ...)
{
	struct rk_buf b = {0};
	va_list ap;
	char words[400];
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	rk_buf_printf(&b, "segment %llu: ", (unsigned long long)k->s->info.id);
	rk_buf_escaped(&b, words, strlen(words));
	rk_buf_u8(&b, 0);
	k->report(k->arg, invariant, b.bad ? "out of memory" : (const char *)b.data);
	rk_buf_done(&b);
	k->found++;
}

/* S12 */
static void check_sums(struct check *k)
{
	const struct seg_file *files[] = {&k->s->store, &k->s->postings, &k->s->positions};
	for (unsigned i = 0; i < 3; i++)
		for (uint64_t c = 0; c << SEG_CHUNK_BITS < files[i]->len; c++)
			if (seg_verify_chunk(k->s, files[i], c) < 0)
				finding(k, "S12", "%s is damaged in bytes %llu to %llu", seg_kind_name(files[i]->kind),
					(unsigned long long)(c << SEG_CHUNK_BITS), (unsigned long long)((c + 1) << SEG_CHUNK_BITS) - 1);
}

/* S13: ids rise, hold no NUL, are found by themselves; norms follow from lengths; the sums of info. */
static int check_docs(struct check *k)
{
	const struct seg *s = k->s;
	struct rk_buf id = {0}, before = {0};
	uint64_t total = 0, text = 0;
	uint32_t indexed = 0;
	for (uint32_t rank = 0; rank < s->info.ndocs; rank++) {
		docid_t doc = seg_by_rank(s, rank), found = DOC_END;
		struct seg_doc_stat st = {0};
		id.len = 0;
		seg_doc_stat(s, doc, &st);
		if (seg_id(s, doc, &id) < 0 || id.len == 0 || memchr(id.data, 0, id.len)) {
			finding(k, "S13", "id of document %u cannot be read", doc);
			continue;
		}
		size_t n = id.len < before.len ? id.len : before.len;
		int c = n ? memcmp(before.data, id.data, n) : 0;
		if (rank && (c > 0 || (c == 0 && before.len >= id.len)))
			finding(k, "S13", "id of document %u does not rise", doc);
		if (seg_find(s, id.data, id.len, &found) != 1 || found != doc)
			finding(k, "S13", "id of document %u is not found", doc);
		if (seg_norms(s)[doc] != norm_encode(st.length))
			finding(k, "S13", "length byte of document %u", doc);
		total += st.length;
		indexed += st.length > 0;
		text += st.size;
		struct rk_buf t = before;
		before = id;
		id = t;
	}
	int rc = id.bad || before.bad ? -ENOMEM : 0;
	rk_buf_done(&id);
	rk_buf_done(&before);
	if (total != s->info.total_length || indexed != s->info.nindexed || text != s->info.text_bytes)
		finding(k, "S13", "lengths or sizes do not add up to what info says");
	return rc;
}

static bool bounded(const struct impact *p, unsigned n, uint32_t tf, uint8_t norm)
{
	for (unsigned i = 0; i < n; i++)
		if (p[i].tf >= (tf < 255 ? tf : 255) && p[i].norm <= norm)
			return true;
	return false;
}

/* S15: documents rise. S16: impacts bound. S17: df, cf. S18: positions do not fall and are as many as tf says. */
static void check_list(struct check *k, const struct term_entry *t, uint64_t ordinal)
{
	struct cursor *c = malloc(sizeof(*c));
	unsigned long long n = ordinal;
	uint64_t df = 0, cf = 0;
	int64_t before = -1;
	int rc = c ? seg_cursor_of(k->s, t, c) : -ENOMEM;
	for (bool more = rc == 1; more; more = cursor_seek(c, c->last + 1)) {
		if (!cursor_load(c, true))
			break;
		for (uint32_t i = 0; i < c->n; i++) {
			const uint32_t *pos;
			uint8_t norm = seg_norms(k->s)[c->docs[i]];
			if ((int64_t)c->docs[i] <= before)
				finding(k, "S15", "term %llu: document %u does not rise", n, c->docs[i]);
			if (!bounded(c->impacts, c->nimpacts, c->tfs[i], norm) || !bounded(c->list_impacts, c->nlist_impacts, c->tfs[i], norm))
				finding(k, "S16", "term %llu: document %u scores beyond the bound of its block or list", n, c->docs[i]);
			before = c->docs[i];
			cf += c->tfs[i];
			if (c->ops->positions(c, i, &pos) != (int)c->tfs[i]) {
				finding(k, "S18", "term %llu: positions of document %u cannot be read", n, c->docs[i]);
				break;
			}
		}
		df += c->n;
		if (c->rc)
			break;
	}
	if (rc < 0 || c->rc)
		finding(k, "S15", "term %llu: its list cannot be read", n);
	else if (df != t->df || cf != t->cf)
		finding(k, "S17", "term %llu: %llu documents and %llu occurrences, not %u and %llu", n, (unsigned long long)df,
			(unsigned long long)cf, t->df, (unsigned long long)t->cf);
	if (rc == 1)
		c->ops->done(c);
	free(c);
}

/* S14: the dictionary gives 0, 1, 2, ... in byte order; lists tile their files; counts add up. */
static int check_terms(struct check *k, bool deep)
{
	const struct seg *s = k->s;
	struct fst_iter it = {0};
	struct term_walk w = {0};
	struct term_entry t = {0};
	uint64_t n = 0;
	k->postings = k->positions = SEG_HEADER_BYTES;
	int rc = fst_iter_seek(&it, &s->fst, "", 0);
	rc = rc < 0 ? rc : fst_iter_next(&it);
	for (; rc == 1; rc = fst_iter_next(&it), n++) {
		int e = it.value == n ? 0 : -EUCLEAN;
		if (e == 0 && n % SEG_TERM_GROUP == 0)
			e = term_walk_seek(s, n, &w);
		e = e < 0 ? e : term_walk_next(s, &w, &t);
		if (e < 0 || t.postings != k->postings || t.positions != k->positions) {
			finding(k, "S14", "term %llu: its entry cannot be read, or its lists do not follow those of the term before", (unsigned long long)n);
			break;
		}
		k->postings += t.postings_len;
		k->positions += t.positions_len;
		k->npostings += t.df;
		k->npositions += t.cf;
		if (deep)
			check_list(k, &t, n);
	}
	fst_iter_done(&it);
	if (rc == 0 && (n != s->info.nterms || k->postings != s->postings.len || k->positions != s->positions.len ||
			k->npostings != s->info.npostings || k->npositions != s->info.npositions))
		finding(k, "S14", "terms or lists do not add up to what info says");
	if (rc == -EUCLEAN)
		finding(k, "S9", "the term dictionary cannot be walked behind term %llu", (unsigned long long)n);
	return rc == -ENOMEM ? rc : 0;
}

/* S19 */
static int check_stored(struct check *k)
{
	struct rk_buf b = {0};
	struct zcodec *codec = NULL;
	int rc = zcodec_new(1, &codec);
	for (uint32_t i = 0; i < k->s->nblocks && rc != -ENOMEM; i++) {
		rc = seg_check_block(k->s, codec, i, &b);
		if (rc < 0 && rc != -ENOMEM)
			finding(k, "S19", "block %u of store cannot be decoded, or holds other records than its documents'", i);
	}
	zcodec_free(codec);
	rk_buf_done(&b);
	return rc == -ENOMEM ? rc : 0;
}

int seg_check(struct rk_dir *dir, uint64_t id, bool deep, void (*report)(void *arg, const char *invariant, const char *words), void *arg,
	      struct rk_err *err)
{
	struct seg *s;
	struct rk_err why = {{0}};
	int rc = seg_open(dir, id, &s, &why);
	if (rc == -EUCLEAN) {
		/* "segment 1: S4: section ids is damaged": the number stands in the words */
		const char *at = strstr(why.msg, ": S");
		char invariant[8] = "S2";
		if (at)
			snprintf(invariant, sizeof(invariant), "%.*s", (int)strcspn(at + 2, ":"), at + 2);
		report(arg, invariant, why.msg);
		return 1;
	}
	if (rc < 0)
		return rk_fail(err, rc, "%s", why.msg);
	struct check k = {.s = s, .report = report, .arg = arg};
	check_sums(&k);
	rc = check_docs(&k);
	rc = rc < 0 ? rc : check_terms(&k, deep);
	rc = rc < 0 || !deep ? rc : check_stored(&k);
	seg_unref(s);
	return rc < 0 ? rk_fail(err, rc, "checking segment %llu: out of memory", (unsigned long long)id) : k.found;
}
