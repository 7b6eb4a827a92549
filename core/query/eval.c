/* eval.c - judgements in one array sorted by query and document, and the sums of trec_eval over a ranked list. */
#include "core/query/eval.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"

struct text {
	const char *p;
	size_t len;
};

struct judgement {
	struct text qid, doc;
	uint32_t no; /* order of lines: of equal ones the last counts */
	int grade;
	uint32_t seen; /* number of the list that held it last: a document twice in one list is an error */
};

struct eval {
	struct rk_arena arena;
	struct judgement *j;
	size_t n, cap;
	bool sorted;
	uint32_t nlists, nscored;
	struct eval_metrics sums;
};

enum { CUT = 10, RECALL_CUT = 100 };

int eval_new(struct eval **ret)
{
	struct eval *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*ret = e;
	return 0;
}

void eval_free(struct eval *e)
{
	if (!e)
		return;
	rk_arena_done(&e->arena);
	free(e->j);
	free(e);
}

static int text_cmp(const struct text *a, const struct text *b)
{
	int d = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);
	return d ? d : (a->len > b->len) - (a->len < b->len);
}

static int by_query_and_doc(const void *x, const void *y)
{
	const struct judgement *a = x, *b = y;
	int d = text_cmp(&a->qid, &b->qid);
	if (d == 0)
		d = text_cmp(&a->doc, &b->doc);
	return d ? d : (a->no > b->no) - (a->no < b->no);
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct text next_word(const char **p, const char *end)
{
	while (*p < end && is_blank(**p))
		++*p;
	const char *from = *p;
	while (*p < end && !is_blank(**p))
		++*p;
	return (struct text){from, (size_t)(*p - from)};
}

static bool grade_of(const struct text *t, int *ret)
{
	char digits[16], *end;
	if (t->len == 0 || t->len > 9)
		return false;
	memcpy(digits, t->p, t->len);
	digits[t->len] = '\0';
	*ret = (int)strtol(digits, &end, 10);
	return *end == '\0';
}

/* 1: a judgement, 0: a blank line. */
static int read_line(const char *p, const char *end, struct judgement *ret, const char **why)
{
	struct text qid = next_word(&p, end), iteration = next_word(&p, end), doc = next_word(&p, end), grade = next_word(&p, end), more = next_word(&p, end);
	if (!qid.len)
		return 0;
	*why = !iteration.len || !doc.len || !grade.len ? "fewer than four columns" : more.len ? "more than four columns" : "the grade is no integer";
	*ret = (struct judgement){.qid = qid, .doc = doc};
	if (!grade.len || more.len || !grade_of(&grade, &ret->grade))
		return -EINVAL;
	return 1;
}

static int add(struct eval *e, const struct judgement *j)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 1024;
		struct judgement *p = realloc(e->j, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		e->j = p;
		e->cap = cap;
	}
	e->j[e->n] = *j;
	e->j[e->n].no = (uint32_t)e->n;
	e->n++;
	return 0;
}

/* Of equal ones the last stays. */
static void sort(struct eval *e)
{
	size_t n = 0;
	if (e->sorted)
		return;
	if (e->n)
		qsort(e->j, e->n, sizeof(*e->j), by_query_and_doc);
	for (size_t i = 0; i < e->n; i++) {
		if (i + 1 < e->n && !text_cmp(&e->j[i].qid, &e->j[i + 1].qid) && !text_cmp(&e->j[i].doc, &e->j[i + 1].doc))
			continue;
		e->j[n] = e->j[i];
		e->j[n].no = (uint32_t)n;
		n++;
	}
	e->n = n;
	e->sorted = true;
}

int eval_load_qrels(struct eval *e, const void *bytes, size_t len, struct rk_err *err)
{
	const char *p = rk_arena_dup(&e->arena, bytes, len), *end = p + len;
	if (!p)
		return rk_fail(err, -ENOMEM, "out of memory");
	sort(e); /* so that what is there keeps its order and "all or nothing" is a cut of the array */
	size_t before = e->n;
	int rc = 0;
	e->sorted = false;
	for (unsigned long line = 1; rc == 0 && p < end; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p)), *why;
		struct judgement j;
		stop = stop ? stop : end;
		rc = read_line(p, stop, &j, &why);
		if (rc < 0)
			rk_fail(err, rc, "line %lu: %s", line, why);
		else if (rc > 0 && (rc = add(e, &j)) < 0)
			rk_fail(err, rc, "out of memory");
		p = stop + (stop < end);
		rc = rc < 0 ? rc : 0;
	}
	if (rc < 0)
		e->n = before;
	return rc;
}

/* ---- scoring ---- */

/* The judgements of a query: [*ret_first, *ret_first + returned). */
static size_t judged(struct eval *e, const struct text *qid, size_t *ret_first)
{
	size_t lo = 0, hi = e->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (text_cmp(&e->j[mid].qid, qid) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_first = lo;
	while (hi < e->n && text_cmp(&e->j[hi].qid, qid) == 0)
		hi++;
	return hi - lo;
}

static struct judgement *find_doc(struct judgement *j, size_t n, const struct text *doc)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = text_cmp(&j[mid].doc, doc);
		if (d == 0)
			return &j[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

uint32_t eval_nqueries(struct eval *e)
{
	uint32_t n = 0;
	sort(e);
	for (size_t i = 0; i < e->n; i++)
		n += i == 0 || text_cmp(&e->j[i].qid, &e->j[i - 1].qid) != 0;
	return n;
}

static double discounted(int grade, size_t rank)
{
	return grade > 0 ? (double)grade / log2((double)rank + 1) : 0;
}

/* The best ten grades in falling order. */
static double ideal_dcg(const struct judgement *j, size_t n)
{
	int best[CUT] = {0};
	for (size_t i = 0; i < n; i++) {
		int g = j[i].grade;
		for (int k = 0; k < CUT && g > 0; k++) {
			if (g > best[k]) {
				int t = best[k];
				best[k] = g;
				g = t;
			}
		}
	}
	double sum = 0;
	for (size_t k = 0; k < CUT; k++)
		sum += discounted(best[k], k + 1);
	return sum;
}

static size_t relevant(const struct judgement *j, size_t n)
{
	size_t r = 0;
	for (size_t i = 0; i < n; i++)
		r += j[i].grade > 0;
	return r;
}

int eval_query(struct eval *e, const void *qid, size_t qid_len, const struct eval_id *ids, size_t n, struct eval_metrics *ret, struct rk_err *err)
{
	const struct text query = {qid, qid_len};
	struct eval_metrics m = {0};
	size_t first, hits = 0, nrel;
	double dcg = 0, precisions = 0;

	sort(e);
	size_t njudged = judged(e, &query, &first);
	if (!njudged)
		return 0;
	struct judgement *j = e->j + first;
	uint32_t list = ++e->nlists;
	for (size_t i = 0; i < n; i++) {
		const struct text doc = {ids[i].p, ids[i].len};
		struct judgement *found = find_doc(j, njudged, &doc);
		size_t rank = i + 1;
		if (!found)
			continue;
		if (found->seen == list)
			return rk_fail(err, -EINVAL, "query %.*s: document %.*s stands twice in the list", (int)qid_len, (const char *)qid, (int)doc.len, doc.p);
		found->seen = list;
		if (found->grade <= 0)
			continue;
		hits++;
		precisions += (double)hits / (double)rank;
		dcg += rank <= CUT ? discounted(found->grade, rank) : 0;
		m.p_10 += rank <= CUT;
		m.recall_100 += rank <= RECALL_CUT;
	}
	m.p_10 /= CUT;
	nrel = relevant(j, njudged);
	if (nrel) {
		m.ndcg_10 = dcg / ideal_dcg(j, njudged);
		m.map = precisions / (double)nrel;
		m.recall_100 /= (double)nrel;
	}
	e->sums.ndcg_10 += m.ndcg_10;
	e->sums.map += m.map;
	e->sums.p_10 += m.p_10;
	e->sums.recall_100 += m.recall_100;
	e->nscored++;
	*ret = m;
	return 1;
}

uint32_t eval_mean(const struct eval *e, struct eval_metrics *ret)
{
	double n = e->nscored ? (double)e->nscored : 1;
	*ret = (struct eval_metrics){e->sums.ndcg_10 / n, e->sums.map / n, e->sums.p_10 / n, e->sums.recall_100 / n};
	return e->nscored;
}
