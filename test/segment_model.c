/* segment_model.c - a naive twin of a segment; see segment_model.h. */
#include "test/segment_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"

uint64_t model_random(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)(model_random(seed) % n);
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static char *copy(const void *p, size_t n)
{
	char *d = must(malloc(n + 1));
	if (n)
		memcpy(d, p, n);
	return d;
}

static void make_doc(struct model *m, const struct model_shape *shape, uint32_t i, uint64_t *seed)
{
	static const char *const words[] = {"the ", "quick ", "brown ", "fox ", "index ", "of ", "letters ", "\n", "naïve ", "rank "};
	char id[64];
	int id_len = i % 5 ? snprintf(id, sizeof(id), "notes/%u/%x.txt", i % 7, i) : snprintf(id, sizeof(id), "%u", i);
	struct rk_buf content = {0};
	uint32_t size = i % 11 == 3 ? 0 : shape->max_content ? below(seed, shape->max_content) : 0;
	bool noise = i % 17 == 5;
	if (shape->huge && i == 77)
		size = 3 << 20;
	if (shape->huge && i == 78)
		size = 16 << 10;
	while (content.len < size) {
		if (noise) {
			uint64_t r = model_random(seed);
			rk_buf_put(&content, &r, 8);
		} else {
			rk_buf_str(&content, words[below(seed, 10)]);
		}
	}
	struct rk_doc *d = &m->docs[i].doc;
	char title[80], fields[80];
	int title_len = i % 3 ? snprintf(title, sizeof(title), "Title \xff number %u", i) : 0;
	int fields_len = i % 4 == 1 ? snprintf(fields, sizeof(fields), "{\"n\":%u}", i) : 0;
	*d = (struct rk_doc){
		.id = copy(id, (size_t)id_len),
		.id_len = (uint32_t)id_len,
		.title = copy(title, (size_t)title_len),
		.title_len = (uint32_t)title_len,
		.fields = copy(fields, (size_t)fields_len),
		.fields_len = (uint32_t)fields_len,
		.content = (uint8_t *)copy(content.data, size),
		.content_len = size,
		.flags = i % 8,
		.mtime_ns = (int64_t)model_random(seed),
		.mode = i % 2 ? 0644 : 07777,
	};
	if (shape->huge && i == 79) { /* the longest id, of bytes that no file name has */
		free((void *)d->id);
		d->id = must(malloc(DOC_ID_MAX));
		memset((void *)d->id, 0xfe, DOC_ID_MAX);
		d->id_len = DOC_ID_MAX;
	}
	uint32_t bits = below(seed, 14);
	m->docs[i].length = i % 13 == 6 ? 0 : 1 + below(seed, 1u << bits) + (i == 5 ? 3000000 : 0);
	m->total_length += m->docs[i].length;
	m->nindexed += m->docs[i].length > 0;
	m->text_bytes += size;
	rk_buf_done(&content);
}

static void make_list(struct model *m, struct model_term *t, uint32_t df, bool huge, uint64_t *seed)
{
	size_t cap = 64, n = 0;
	t->df = df;
	t->docs = must(malloc(df * sizeof(uint32_t)));
	t->tfs = must(malloc(df * sizeof(uint32_t)));
	t->pos = must(malloc(cap * sizeof(uint32_t)));
	uint32_t need = df;
	for (uint32_t d = 0, i = 0; i < df; d++) { /* Knuth's selection sampling */
		if (below(seed, m->ndocs - d) >= need)
			continue;
		need--;
		uint32_t kind = below(seed, 100), tf = kind < 70 ? 1 : kind < 97 ? 1 + below(seed, 9) : 1 + below(seed, 400);
		if (huge && i == df / 2)
			tf = 70000;
		t->docs[i] = d;
		t->tfs[i++] = tf;
		t->cf += tf;
		uint64_t at = 0, step = huge && kind % 2 ? (UINT64_C(1) << 32) / tf : 40;
		for (uint32_t k = 0; k < tf; k++) {
			at += below(seed, (uint32_t)(step > UINT32_MAX ? UINT32_MAX : step)) + (k == 0 || step == 1 ? 0 : 0);
			if (n == cap)
				t->pos = must(realloc(t->pos, (cap *= 2) * sizeof(uint32_t)));
			t->pos[n++] = at > UINT32_MAX ? UINT32_MAX : (uint32_t)at;
		}
	}
	m->npostings += df;
	m->npositions += t->cf;
}

static int by_bytes(const void *pa, const void *pb)
{
	const struct model_term *a = pa, *b = pb;
	int c = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

void model_make(struct model *m, const struct model_shape *shape, uint64_t seed)
{
	*m = (struct model){.seed = seed, .ndocs = shape->ndocs};
	uint32_t want = shape->nterms + shape->ndfs;
	m->docs = must(calloc(m->ndocs + 1, sizeof(*m->docs)));
	m->terms = must(calloc(want + 1, sizeof(*m->terms)));
	for (uint32_t i = 0; i < m->ndocs; i++)
		make_doc(m, shape, i, &seed);
	for (uint32_t i = 0; i < want && m->ndocs; i++) {
		struct model_term *t = &m->terms[m->nterms++];
		char bytes[300];
		t->len = i == 0 ? 0 : i == 1 ? 255 : 1 + below(&seed, 7);
		for (size_t k = 0; k < t->len; k++)
			bytes[k] = i % 3 ? (char)('a' + below(&seed, 6)) : (char)model_random(&seed);
		t->bytes = copy(bytes, t->len);
	}
	qsort(m->terms, m->nterms, sizeof(*m->terms), by_bytes);
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->nterms; i++) {
		if (n && by_bytes(&m->terms[n - 1], &m->terms[i]) == 0)
			free(m->terms[i].bytes);
		else
			m->terms[n++] = m->terms[i];
	}
	m->nterms = n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t df = 1 + below(&seed, 1u << below(&seed, 6));
		if (i < shape->ndfs)
			df = shape->dfs[i];
		make_list(m, &m->terms[i], df < m->ndocs ? df : m->ndocs, shape->huge && i % 16 == 7, &seed);
	}
}

void model_free(struct model *m)
{
	for (uint32_t i = 0; i < m->ndocs; i++) {
		free((void *)m->docs[i].doc.id);
		free((void *)m->docs[i].doc.title);
		free((void *)m->docs[i].doc.fields);
		free((void *)m->docs[i].doc.content);
	}
	for (uint32_t i = 0; i < m->nterms; i++) {
		free(m->terms[i].bytes);
		free(m->terms[i].docs);
		free(m->terms[i].tfs);
		free(m->terms[i].pos);
	}
	free(m->docs);
	free(m->terms);
	*m = (struct model){0};
}

int model_write(const struct model *m, struct rk_dir *dir, uint64_t id, bool content, struct rk_err *err)
{
	struct seg_write_params params = {.id = id, .store_content = content, .first_entry = 5, .last_entry = 99, .created_ns = 123456789,
					 .zstd_level = m->level};
	struct seg_writer *w;
	int rc = seg_write_new(dir, &params, &w, err);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < m->ndocs && rc == 0; i++)
		rc = seg_write_doc(w, &m->docs[i].doc, m->docs[i].length, err);
	for (uint32_t i = 0; i < m->nterms && rc == 0; i++) {
		const struct model_term *t = &m->terms[i];
		const uint32_t *pos = t->pos;
		rc = seg_write_term(w, t->bytes, t->len, err);
		for (uint32_t k = 0; k < t->df && rc == 0; pos += t->tfs[k++])
			rc = seg_write_posting(w, t->docs[k], t->tfs[k], pos, err);
	}
	if (rc < 0) {
		seg_write_abort(w);
		return rc;
	}
	return seg_write_commit(w, err);
}

#define DIFFERENT(what_)                                                                                                                    \
	do {                                                                                                                                \
		*what = (what_);                                                                                                            \
		return 1;                                                                                                                   \
	} while (0)

static int refused_or(int rc, const char *text, const char **what)
{
	if (rc == -EUCLEAN)
		return rc;
	*what = text;
	return 1;
}

static int compare_docs(const struct model *m, const struct seg *s, bool content, const char **what)
{
	struct rk_buf b = {0};
	int rc = 0;
	for (uint32_t i = 0; i < m->ndocs && rc == 0; i++) {
		const struct rk_doc *want = &m->docs[i].doc;
		struct rk_doc got;
		struct seg_doc_stat st;
		docid_t found = DOC_END;
		uint64_t size = content ? want->content_len : 0;
		b.len = 0;
		if (seg_id(s, i, &b) < 0 || b.len != want->id_len || memcmp(b.data, want->id, b.len) != 0)
			rc = refused_or(1, "seg_id", what);
		else if (seg_find(s, want->id, want->id_len, &found) != 1 || found != i)
			rc = refused_or(1, "seg_find", what);
		else if (seg_doc_stat(s, i, &st) < 0 || st.size != size || st.mtime_ns != want->mtime_ns || st.flags != want->flags ||
			 st.mode != want->mode || st.length != m->docs[i].length || seg_length(s, i) != st.length ||
			 seg_norms(s)[i] != norm_encode(st.length))
			rc = refused_or(1, "seg_doc_stat", what);
		else if (seg_by_rank(s, seg_rank(s, i)) != i || seg_lower_bound(s, want->id, want->id_len) != seg_rank(s, i))
			rc = refused_or(1, "ranks", what);
		if (rc)
			break;
		rc = seg_doc(s, i, &b, &got, NULL);
		if (rc == 0 && (got.id_len != want->id_len || memcmp(got.id, want->id, got.id_len) != 0 || got.title_len != want->title_len ||
				memcmp(got.title, want->title, got.title_len) != 0 || got.fields_len != want->fields_len ||
				memcmp(got.fields, want->fields, got.fields_len) != 0 || got.content_len != size ||
				memcmp(got.content, want->content, size) != 0 || got.flags != want->flags || got.mode != want->mode ||
				got.mtime_ns != want->mtime_ns))
			rc = refused_or(1, "seg_doc", what);
		else if (rc < 0)
			rc = refused_or(rc, "seg_doc", what);
	}
	rk_buf_done(&b);
	return rc;
}

static bool bounded(const struct impact *p, unsigned n, uint32_t tf, uint8_t norm)
{
	for (unsigned i = 0; i < n; i++)
		if (p[i].tf >= (tf < 255 ? tf : 255) && p[i].norm <= norm)
			return true;
	return false;
}

static int compare_block(const struct model_term *t, const struct seg *s, struct cursor *c, uint32_t *at, const uint32_t **pos, bool some,
			 const char **what)
{
	if (c->n == 0 || c->n > RK_BLOCK || *at + c->n > t->df || c->docs[c->n] != DOC_END || c->last != c->docs[c->n - 1] || c->nimpacts == 0 ||
	    c->nimpacts > IMPACT_MAX)
		DIFFERENT("block's frame");
	for (uint32_t i = 0; i < c->n; i++, ++*at) {
		uint32_t doc = t->docs[*at], tf = t->tfs[*at];
		uint8_t norm = seg_norms(s)[doc];
		if (c->docs[i] != doc || c->tfs[i] != tf)
			DIFFERENT("posting");
		if (!bounded(c->impacts, c->nimpacts, tf, norm) || !bounded(c->list_impacts, c->nlist_impacts, tf, norm))
			DIFFERENT("impact does not bound");
		const uint32_t *p;
		if (!some || *at % 3 == 1) {
			int n = c->ops->positions(c, i, &p);
			if (n < 0)
				return refused_or(n, "positions", what);
			if ((uint32_t)n != tf || memcmp(p, *pos, tf * sizeof(*p)) != 0)
				DIFFERENT("positions");
		}
		*pos += tf;
	}
	return 0;
}

static int walk_all(const struct model_term *t, const struct seg *s, struct cursor *c, bool some, const char **what)
{
	const uint32_t *pos = t->pos;
	uint32_t at = 0;
	for (bool more = true; more; more = cursor_seek(c, c->last + 1)) {
		docid_t last = c->last;
		if (!cursor_load(c, false) || !cursor_load(c, true))
			break;
		int rc = c->last == last ? compare_block(t, s, c, &at, &pos, some, what) : 1;
		if (rc)
			return rc;
	}
	if (c->rc)
		return refused_or(c->rc, "walk", what);
	if (at != t->df || c->last != DOC_END)
		DIFFERENT("walk ended early");
	return 0;
}

static int walk_seeks(const struct model *m, const struct model_term *t, struct cursor *c, uint64_t *seed, const char **what)
{
	uint32_t at = 0; /* in t: the first document >= target */
	for (uint64_t target = 0; target <= (uint64_t)m->ndocs + 2; target += 1 + below(seed, 1 + m->ndocs / (1 + below(seed, 40)))) {
		bool more = cursor_seek(c, (docid_t)target);
		if (c->rc)
			return refused_or(c->rc, "seek", what);
		while (at < t->df && t->docs[at] < target)
			at++;
		if (more != (at < t->df))
			DIFFERENT("seek: end or not");
		if (!more)
			break;
		uint32_t begin = at / RK_BLOCK * RK_BLOCK, end = begin + RK_BLOCK < t->df ? begin + RK_BLOCK : t->df;
		if (c->last != t->docs[end - 1] || c->last < target)
			DIFFERENT("seek: another block");
		if (below(seed, 2)) {
			const uint32_t *p, *want = t->pos;
			if (!cursor_load(c, below(seed, 2)))
				return refused_or(c->rc, "load", what);
			if (c->n != end - begin || c->docs[at - begin] != t->docs[at])
				DIFFERENT("seek: documents");
			for (uint32_t i = 0; i < at; i++)
				want += t->tfs[i];
			int n = c->ops->positions(c, at - begin, &p);
			if (n < 0)
				return refused_or(n, "positions after seek", what);
			if ((uint32_t)n != t->tfs[at] || memcmp(p, want, (size_t)n * 4) != 0)
				DIFFERENT("positions after seek");
		}
	}
	return 0;
}

static int compare_terms(const struct model *m, const struct seg *s, const char **what)
{
	struct cursor *c = must(malloc(sizeof(*c)));
	uint64_t seed = m->seed;
	int rc = 0;
	for (uint32_t i = 0; i < m->nterms && rc == 0; i++) {
		const struct model_term *t = &m->terms[i];
		uint32_t df = 0;
		uint64_t cf = 0;
		int n = seg_term_stats(s, t->bytes, t->len, &df, &cf);
		if (n != 1 || df != t->df || cf != t->cf)
			rc = refused_or(n, "seg_term_stats", what);
		for (int pass = 0; pass < 4 && rc == 0; pass++) {
			n = seg_cursor(s, t->bytes, t->len, c);
			if (n != 1)
				rc = refused_or(n, "seg_cursor", what);
			else if (c->df != t->df || c->cf != t->cf)
				rc = refused_or(1, "cursor's counts", what);
			else
				rc = pass < 2 ? walk_all(t, s, c, pass, what) : walk_seeks(m, t, c, &seed, what);
			if (n == 1)
				c->ops->done(c);
		}
	}
	free(c);
	return rc;
}

static int compare_iteration(const struct model *m, const struct seg *s, const char **what)
{
	for (uint32_t from = 0; from <= m->nterms; from += 1 + m->nterms / 7) {
		struct seg_terms *it;
		const char *term;
		size_t len;
		uint32_t df, i = from;
		uint64_t cf;
		const struct model_term *t = from < m->nterms ? &m->terms[from] : NULL;
		char beyond[260];
		memset(beyond, 0xff, sizeof(beyond));
		int rc = seg_terms_new(s, t ? t->bytes : beyond, t ? t->len : sizeof(beyond), &it);
		if (rc < 0)
			return refused_or(rc, "seg_terms_new", what);
		while ((rc = seg_terms_next(it, &term, &len, &df, &cf)) == 1 && i < m->nterms) {
			const struct model_term *want = &m->terms[i++];
			if (len != want->len || memcmp(term, want->bytes, len) != 0 || df != want->df || cf != want->cf)
				break;
		}
		seg_terms_free(it);
		if (rc < 0)
			return refused_or(rc, "seg_terms_next", what);
		if (rc != 0 || i != m->nterms)
			DIFFERENT("seg_terms");
	}
	return 0;
}

static int compare_missing(const struct model *m, const struct seg *s, const char **what)
{
	uint64_t seed = m->seed + 1;
	for (unsigned i = 0; i < 300; i++) {
		char key[40];
		size_t len = (size_t)snprintf(key, sizeof(key), "%s%u~", i % 2 ? "notes/" : "", below(&seed, m->ndocs + 2));
		docid_t doc;
		uint32_t df, rank = 0;
		uint64_t cf;
		for (uint32_t d = 0; d < m->ndocs; d++) {
			const struct rk_doc *o = &m->docs[d].doc;
			int c = memcmp(o->id, key, o->id_len < len ? o->id_len : len);
			rank += c < 0 || (c == 0 && o->id_len < len);
		}
		if (seg_find(s, key, len, &doc) != 0)
			DIFFERENT("a missing id is found");
		if (seg_lower_bound(s, key, len) != rank)
			DIFFERENT("seg_lower_bound");
		if (seg_term_stats(s, key, len, &df, &cf) != 0)
			DIFFERENT("a missing term is found");
	}
	return 0;
}

int model_compare(const struct model *m, const struct seg *s, bool content, const char **what)
{
	const struct seg_info *i = seg_get_info(s);
	*what = "";
	if (i->ndocs != m->ndocs || i->nindexed != m->nindexed || i->total_length != m->total_length || i->nterms != m->nterms ||
	    i->npostings != m->npostings || i->npositions != m->npositions || i->text_bytes != (content ? m->text_bytes : 0) ||
	    i->first_entry != 5 || i->last_entry != 99 || i->created_ns != 123456789)
		DIFFERENT("info");
	int rc = compare_terms(m, s, what);
	rc = rc ? rc : compare_docs(m, s, content, what);
	rc = rc ? rc : compare_iteration(m, s, what);
	return rc ? rc : compare_missing(m, s, what);
}

/* ---- files as bytes ---- */

static const char *const flat_names[FLAT_COUNT] = {"meta", "store", "postings", "positions"};

static int flat_map(struct rk_dir *d, const char *name, struct rk_map *ret, struct rk_err *err)
{
	struct flat *f = (struct flat *)d;
	(void)err;
	for (unsigned i = 0; i < FLAT_COUNT; i++) {
		if (strcmp(strrchr(name, '/') + 1, flat_names[i]) != 0)
			continue;
		*ret = (struct rk_map){.bytes = f->file[i].data, .len = f->file[i].len};
		if (f->fresh) {
			ret->priv = must(malloc(ret->len ? ret->len : 1));
			if (ret->len)
				memcpy(ret->priv, ret->bytes, ret->len);
			ret->bytes = ret->priv;
		}
		return 0;
	}
	return -ENOENT;
}

static void flat_unmap(struct rk_dir *d, struct rk_map *map)
{
	(void)d;
	free(map->priv);
}

static const struct rk_dir_ops flat_ops = {.map = flat_map, .unmap = flat_unmap};

int flat_init(struct flat *f, struct rk_dir *from, uint64_t id)
{
	*f = (struct flat){.dir = {&flat_ops}, .id = id};
	int rc = 0;
	for (unsigned i = 0; i < FLAT_COUNT && rc >= 0; i++) {
		char name[96];
		snprintf(name, sizeof(name), "segments/segment_%016llx/%s", (unsigned long long)id, flat_names[i]);
		rc = dir_read_all(from, name, SIZE_MAX / 2, &f->file[i], NULL);
	}
	return rc < 0 ? rc : 0;
}

void flat_done(struct flat *f)
{
	for (unsigned i = 0; i < FLAT_COUNT; i++)
		rk_buf_done(&f->file[i]);
}

/* Knows the frame on its own: header 32, sections, a table of 17 entries of 32, footer 32; sums of the chunks in sections 14 to 16. */
void flat_forge(struct flat *f)
{
	enum { NSEC = 17, CHUNK = 16384 };
	uint8_t *meta = f->file[FLAT_META].data;
	size_t len = f->file[FLAT_META].len;
	for (unsigned i = 0; i < FLAT_COUNT; i++)
		if (f->file[i].len >= 32)
			rk_put64(f->file[i].data + 24, rk_checksum(f->file[i].data, 24));
	if (len < 32 + NSEC * 32 + 32)
		return;
	uint8_t *table = meta + len - 32 - NSEC * 32;
	for (unsigned i = 0; i < NSEC; i++) {
		uint8_t *e = table + i * 32;
		uint64_t off = rk_get64(e), n = rk_get64(e + 8);
		if (off > len || n > len - off)
			continue;
		for (size_t c = 0; i >= 14 && c < n / 8 && c * CHUNK < f->file[i - 13].len; c++) {
			const struct rk_buf *b = &f->file[i - 13];
			size_t left = b->len - c * CHUNK;
			rk_put64(meta + off + c * 8, rk_checksum(b->data + c * CHUNK, left < CHUNK ? left : CHUNK));
		}
		rk_put64(e + 16, rk_checksum(meta + off, n));
	}
	rk_put64(meta + len - 16, rk_checksum(table, NSEC * 32 + 16));
}

static void read_list(const struct seg *s, const char *term, size_t len, int *first)
{
	struct cursor *c = must(malloc(sizeof(*c)));
	uint32_t ndocs = seg_get_info(s)->ndocs;
	for (int pass = 0; pass < 2; pass++) {
		int rc = seg_cursor(s, term, len, c);
		if (rc != 1) {
			*first = *first ? *first : rc;
			continue;
		}
		for (bool more = true; more; more = cursor_seek(c, c->last == DOC_END ? DOC_END : c->last + 1 + (pass ? ndocs / 9 : 0))) {
			if (!cursor_load(c, true))
				break;
			for (uint32_t i = 0; i < c->n; i++) {
				const uint32_t *p;
				if (c->docs[i] >= ndocs || c->tfs[i] == 0)
					abort(); /* callers index arrays with these */
				int n = i % (pass ? 5 : 1) ? 0 : c->ops->positions(c, i, &p);
				if (n < 0)
					break;
				for (int k = 1; k < n; k++)
					if (p[k] < p[k - 1])
						abort();
			}
		}
		*first = *first ? *first : c->rc;
		c->ops->done(c);
	}
	free(c);
}

int read_everything(const struct seg *s)
{
	const struct seg_info *info = seg_get_info(s);
	struct seg_terms *it;
	struct rk_buf b = {0};
	int first = 0, rc = seg_terms_new(s, "", 0, &it);
	const char *term;
	size_t len;
	uint32_t df, n = 0;
	uint64_t cf;
	while (rc == 0 && n++ < 5000 && (rc = seg_terms_next(it, &term, &len, &df, &cf)) == 1) {
		read_list(s, term, len, &first);
		rc = 0;
	}
	first = first ? first : rc;
	seg_terms_free(it);
	for (uint32_t d = 0; d < info->ndocs && d < 5000; d += 1 + d / 4) {
		struct rk_doc doc;
		struct seg_doc_stat st;
		docid_t found;
		b.len = 0;
		if (seg_id(s, d, &b) == 0) {
			seg_find(s, b.data, b.len, &found);
			seg_lower_bound(s, b.data, b.len);
		}
		seg_doc_stat(s, d, &st);
		rc = seg_doc(s, d, &b, &doc, NULL);
		uint64_t sum = 0;
		for (uint64_t i = 0; rc == 0 && i < doc.content_len; i++)
			sum += doc.content[i];
		first = first ? first : rc;
		if (sum == UINT64_MAX)
			abort();
	}
	rk_buf_done(&b);
	return first;
}
