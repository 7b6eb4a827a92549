/* t_query.c - queries against the exhaustive oracle to the last bit; parser, formulas, formats, snippets and paths by example. */
#include "core/query/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/parse.h"
#include "core/query/render.h"
#include "core/query/snippet.h"
#include "core/segment/seg_write.h"
#include "test/oracle.h"
#include "test/tap.h"

static uint64_t rng = 88172645463325252u;
static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 20) % n;
}

static struct analyzer *new_analyzer(void)
{
	struct analyzer_params p = {.language = "none", .fold = true};
	struct analyzer *a = NULL;
	CU_ASSERT_EQUAL_FATAL(analyzer_new(&p, &a, NULL), 0);
	return a;
}

/* --- snapshots made by hand over memtables and segments --- */

static struct snapshot *new_snapshot(unsigned nleaves)
{
	struct snapshot *s = calloc(1, sizeof(*s) + nleaves * sizeof(s->leaves[0]));
	s->refs = 1;
	s->seq = 100;
	s->nleaves = nleaves;
	for (unsigned i = 0; i < nleaves; i++)
		CU_ASSERT_EQUAL_FATAL(memtable_new(&s->leaves[i].mem), 0);
	return s;
}

static void seal_snapshot(struct snapshot *s)
{
	s->nindexed = 0;
	s->total_length = 0;
	for (unsigned i = 0; i < s->nleaves; i++) {
		struct leaf *l = &s->leaves[i];
		struct memtable_stats st;
		l->limit = memtable_ndocs(l->mem);
		memtable_stats(l->mem, l->limit, &st);
		s->nindexed += st.nindexed;
		s->total_length += st.total_length;
		l->norms = memtable_norms(l->mem);
		l->dead = memtable_dead(l->mem);
		l->any_dead = deadset_any(l->dead);
	}
}

static void free_snapshot(struct snapshot *s)
{
	for (unsigned i = 0; i < s->nleaves; i++) {
		memtable_unref(s->leaves[i].mem);
		if (s->leaves[i].seg)
			deadset_done((struct deadset *)s->leaves[i].dead);
		if (s->leaves[i].seg)
			free((void *)s->leaves[i].dead);
		seg_unref(s->leaves[i].seg);
	}
	free(s);
}

/* The leaf's memtable, written as a segment, takes its place; so do its deaths. */
static void make_segment(struct rk_dir *dir, struct leaf *l, uint64_t id)
{
	struct seg_write_params p = {.id = id, .store_content = true};
	struct seg_writer *w = NULL;
	struct memtable *m = l->mem;
	struct memtable_term *terms = NULL;
	static struct cursor c;
	const uint32_t *pos;
	size_t nterms = 0;
	CU_ASSERT_EQUAL_FATAL(seg_write_new(dir, &p, &w, NULL), 0);
	for (uint32_t d = 0; d < l->limit; d++)
		CU_ASSERT_EQUAL_FATAL(seg_write_doc(w, memtable_doc(m, d), memtable_length(m, d), NULL), 0);
	CU_ASSERT_EQUAL_FATAL(memtable_terms(m, l->limit, "", 0, &terms, &nterms), 0);
	for (size_t i = 0; i < nterms; i++) {
		CU_ASSERT_EQUAL_FATAL(memtable_term_cursor(m, l->limit, &terms[i], &c), 1);
		CU_ASSERT_EQUAL_FATAL(seg_write_term(w, terms[i].term, terms[i].len, NULL), 0);
		for (docid_t at = 0; cursor_seek(&c, at) && cursor_load(&c, true); at = c.last + 1)
			for (uint32_t k = 0; k < c.n; k++) {
				c.ops->positions(&c, k, &pos);
				CU_ASSERT_EQUAL_FATAL(seg_write_posting(w, c.docs[k], c.tfs[k], pos, NULL), 0);
			}
		c.ops->done(&c);
	}
	free(terms);
	CU_ASSERT_EQUAL_FATAL(seg_write_commit(w, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(seg_open(dir, id, &l->seg, NULL), 0);
	struct deadset *dead = malloc(sizeof(*dead));
	CU_ASSERT_EQUAL_FATAL(deadset_init(dead, l->limit), 0);
	for (uint32_t d = 0; d < l->limit; d++)
		for (uint64_t seq = 1; seq < 110 && deadset_is_dead(l->dead, d, 109); seq++)
			if (deadset_is_dead(l->dead, d, seq))
				deadset_mark(dead, d, seq);
	l->dead = dead;
	l->norms = seg_norms(l->seg);
	l->mem = memtable_unref(m);
}

static docid_t add(struct memtable *m, struct analyzer *a, const char *id, const char *title, const char *text, uint32_t flags)
{
	docid_t no = 0;
	struct rk_doc d = {.id = id, .id_len = (uint32_t)strlen(id), .title = title, .title_len = (uint32_t)strlen(title),
			   .content = (const uint8_t *)text, .content_len = strlen(text), .flags = flags};
	CU_ASSERT_EQUAL(memtable_add(m, a, &d, &no), 0);
	return no;
}

/* --- random collections and queries --- */

struct world {
	struct oracle o;
	struct snapshot *snap;
	struct rk_dir *dir; /* of its segments */
	struct analyzer *an;
	struct query_hit *want, *got;
	struct oracle_doc **want_docs;
};

static uint16_t random_word(const struct oracle *o)
{
	uint32_t n = o->nwords;
	return (uint16_t)(rnd(n) * (uint64_t)rnd(n) / n * (rnd(4) ? rnd(n) : n) / n); /* small numbers are frequent */
}

static void make_world(struct world *w, uint32_t ndocs, uint32_t nwords, uint32_t maxlen, unsigned nleaves)
{
	memset(w, 0, sizeof(*w));
	w->o.ndocs = ndocs;
	w->o.nwords = nwords;
	w->o.docs = calloc(ndocs, sizeof(*w->o.docs));
	w->an = new_analyzer();
	w->snap = new_snapshot(nleaves);
	char *text = malloc(maxlen * 24 + 24);
	uint32_t dead_percent = rnd(3) * 15;
	for (uint32_t i = 0; i < ndocs; i++) {
		struct oracle_doc *d = &w->o.docs[i];
		sprintf(d->id, "%s%u", rnd(2) ? "a" : "b", (uint32_t)(i * 2654435761u)); /* ids in no order */
		d->n = rnd(20) == 0 ? 0 : 1 + (rnd(3) ? rnd(maxlen < 12 ? maxlen : 12) : rnd(maxlen));
		d->words = malloc((d->n + 1) * sizeof(*d->words));
		char *p = text;
		for (uint32_t k = 0; k < d->n; k++) {
			d->words[k] = random_word(&w->o);
			oracle_word(d->words[k], p);
			p += strlen(p);
			*p++ = ' ';
		}
		*p = 0;
		d->staged = rnd(40) == 0;
		d->live = true;
		d->leaf = rnd(nleaves * 3) < nleaves ? rnd(nleaves) : 0; /* of unequal size */
		d->doc = add(w->snap->leaves[d->leaf].mem, w->an, d->id, "", text, d->staged ? DOC_STAGED : 0);
		if (rnd(100) < dead_percent) {
			bool later = rnd(4) == 0; /* dead for a later snapshot only */
			d->live = later;
			deadset_mark(memtable_dead(w->snap->leaves[d->leaf].mem), d->doc, later ? 101 : 1 + rnd(100));
		}
	}
	free(text);
	seal_snapshot(w->snap);
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&w->dir, NULL), 0);
	for (unsigned i = 0; i < nleaves; i++)
		if (rnd(2) && w->snap->leaves[i].limit)
			make_segment(w->dir, &w->snap->leaves[i], i + 1);
	oracle_count(&w->o);
	w->want = calloc(ndocs + 1, sizeof(*w->want));
	w->got = calloc(ndocs + 1 < 10000 ? 10000 : ndocs + 1, sizeof(*w->got));
	w->want_docs = calloc(ndocs + 1, sizeof(*w->want_docs));
}

static void free_world(struct world *w)
{
	for (uint32_t i = 0; i < w->o.ndocs; i++)
		free(w->o.docs[i].words);
	free(w->o.docs);
	free(w->o.df);
	free(w->want);
	free(w->got);
	free(w->want_docs);
	free_snapshot(w->snap);
	w->dir->ops->close(w->dir);
	analyzer_free(w->an);
}

/* Nodes of one random query; a static pool, as they are small. */
static struct onode nodes[400];
static uint32_t nnodes;

static struct onode *new_onode(enum onode_kind kind)
{
	struct onode *n = &nodes[nnodes++];
	*n = (struct onode){.kind = kind};
	return n;
}

static struct onode *random_leaf(const struct oracle *o, unsigned phrases)
{
	struct onode *n = new_onode(rnd(100) < phrases ? O_PHRASE : O_WORD);
	n->n = n->kind == O_WORD ? 1 : 2 + rnd(3);
	for (uint32_t i = 0; i < n->n; i++)
		n->words[i] = random_word(o);
	if (n->kind == O_PHRASE && rnd(4)) { /* one that occurs */
		const struct oracle_doc *d = &o->docs[rnd(o->ndocs)];
		if (d->n >= n->n)
			memcpy(n->words, d->words + rnd(d->n - n->n + 1), n->n * sizeof(*n->words));
	}
	return n;
}

static struct onode *random_tree(const struct oracle *o, unsigned depth)
{
	if (depth == 0 || rnd(3) == 0)
		return random_leaf(o, 25);
	struct onode *g = new_onode(O_GROUP);
	g->how = (enum onode_how)rnd(3);
	g->n = 2 + rnd(4);
	for (uint32_t i = 0; i < g->n; i++) {
		g->child[i] = random_tree(o, depth - 1);
		uint32_t r = rnd(10);
		g->child[i]->sign = r < 2 ? '-' : r < 4 && g->how == HOW_LIST ? '+' : 0;
	}
	return g;
}

/* kind: 0 term, 1 or, 2 and, 3 phrase, 4 any tree. */
static struct onode *random_query(const struct oracle *o, unsigned kind)
{
	nnodes = 0;
	if (kind == 0)
		return random_leaf(o, 0);
	if (kind == 3)
		return random_leaf(o, 100);
	if (kind == 4)
		return random_tree(o, 3);
	struct onode *g = new_onode(O_GROUP);
	g->how = kind == 1 ? (rnd(2) ? HOW_OR : HOW_LIST) : HOW_AND;
	g->n = 2 + rnd(4);
	for (uint32_t i = 0; i < g->n; i++)
		g->child[i] = random_leaf(o, 0);
	return g;
}

static void compare(struct world *w, const struct onode *q)
{
	char text[4000] = "";
	struct rk_err err = {{0}};
	struct query_options o;
	query_options_init(&o);
	static const uint32_t ks[] = {1, 3, 10, 10, 1000};
	o.k = ks[rnd(5)];
	o.offset = rnd(3) ? 0 : rnd(20);
	o.op = rnd(4) == 0 ? QUERY_AND : QUERY_OR;
	o.rank = rnd(5) == 0 ? RANK_TFIDF : RANK_BM25;
	oracle_text(q, text);
	uint32_t n = oracle_search(&w->o, q, o.rank, o.op == QUERY_AND, w->want, w->want_docs), got = 0;
	int rc = query_search(w->snap, w->an, text, strlen(text), &o, NULL, w->got, &got, &err);
	uint32_t from = o.offset < n ? o.offset : n, m = n - from < o.k ? n - from : o.k;
	bool same = rc == 0 && got == m;
	for (uint32_t i = 0; same && i < m; i++)
		same = w->got[i].score == w->want[from + i].score && w->got[i].leaf == w->want[from + i].leaf && w->got[i].doc == w->want[from + i].doc;
	if (!same)
		printf("# %s: k %u offset %u op %d rank %d: %u of %u hits, rc %d %s\n", text, o.k, o.offset, o.op, o.rank, got, m, rc, err.msg);
	CU_ASSERT_TRUE(same);
}

static void compare_many(unsigned kind, unsigned worlds, unsigned queries)
{
	for (unsigned i = 0; i < worlds; i++) {
		struct world w;
		bool large = i % 3 == 2; /* lists of many blocks */
		make_world(&w, large ? 2000 : 100 + rnd(400), 5 + rnd(large ? 20 : 120), 5 + rnd(60), 1 + rnd(large ? 2 : 5));
		for (unsigned k = 0; k < (large ? queries / 3 : queries); k++)
			compare(&w, random_query(&w.o, kind));
		free_world(&w);
	}
}

static void terms_match_the_oracle(void)
{
	compare_many(0, 12, 150);
}

static void or_matches_the_oracle(void)
{
	compare_many(1, 12, 150);
}

static void and_matches_the_oracle(void)
{
	compare_many(2, 12, 150);
}

static void phrases_match_the_oracle(void)
{
	compare_many(3, 12, 150);
}

/* The leading list has one block, the other one many: what its first block can give says nothing about the last. */
static void bounds_hold_beyond_the_first_block(void)
{
	static const char *const queries[] = {"\"a b\"", "a AND b", "+\"a b\" c", "a b"};
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(2);
	struct rk_dir *dir = NULL;
	struct query_options o;
	query_options_init(&o);
	o.k = 1;
	add(s->leaves[0].mem, an, "first", "", "a b a b x x x x x x", 0);
	for (unsigned i = 0; i < 600; i++) {
		char id[16];
		sprintf(id, "n%u", i);
		add(s->leaves[1].mem, an, id, "", i == 500 ? "a b a b a b x x x x" : i == 0 ? "a x x x x x x x x b" : "b x x x x x x x x x", 0);
	}
	seal_snapshot(s);
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&dir, NULL), 0);
	make_segment(dir, &s->leaves[1], 1);
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct query_hit hit = {0};
		uint32_t n = 0;
		CU_ASSERT_EQUAL(query_search(s, an, queries[i], strlen(queries[i]), &o, NULL, &hit, &n, NULL), 0);
		CU_ASSERT_TRUE(n == 1 && hit.leaf == 1 && hit.doc == 500);
	}
	free_snapshot(s);
	dir->ops->close(dir);
	analyzer_free(an);
}

/* A flipped bit in one leaf's postings: the answer is exactly that of the other leaves, and says so. */
static void damage_leaves_the_rest(void)
{
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(2);
	struct rk_dir *dir = NULL;
	for (unsigned i = 0; i < 400; i++) {
		char id[16];
		sprintf(id, "n%u", i);
		add(s->leaves[i % 2].mem, an, id, "", i % 4 < 2 ? "a b a" : "b a c d", 0);
	}
	seal_snapshot(s);
	CU_ASSERT_EQUAL_FATAL(dir_mem_open(&dir, NULL), 0);
	make_segment(dir, &s->leaves[0], 1);
	struct rk_map map;
	CU_ASSERT_EQUAL_FATAL(dir->ops->map(dir, "segments/segment_0000000000000001/postings", &map, NULL), 0);
	((uint8_t *)map.bytes)[map.len / 2] ^= 4;
	dir->ops->unmap(dir, &map);
	static const char *const queries[] = {"a", "a b", "a AND b", "\"a b\"", "a -c", "+a b"};
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct query_options o;
		struct query_result r = {0};
		struct query_hit hits[1000];
		uint32_t n = 0, bad = 0;
		query_options_init(&o);
		o.k = 1000;
		CU_ASSERT_EQUAL(query_search(s, an, queries[i], strlen(queries[i]), &o, NULL, hits, &n, NULL), -EUCLEAN);
		for (uint32_t k = 0; k < n; k++)
			bad += hits[k].leaf != 1;
		CU_ASSERT_TRUE(bad == 0 && (n == 200 || n == 100));
		CU_ASSERT_EQUAL(query_run(s, an, queries[i], strlen(queries[i]), &o, NULL, &r, NULL), 0);
		CU_ASSERT_TRUE(r.rc == -EUCLEAN && r.nhits == n);
		rk_buf_done(&r.text);
	}
	free_snapshot(s);
	dir->ops->close(dir);
	analyzer_free(an);
}

static void trees_match_the_oracle(void)
{
	compare_many(4, 12, 150);
}

/* --- the formula, written down again from Lucene's documentation, in long double --- */

static void formula_is_lucenes(void)
{
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(1);
	static const char *const texts[] = {"apple banana apple", "apple", "cherry banana banana banana date elder", "date"};
	static const uint32_t lens[] = {3, 1, 6, 1}, tfs[] = {1, 0, 3, 0};
	for (unsigned i = 0; i < 4; i++) {
		char id[8];
		sprintf(id, "d%u", i);
		add(s->leaves[0].mem, an, id, "", texts[i], 0);
	}
	seal_snapshot(s);
	struct query_options o;
	query_options_init(&o);
	struct query_hit hits[10];
	uint32_t n = 0;
	CU_ASSERT_EQUAL(query_search(s, an, "banana", 6, &o, NULL, hits, &n, NULL), 0);
	CU_ASSERT_EQUAL(n, 2);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t d = hits[i].doc;
		long double idf = logl(1 + (4 - 2 + 0.5L) / (2 + 0.5L)), avg = 11 / 4.0L;
		long double want = idf * tfs[d] / (tfs[d] + 1.2L * (1 - 0.75L + 0.75L * lens[d] / avg));
		CU_ASSERT_TRUE(fabsl(want - hits[i].score) < 1e-6L * want);
	}
	o.rank = RANK_TFIDF;
	CU_ASSERT_EQUAL(query_search(s, an, "banana", 6, &o, NULL, hits, &n, NULL), 0);
	CU_ASSERT_TRUE(n == 2 && hits[0].doc == 2 && fabsl(hits[0].score - (1 + logl(3)) * logl(1 + 4 / 2.0L)) < 1e-6L);
	free_snapshot(s);
	analyzer_free(an);
}

static void logarithm_is_right(void)
{
	for (double x = 1; x < 1e12; x *= 1.0173) {
		double want = log(x), got = rank_ln(x);
		CU_ASSERT_TRUE(fabs(want - got) <= 4e-16 * (want > 1 ? want : 1));
	}
	for (float f = 1e-6f; f < 1e6f; f *= 1.37f) {
		double d = rank_least(f);
		CU_ASSERT_TRUE((float)d >= f && (float)nextafter(d, 0) < f);
	}
}

/* --- parser --- */

static void dump(const struct qnode *n, char *out)
{
	static const char *const occur[] = {"", "+", "-"};
	for (; n; n = n->next) {
		strcat(out, occur[n->occur]);
		if (n->kind == Q_BOOL) {
			strcat(out, "(");
			dump(n->child, out);
			strcat(out, ")");
		} else {
			sprintf(out + strlen(out), n->kind == Q_PHRASE ? "\"%.*s\"" : "%.*s", (int)n->len, n->text);
		}
		if (n->boost != 1)
			sprintf(out + strlen(out), "^%g", n->boost);
		strcat(out, n->next ? " " : "");
	}
}

static void check_parse(const char *text, bool op_and, const char *want)
{
	struct scratch mem = {0};
	struct qnode *q = NULL;
	struct rk_err err = {{0}};
	char got[1000] = "";
	int rc = parse_query(&mem, text, strlen(text), op_and, 50, &q, &err);
	if (rc == 0)
		dump(q, got);
	else
		strcpy(got, err.msg);
	CU_ASSERT_EQUAL(rc == 0, strncmp(want, "column", 6) != 0);
	if (strcmp(got, want) != 0)
		printf("# %s: %s, not %s\n", text, got, want);
	CU_ASSERT_STRING_EQUAL(got, want);
	scratch_done(&mem);
}

static void queries_are_parsed(void)
{
	check_parse("a", false, "a");
	check_parse("a b", false, "(a b)");
	check_parse("a b", true, "(+a +b)");
	check_parse("+a -b c", false, "(+a -b c)");
	check_parse("a AND b OR c", false, "((+a +b) c)");
	check_parse("a OR b AND c", false, "(a (+b +c))");
	check_parse("a b AND c", false, "(a (+b +c))");
	check_parse("a AND NOT b", false, "(+a -b)");
	check_parse("NOT a", false, "(-a)");
	check_parse("a OR -b", false, "(a (-b))");
	check_parse("a NOT b", false, "(a -b)");
	check_parse("--a", false, "a");
	check_parse("(a OR b) AND c", false, "(+(a b) +c)");
	check_parse("((a))", false, "a");
	check_parse("\"x y\" wi-fi don't c++ a:b", false, "(\"x y\" wi-fi don't c++ a:b)");
	check_parse("say\"hi there\"now", false, "(say \"hi there\" now)");
	check_parse("a^2.5 \"b c\"^3 (d e)^0.5 f^ g^x ^2", false, "(a^2.5 \"b c\"^3 (d e)^0.5 f^ g^x ^2)");
	check_parse("and Or nOT", false, "(and Or nOT)");
	check_parse(" \t\n a \r", false, "a");
	check_parse("\xff\xfe \x01", false, "\xff\xfe");
	check_parse("a OR b c", true, "(a (+b +c))");
	check_parse("\"\"", false, "\"\"");
}

static void errors_name_the_column(void)
{
	check_parse("", false, "column 1: the query is empty");
	check_parse("   ", false, "column 1: the query is empty");
	check_parse("a \"b c", false, "column 3: this quotation mark is never closed");
	check_parse("a (b", false, "column 3: this parenthesis is never closed");
	check_parse("a b)", false, "column 4: ')' was not expected here");
	check_parse("a ()", false, "column 3: nothing stands in these parentheses");
	check_parse("a -", false, "column 3: '-' stands alone");
	check_parse("a - b", false, "column 3: '-' stands alone");
	check_parse("+", false, "column 1: '+' stands alone");
	check_parse("NOT", false, "column 1: NOT stands alone");
	check_parse("AND b", false, "column 1: a word was expected before AND");
	check_parse("a AND", false, "column 3: AND has nothing on its right");
	check_parse("a OR OR b", false, "column 3: OR has nothing on its right");
	check_parse("a AND OR b", false, "column 3: AND has nothing on its right");
	check_parse("(a OR)", false, "column 4: OR has nothing on its right");
	check_parse("\"a\"^x", false, "column 4: a weight is a number from 0.001 to 1000 behind '^'");
	check_parse("(a)^0", false, "column 4: a weight is a number from 0.001 to 1000 behind '^'");
	char deep[500];
	memset(deep, '(', 300);
	strcpy(deep + 300, "a");
	check_parse(deep, false, "column 101: nested more than 100 deep");
	char many[400] = "";
	for (int i = 0; i < 60; i++)
		strcat(many, "a ");
	check_parse(many, false, "column 101: more than 50 words and phrases");
}

static void hostile_text_is_harmless(void)
{
	static const char alphabet[] = "ab \"()+-^.2 ANDOROT NOT\xff\xc3";
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(1);
	add(s->leaves[0].mem, an, "x", "", "a b ab", 0);
	seal_snapshot(s);
	struct query_options o;
	query_options_init(&o);
	for (unsigned i = 0; i < 30000; i++) {
		char text[64];
		uint32_t n = rnd(40);
		for (uint32_t k = 0; k < n; k++)
			text[k] = alphabet[rnd(sizeof(alphabet) - 1)];
		struct query_result r = {0};
		struct rk_err err = {{0}};
		int rc = query_run(s, an, text, n, &o, NULL, &r, &err);
		CU_ASSERT_TRUE(rc == 0 || (rc == -EINVAL && strncmp(err.msg, "column ", 7) == 0));
		rk_buf_done(&r.text);
	}
	free_snapshot(s);
	analyzer_free(an);
}

/* --- what words become, limits --- */

static void expect(struct snapshot *s, struct analyzer *an, const char *query, const char *want)
{
	struct query_options o;
	struct query_result r = {0};
	struct rk_err err = {{0}};
	query_options_init(&o);
	o.format = FORMAT_IDS;
	CU_ASSERT_EQUAL(query_run(s, an, query, strlen(query), &o, NULL, &r, &err), 0);
	rk_buf_u8(&r.text, 0);
	if (strcmp((char *)r.text.data, want) != 0)
		printf("# %s: %s\n", query, r.text.data);
	CU_ASSERT_STRING_EQUAL((char *)r.text.data, want);
	rk_buf_done(&r.text);
}

static void words_become_terms(void)
{
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(2);
	add(s->leaves[0].mem, an, "1", "", "wi fi network", 0);
	add(s->leaves[0].mem, an, "2", "", "fi wi", 0);
	add(s->leaves[1].mem, an, "3", "title", "the wi-fi", 0);
	add(s->leaves[1].mem, an, "4", "", "...", 0);
	add(s->leaves[1].mem, an, "5", "", "staged", DOC_STAGED);
	seal_snapshot(s);
	expect(s, an, "wi-fi", "1\n3\n");
	expect(s, an, "WI-FI network", "1\n3\n");
	expect(s, an, "wi", "2\n1\n3\n");
	expect(s, an, "... !!", "");
	expect(s, an, "network ...", "1\n");
	expect(s, an, "\"title the\"", ""); /* no phrase goes from title to text */
	expect(s, an, "staged", "");
	expect(s, an, "-network", "2\n3\n4\n");
	expect(s, an, "-wi", "4\n");
	expect(s, an, "NOT (NOT network)", "1\n");
	expect(s, an, "-...", "");
	expect(s, an, "network OR -fi", "1\n4\n");
	expect(s, an, "nothing", "");
	expect(s, an, "+nothing wi", "");
	free_snapshot(s);
	analyzer_free(an);
}

static void limits_hold(void)
{
	struct world w;
	make_world(&w, 3000, 20, 60, 2);
	struct query_options o;
	struct query_limits l;
	uint32_t n;
	query_options_init(&o);
	query_limits_init(&l);
	l.max_clauses = 3;
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, "a b c d", 7, &o, &l, w.got, &n, NULL), -E2BIG);
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, "a-b-c-d", 7, &o, &l, w.got, &n, NULL), -E2BIG);
	query_limits_init(&l);
	_Atomic bool cancel = true;
	l.cancel = &cancel;
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, "q1z q2z", 7, &o, &l, w.got, &n, NULL), -EINTR);
	query_limits_init(&l);
	l.max_ns = 1;
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, "q1z q2z", 7, &o, &l, w.got, &n, &err), -ETIMEDOUT);
	query_limits_init(&l);
	l.max_memory = 1 << 10;
	char many[4096] = "";
	for (int i = 0; i < 1000; i++)
		strcat(many, "q1z ");
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, many, strlen(many), &o, &l, w.got, &n, &err), -ENOMEM);
	o.k = 10001;
	CU_ASSERT_EQUAL(query_search(w.snap, w.an, "q1z", 3, &o, NULL, w.got, &n, NULL), -EINVAL);
	free_world(&w);
}

static void options_by_name(void)
{
	struct query_options o;
	struct rk_err err = {{0}};
	query_options_init(&o);
	CU_ASSERT_TRUE(o.k == 10 && o.offset == 0 && o.snippet && o.format == FORMAT_TSV);
	CU_ASSERT_EQUAL(query_option_set(&o, "k", "100", &err), 0);
	CU_ASSERT_EQUAL(query_option_set(&o, "op", "and", &err), 0);
	CU_ASSERT_EQUAL(query_option_set(&o, "rank", "tfidf", &err), 0);
	CU_ASSERT_EQUAL(query_option_set(&o, "format", "json", &err), 0);
	CU_ASSERT_EQUAL(query_option_set(&o, "snippet", "off", &err), 0);
	CU_ASSERT_EQUAL(query_option_set(&o, "tag", "q7", &err), 0);
	CU_ASSERT_TRUE(o.k == 100 && o.op == QUERY_AND && o.rank == RANK_TFIDF && o.format == FORMAT_JSON && !o.snippet && strcmp(o.tag, "q7") == 0);
	static const char *const bad[][2] = {{"k", "0"}, {"k", "10001"}, {"k", ""}, {"k", "1x"}, {"k", "99999999999999999999"}, {"op", "xor"}, {"format", ""},
					     {"tag", "a b"}, {"offset", "-1"}};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(query_option_set(&o, bad[i][0], bad[i][1], &err), -EINVAL);
	CU_ASSERT_EQUAL(query_option_set(&o, "nope", "1", &err), -ENOENT);
	CU_ASSERT_EQUAL(o.k, 100);
	for (const char *const *p = query_option_names(); *p; p++)
		CU_ASSERT_NOT_EQUAL(query_option_set(&o, *p, "", NULL), -ENOENT);
}

/* --- rendering --- */

static void check_render(struct snapshot *s, struct analyzer *an, const char *options, const char *query, const char *want)
{
	struct query_options o;
	struct query_result r = {0};
	query_options_init(&o);
	char all[200], *save = NULL;
	strcpy(all, options);
	for (char *p = strtok_r(all, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(p, '=');
		*eq = 0;
		CU_ASSERT_EQUAL(query_option_set(&o, p, eq + 1, NULL), 0);
	}
	CU_ASSERT_EQUAL(query_run(s, an, query, strlen(query), &o, NULL, &r, NULL), 0);
	CU_ASSERT_EQUAL(r.generation, 100);
	rk_buf_u8(&r.text, 0);
	if (strcmp((char *)r.text.data, want) != 0)
		printf("# %s: %s\n", query, r.text.data);
	CU_ASSERT_STRING_EQUAL((char *)r.text.data, want);
	rk_buf_done(&r.text);
}

static void formats_by_example(void)
{
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(1);
	add(s->leaves[0].mem, an, "notes/a b.txt", "A \"title\"", "The quick\n\nbrown\tfox \\ jumps", 0);
	add(s->leaves[0].mem, an, "/x\n%\xff", "", "slow\xff fox", 0);
	seal_snapshot(s);
	check_render(s, an, "k=10", "fox", "1\t0.10724797\t/x\\n%\xff\tslow\xef\xbf\xbd **fox**\n"
		     "2\t0.067526504\tnotes/a b.txt\tThe quick brown **fox** \\\\ jumps\n");
	check_render(s, an, "snippet=off offset=1", "fox", "2\t0.067526504\tnotes/a b.txt\n");
	check_render(s, an, "format=ids", "fox", "/x\\n%\xff\nnotes/a b.txt\n");
	check_render(s, an, "format=paths", "fox", "docs/%2Fx%0A%25\xff\ndocs/notes/a b.txt\n");
	check_render(s, an, "format=trec tag=7", "quick", "7 Q0 notes/a\\x20b.txt 1 0.25672117 rankfs\n");
	check_render(s, an, "format=json", "slow jumps",
		     "{\"rank\":1,\"score\":0.40773365,\"id\":\"/x\\n%\\ufffd\",\"title\":\"\",\"snippet\":\"**slow**\xef\xbf\xbd fox\"}\n"
		     "{\"rank\":2,\"score\":0.25672117,\"id\":\"notes/a b.txt\",\"title\":\"A \\\"title\\\"\",\"snippet\":\"The quick brown fox \\\\ **jumps**\"}\n");
	check_render(s, an, "format=json snippet=off k=1", "slow", "{\"rank\":1,\"score\":0.40773365,\"id\":\"/x\\n%\\ufffd\",\"title\":\"\"}\n");
	free_snapshot(s);
	analyzer_free(an);
}

static void floats_read_back(void)
{
	struct rk_buf b = {0};
	for (unsigned i = 0; i < 20000; i++) {
		float v = (float)rnd(1 << 24) / (float)(1 + rnd(1 << 20));
		b.len = 0;
		render_float(&b, v);
		rk_buf_u8(&b, 0);
		CU_ASSERT_TRUE(strtof((char *)b.data, NULL) == v);
	}
	b.len = 0;
	render_float(&b, 0.1f);
	rk_buf_u8(&b, ' ');
	render_float(&b, 0);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "0.1 0");
	rk_buf_done(&b);
}

/* The snippet must be cut at words, hold the best words, and be a piece of the text. */
static void snippets_show_the_words(void)
{
	struct analyzer *an = new_analyzer();
	struct snapshot *s = new_snapshot(1);
	char text[6000], *p = text;
	for (unsigned i = 0; i < 400; i++)
		p += sprintf(p, "%s ", i == 100 ? "needle" : i == 300 ? "needle" : i == 305 ? "hay" : i == 306 ? "needle" : "filler");
	add(s->leaves[0].mem, an, "x", "", text, 0);
	seal_snapshot(s);
	struct query_options o;
	query_options_init(&o);
	struct query_result r = {0};
	CU_ASSERT_EQUAL(query_run(s, an, "needle hay -absent", 18, &o, NULL, &r, NULL), 0);
	rk_buf_u8(&r.text, 0);
	const char *line = strrchr((char *)r.text.data, '\t') + 1;
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "**needle** filler filler filler filler **hay** **needle**"));
	CU_ASSERT_TRUE(strncmp(line, "...filler ", 10) == 0 && strcmp(line + strlen(line) - 10, "filler...\n") == 0);
	CU_ASSERT_TRUE(strlen(line) > 140 && strlen(line) < 210);
	rk_buf_done(&r.text);
	/* A text without blanks, cut between characters. */
	struct rk_buf b = {0};
	struct snippet_words none = {0};
	for (unsigned i = 0; i < 500; i++)
		memcpy(text + 3 * i, "\xe6\x97\xa5", 3);
	CU_ASSERT_EQUAL(snippet_make(&none, an, text, 1500, &b), 0);
	CU_ASSERT_EQUAL(b.len, 180 + 3);
	rk_buf_done(&b);
	free_snapshot(s);
	analyzer_free(an);
}

static void ids_are_paths(void)
{
	static const char *const pairs[][2] = {{"a", "a"}, {"a/b", "a/b"}, {"/a", "%2Fa"}, {"a/", "a%2F"}, {"a//b", "a/%2Fb"}, {".", "%2E"}, {"..", "%2E%2E"},
					       {"a/../b", "a/%2E%2E/b"}, {"...", "..."}, {"%", "%25"}, {"%41", "%2541"}, {"//", "%2F%2F"}, {"a/.", "a/%2E"},
					       {".b", ".b"}, {"a b", "a b"}};
	struct rk_buf b = {0};
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		b.len = 0;
		CU_ASSERT_EQUAL(id_to_path(pairs[i][0], strlen(pairs[i][0]), &b), 0);
		rk_buf_u8(&b, 0);
		CU_ASSERT_STRING_EQUAL((char *)b.data, pairs[i][1]);
	}
	struct rk_buf back = {0};
	for (unsigned i = 0; i < 100000; i++) {
		char id[8], path[40];
		uint32_t n = 1 + rnd(7);
		for (uint32_t k = 0; k < n; k++)
			id[k] = "/.%a2\xff"[rnd(6)];
		b.len = back.len = 0;
		id_to_path(id, n, &b);
		CU_ASSERT_EQUAL(path_to_id((char *)b.data, b.len, &back), 0);
		CU_ASSERT_TRUE(back.len == n && memcmp(back.data, id, n) == 0);
		/* no empty part, no dots */
		snprintf(path, sizeof(path), "/%.*s/", (int)b.len, (char *)b.data);
		CU_ASSERT_TRUE(!strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../"));
	}
	static const char *const bad[] = {"%", "%4", "a%", "%zz", "%00", "%4g"};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(path_to_id(bad[i], strlen(bad[i]), &back), -EINVAL);
	rk_buf_done(&b);
	rk_buf_done(&back);
}

static const struct tap_test tests[] = {
	{"parse: precedence, signs, weights", queries_are_parsed},
	{"parse: errors name the column", errors_name_the_column},
	{"parse: hostile text is refused with words or answered", hostile_text_is_harmless},
	{"rank: the formula is Lucene's", formula_is_lucenes},
	{"rank: logarithm and thresholds", logarithm_is_right},
	{"plan: what words become", words_become_terms},
	{"exec: single words give what the oracle gives", terms_match_the_oracle},
	{"exec: any of several words", or_matches_the_oracle},
	{"exec: all of several words", and_matches_the_oracle},
	{"exec: phrases", phrases_match_the_oracle},
	{"exec: bounds hold beyond the first block", bounds_hold_beyond_the_first_block},
	{"exec: a damaged leaf leaves the others' answer", damage_leaves_the_rest},
	{"exec: any tree", trees_match_the_oracle},
	{"limits: clauses, time, memory, cancellation", limits_hold},
	{"options by name", options_by_name},
	{"render: formats by example", formats_by_example},
	{"render: scores read back as the same float", floats_read_back},
	{"render: snippets show the words", snippets_show_the_words},
	{"paths: ids are paths and back", ids_are_paths},
};

TAP_MAIN(tests)
