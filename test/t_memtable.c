/* t_memtable.c - the memtable against a naive model: every limit, every position, readers beside a writer; and the dead set. */
#include "core/index/memtable.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment/seg_write.h"
#include "test/tap.h"

/* The linker puts these in front of the allocator (local.mk): the n-th call from now fails. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

static int fail_in = -1; /* < 0: never */

static bool fails(void)
{
	return fail_in >= 0 && fail_in-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __real_aligned_alloc(align, n);
}

enum { NDOCS = 1500, NWORDS = 400, MAXLEN = 300 };

/* The model: word numbers as they stand in each document. */
static struct {
	uint16_t words[MAXLEN];
	uint32_t n, title;
	char id[16];
	char *title_text, *text;
	bool staged;
} model[NDOCS];

static uint64_t rng = 88172645463325252u;
static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 20) % n;
}

static void word(uint32_t w, char out[24])
{
	sprintf(out, "q%u%s", w, w % 7 == 0 ? "longerthanothers" : "z");
}

static char *join(const uint16_t *w, uint32_t n)
{
	char *s = malloc(n * 24 + 1), *p = s;
	for (uint32_t i = 0; i < n; i++) {
		word(w[i], p);
		p += strlen(p);
		*p++ = ' ';
	}
	*p = 0;
	return s;
}

static void make_model(void)
{
	if (model[0].text)
		return;
	for (uint32_t d = 0; d < NDOCS; d++) {
		model[d].n = d % 17 == 0 ? 0 : 1 + rnd(d % 5 ? 40 : MAXLEN - 1);
		model[d].title = model[d].n ? rnd(model[d].n < 5 ? model[d].n : 5) : 0;
		for (uint32_t i = 0; i < model[d].n; i++)
			model[d].words[i] = (uint16_t)(rnd(NWORDS) * rnd(NWORDS) / NWORDS); /* small numbers are frequent */
		sprintf(model[d].id, "id%u", rnd(NDOCS / 2));
		model[d].title_text = join(model[d].words, model[d].title);
		model[d].text = join(model[d].words + model[d].title, model[d].n - model[d].title);
		model[d].staged = d % 29 == 0;
		if (model[d].staged)
			model[d].n = 0;
	}
}

static uint32_t position(uint32_t d, uint32_t i)
{
	return i + (model[d].title && i >= model[d].title ? 100 : 0);
}

static struct rk_doc model_doc(uint32_t d)
{
	return (struct rk_doc){.id = model[d].id, .id_len = (uint32_t)strlen(model[d].id), .title = model[d].title_text,
			       .title_len = (uint32_t)strlen(model[d].title_text), .content = (const uint8_t *)model[d].text,
			       .content_len = strlen(model[d].text), .flags = model[d].staged ? DOC_STAGED : 0, .mtime_ns = d};
}

static void add(struct memtable *m, struct analyzer *a, uint32_t d)
{
	docid_t no = 0;
	struct rk_doc doc = model_doc(d);
	CU_ASSERT_EQUAL(memtable_add(m, a, &doc, &no), 0);
	CU_ASSERT_EQUAL(no, d);
}

static struct analyzer *plain_analyzer(void)
{
	struct analyzer_params p = {.language = "none", .fold = true};
	struct analyzer *a = NULL;
	CU_ASSERT_EQUAL_FATAL(analyzer_new(&p, &a, NULL), 0);
	return a;
}

static struct memtable *filled(void)
{
	struct memtable *m = NULL;
	struct analyzer *a = plain_analyzer();
	make_model();
	CU_ASSERT_EQUAL_FATAL(memtable_new(&m), 0);
	for (uint32_t d = 0; d < NDOCS; d++)
		add(m, a, d);
	analyzer_free(a);
	return m;
}

static uint32_t model_tf(uint32_t d, uint32_t w)
{
	uint32_t tf = 0;
	for (uint32_t i = 0; i < model[d].n; i++)
		tf += model[d].words[i] == w;
	return tf;
}

/* One document of a loaded block; false when anything differs. */
static bool same_posting(struct cursor *c, uint32_t i, uint32_t d, uint32_t w, bool positions)
{
	if (c->docs[i] != d || c->tfs[i] != model_tf(d, w))
		return false;
	if (!positions)
		return true;
	const uint32_t *pos;
	int n = c->ops->positions(c, i, &pos), k = 0;
	for (uint32_t j = 0; j < model[d].n; j++)
		if (model[d].words[j] == w && (k >= n || pos[k++] != position(d, j)))
			return false;
	return k == n;
}

static bool impacts_hold(const struct cursor *c, uint32_t i, const uint8_t *norms)
{
	uint32_t tf = c->tfs[i] < 255 ? c->tfs[i] : 255;
	for (unsigned k = 0; k < c->nimpacts; k++)
		if (c->impacts[k].tf >= tf && c->impacts[k].norm <= norms[c->docs[i]])
			return true;
	return false;
}

static void check_term(struct memtable *m, uint32_t limit, uint32_t w, unsigned step)
{
	static struct cursor c;
	char t[24];
	word(w, t);
	uint32_t df = 0, got_df = 0;
	uint64_t cf = 0, got_cf = 0;
	for (uint32_t d = 0; d < limit; d++) {
		uint32_t tf = model_tf(d, w);
		df += tf != 0;
		cf += tf;
	}
	CU_ASSERT_EQUAL(memtable_term_stats(m, limit, t, strlen(t), &got_df, &got_cf), df != 0);
	CU_ASSERT_TRUE(got_df == df && got_cf == cf);
	int rc = memtable_cursor(m, limit, t, strlen(t), &c);
	CU_ASSERT_EQUAL(rc, df != 0);
	if (rc != 1)
		return;
	CU_ASSERT_TRUE(c.df == df && c.cf == cf && c.last != DOC_END);
	/* Documents of the model that contain the word, every `step`-th asked for by seek. */
	uint32_t n = 0, bad = 0;
	for (uint32_t d = 0; d < limit; d++) {
		if (!model_tf(d, w) || n++ % step)
			continue;
		if (!cursor_seek(&c, d) || !cursor_load(&c, true)) {
			bad++;
			break;
		}
		uint32_t i = 0;
		while (c.docs[i] < d)
			i++;
		bad += !same_posting(&c, i, d, w, n % 3 == 0) || !impacts_hold(&c, i, memtable_norms(m));
		bad += c.last != c.docs[c.n - 1] || c.docs[c.n] != DOC_END;
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_FALSE(cursor_seek(&c, limit));
	CU_ASSERT_EQUAL(c.last, DOC_END);
	c.ops->done(&c);
}

static void model_agrees(void)
{
	struct memtable *m = filled();
	static const uint32_t limits[] = {0, 1, 2, 100, 777, NDOCS - 1, NDOCS};
	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct memtable_stats s;
		memtable_stats(m, limits[i], &s);
		uint32_t nindexed = 0;
		uint64_t total = 0, bytes = 0;
		for (uint32_t d = 0; d < limits[i]; d++) {
			nindexed += model[d].n != 0;
			total += model[d].n;
			bytes += strlen(model[d].text);
		}
		CU_ASSERT_TRUE(s.nindexed == nindexed && s.total_length == total && s.content_bytes == bytes);
		for (uint32_t w = 0; w < NWORDS; w += limits[i] % 5 + 1)
			check_term(m, limits[i], w, 1 + w % 4);
	}
	for (uint32_t d = 0; d < NDOCS; d++) {
		const struct rk_doc *doc = memtable_doc(m, d);
		CU_ASSERT_EQUAL(memtable_length(m, d), model[d].n);
		CU_ASSERT_EQUAL(memtable_norms(m)[d], norm_encode(model[d].n));
		CU_ASSERT_TRUE(doc->content_len == strlen(model[d].text) && memcmp(doc->content, model[d].text, doc->content_len) == 0);
		CU_ASSERT_TRUE(doc->mtime_ns == d && doc->title_len == strlen(model[d].title_text));
	}
	memtable_unref(m);
}

static void ids_are_found_at_a_limit(void)
{
	struct memtable *m = filled();
	uint32_t bad = 0;
	for (unsigned k = 0; k < 20000; k++) {
		uint32_t limit = rnd(NDOCS + 1), newest = UINT32_MAX;
		char id[16];
		sprintf(id, "id%u", rnd(NDOCS / 2));
		for (uint32_t d = limit; d-- > 0 && newest == UINT32_MAX;)
			if (strcmp(model[d].id, id) == 0)
				newest = d;
		docid_t got = UINT32_MAX;
		int rc = memtable_find(m, limit, id, strlen(id), &got);
		bad += rc != (newest != UINT32_MAX) || got != newest;
	}
	CU_ASSERT_EQUAL(bad, 0);
	memtable_unref(m);
}

static void terms_are_sorted(void)
{
	struct memtable *m = filled();
	struct memtable_term *v = NULL;
	static struct cursor c;
	for (uint32_t limit = 0; limit <= NDOCS; limit += 500) {
		size_t n = 0, want = 0;
		for (uint32_t w = 0; w < NWORDS; w++) {
			bool seen = false;
			for (uint32_t d = 0; d < limit && !seen; d++)
				seen = model_tf(d, w) != 0;
			want += seen;
		}
		CU_ASSERT_EQUAL_FATAL(memtable_terms(m, limit, "", 0, &v, &n), 0);
		CU_ASSERT_EQUAL(n, want);
		for (size_t i = 0; i < n; i++) {
			uint32_t df = 0;
			uint64_t cf = 0;
			CU_ASSERT_TRUE(i == 0 || strncmp(v[i - 1].term, v[i].term, v[i - 1].len < v[i].len ? v[i - 1].len : v[i].len) <= 0);
			CU_ASSERT_EQUAL(memtable_term_cursor(m, limit, &v[i], &c), 1);
			CU_ASSERT_EQUAL(memtable_term_stats(m, limit, v[i].term, v[i].len, &df, &cf), 1);
			CU_ASSERT_TRUE(c.df == df && c.cf == cf);
			c.ops->done(&c);
		}
		free(v);
	}
	size_t n = 0;
	CU_ASSERT_EQUAL_FATAL(memtable_terms(m, NDOCS, "q12", 3, &v, &n), 0);
	CU_ASSERT_TRUE(n >= 5);
	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(memcmp(v[i].term, "q12", 3), 0);
	free(v);
	memtable_unref(m);
}

static void giant_document(void)
{
	/* Crosses chunks of the arena and every slice size. */
	enum { N = 700000 };
	struct memtable *m = NULL;
	struct analyzer *a = plain_analyzer();
	static struct cursor c;
	char *text = malloc(N * 9), *p = text;
	for (uint32_t i = 0; i < N; i++)
		p += sprintf(p, "w%u ", i % 10 ? i % 1000 : 0);
	CU_ASSERT_EQUAL_FATAL(memtable_new(&m), 0);
	struct rk_doc doc = {.id = "big", .id_len = 3, .content = (const uint8_t *)text, .content_len = (uint64_t)(p - text)};
	docid_t no;
	for (unsigned k = 0; k < 3; k++)
		CU_ASSERT_EQUAL(memtable_add(m, a, &doc, &no), 0);
	CU_ASSERT_EQUAL_FATAL(memtable_cursor(m, 3, "w0", 2, &c), 1);
	const uint32_t *pos;
	uint32_t bad = 0;
	CU_ASSERT_EQUAL_FATAL(c.ops->positions(&c, 0, &pos), N / 10);
	CU_ASSERT_EQUAL_FATAL(c.ops->positions(&c, 2, &pos), N / 10);
	for (uint32_t i = 0; i < N / 10; i++)
		bad += pos[i] != i * 10;
	CU_ASSERT_EQUAL(bad, 0);
	c.ops->done(&c);
	CU_ASSERT_EQUAL_FATAL(memtable_cursor(m, 3, "w999", 4, &c), 1);
	CU_ASSERT_EQUAL_FATAL(c.ops->positions(&c, 1, &pos), N / 1000);
	for (uint32_t i = 0; i < N / 1000; i++)
		bad += pos[i] != i * 1000 + 999;
	CU_ASSERT_EQUAL(bad, 0);
	c.ops->done(&c);
	free(text);
	analyzer_free(a);
	memtable_unref(m);
}

static void memory_is_bounded(void)
{
	struct memtable *m = filled();
	uint64_t text = 0;
	for (uint32_t d = 0; d < NDOCS; d++)
		text += strlen(model[d].text) + strlen(model[d].title_text);
	CU_ASSERT_TRUE(memtable_bytes(m) < (8 << 20) + 3 * text);
	memtable_unref(m);
}

/* Every allocation of every add fails once: nothing of the document is there, and the next try is as if nothing had been. */
static void failed_adds_leave_nothing(void)
{
	struct memtable *m = NULL;
	struct analyzer *a = plain_analyzer();
	unsigned failures = 0;
	make_model();
	for (fail_in = 0; memtable_new(&m) < 0; fail_in = (int)++failures)
		;
	fail_in = -1;
	CU_ASSERT_TRUE(failures >= 4);
	for (uint32_t d = 0; d < NDOCS; d++) {
		struct rk_doc doc = model_doc(d);
		docid_t no;
		int rc = -ENOMEM;
		for (int n = 0; rc < 0; n++) {
			fail_in = n;
			rc = memtable_add(m, a, &doc, &no);
			fail_in = -1;
			failures += rc < 0;
			CU_ASSERT_TRUE_FATAL(rc == 0 || (rc == -ENOMEM && memtable_ndocs(m) == d));
		}
	}
	for (uint32_t w = 0; w < NWORDS; w += 7)
		check_term(m, NDOCS, w, 3);
	CU_ASSERT_TRUE(failures >= 12); /* of the few allocations that are made */
	memtable_unref(m);
	analyzer_free(a);
}

/* --- readers beside a writer --- */

static struct memtable *shared;
static _Atomic bool stop;
static _Atomic unsigned wrong, rounds;
static uint32_t (*prefix_df)[8]; /* [limit][probe word]: what a limit must show, for ever */
static const uint32_t probes[8] = {0, 1, 3, 7, 20, 50, 120, 390};

static bool limit_holds(uint32_t limit, uint32_t k)
{
	struct cursor c;
	char t[24];
	word(probes[k], t);
	uint32_t df = 0, n = 0;
	uint64_t cf = 0, sum = 0;
	memtable_term_stats(shared, limit, t, strlen(t), &df, &cf);
	if (df != prefix_df[limit][k])
		return false;
	if (memtable_cursor(shared, limit, t, strlen(t), &c) != 1)
		return df == 0;
	bool ok = c.df == df;
	for (docid_t at = 0; cursor_seek(&c, at) && cursor_load(&c, true); at = c.last + 1) {
		for (uint32_t i = 0; i < c.n; i++) {
			ok = ok && c.docs[i] < limit && same_posting(&c, i, c.docs[i], probes[k], true) &&
			     impacts_hold(&c, i, memtable_norms(shared));
			sum += c.tfs[i];
		}
		n += c.n;
	}
	c.ops->done(&c);
	return ok && n == df && sum == cf;
}

static void *reading(void *arg)
{
	uint64_t x = (uintptr_t)arg * 7919 + 1;
	while (!stop) {
		uint32_t limit = memtable_ndocs(shared), k = (uint32_t)(x = x * 6364136223846793005u + 1442695040888963407u) >> 29;
		struct memtable_stats a, b;
		docid_t doc;
		memtable_stats(shared, limit, &a);
		if (!limit_holds(limit, k) || !limit_holds(limit / 2, k))
			wrong++;
		if (limit && (memtable_find(shared, limit, model[limit - 1].id, strlen(model[limit - 1].id), &doc) != 1 || doc != limit - 1))
			wrong++;
		memtable_stats(shared, limit, &b);
		if (memcmp(&a, &b, sizeof(a)) != 0)
			wrong++;
		rounds++;
	}
	return NULL;
}

static void readers_beside_a_writer(void)
{
	pthread_t t[3];
	make_model();
	prefix_df = calloc(NDOCS + 1, sizeof(*prefix_df));
	for (uint32_t d = 0; d < NDOCS; d++)
		for (unsigned k = 0; k < 8; k++)
			prefix_df[d + 1][k] = prefix_df[d][k] + (model_tf(d, probes[k]) != 0);
	for (unsigned run = 0; run < 3; run++) {
		struct analyzer *a = plain_analyzer();
		CU_ASSERT_EQUAL_FATAL(memtable_new(&shared), 0);
		stop = false;
		rounds = 0;
		for (uintptr_t i = 0; i < 3; i++)
			CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, reading, (void *)(i + 3 * run)), 0);
		for (uint32_t d = 0; d < NDOCS; d++) {
			add(shared, a, d);
			while (d % 50 == 0 && rounds < d / 10)
				;
		}
		stop = true;
		for (unsigned i = 0; i < 3; i++)
			pthread_join(t[i], NULL);
		shared = memtable_unref(shared);
		analyzer_free(a);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	free(prefix_df);
}

static void dead_since(void)
{
	struct deadset d;
	CU_ASSERT_EQUAL_FATAL(deadset_init(&d, 5000), 0);
	CU_ASSERT_FALSE(deadset_any(&d));
	CU_ASSERT_EQUAL(deadset_mark(&d, 4999, 10), 0);
	CU_ASSERT_EQUAL(deadset_mark(&d, 4999, 7), 0); /* the first death stays */
	CU_ASSERT_EQUAL(deadset_mark(&d, 0, 11), 0);
	CU_ASSERT_TRUE(deadset_any(&d) && d.ndead == 2);
	CU_ASSERT_FALSE(deadset_is_dead(&d, 4999, 9));
	CU_ASSERT_TRUE(deadset_is_dead(&d, 4999, 10) && deadset_is_dead(&d, 4999, 11));
	CU_ASSERT_FALSE(deadset_is_dead(&d, 0, 10));
	CU_ASSERT_TRUE(deadset_is_dead(&d, 0, 12));
	CU_ASSERT_FALSE(deadset_is_dead(&d, 2500, 100));
	deadset_done(&d);
}

static void free_model(void)
{
	for (uint32_t d = 0; d < NDOCS; d++) {
		free(model[d].text);
		free(model[d].title_text);
	}
}

static const struct tap_test tests[] = {
	{"memtable: statistics, postings and positions at every limit", model_agrees},
	{"memtable: ids at a limit, newest first", ids_are_found_at_a_limit},
	{"memtable: terms in byte order, prefix", terms_are_sorted},
	{"memtable: giant documents", giant_document},
	{"memtable: memory is bounded", memory_is_bounded},
	{"memtable: an add that fails leaves nothing", failed_adds_leave_nothing},
	{"memtable: readers beside a writer see their limit", readers_beside_a_writer},
	{"deadset: dead since, first death kept", dead_since},
	{"(model freed)", free_model},
};

TAP_MAIN(tests)
