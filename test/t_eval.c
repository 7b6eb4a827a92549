/* t_eval.c - core/query/eval: cases worked out by hand from trec_eval's definitions, a twin that follows the definitions word by word, bad qrels. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/eval.h"
#include "test/tap.h"

static bool near(double a, double b)
{
	if (fabs(a - b) > 1e-12)
		printf("# %.15f, wanted %.15f\n", a, b);
	return fabs(a - b) <= 1e-12;
}

static struct eval *load(const char *qrels)
{
	struct eval *e = NULL;
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL_FATAL(eval_new(&e), 0);
	CU_ASSERT_EQUAL(eval_load_qrels(e, qrels, strlen(qrels), &err), 0);
	return e;
}

/* ids: "a b c" */
static int score(struct eval *e, const char *qid, const char *ids, struct eval_metrics *m)
{
	struct eval_id list[200];
	size_t n = 0;
	for (const char *p = ids; *p; n++) {
		size_t len = strcspn(p, " ");
		list[n] = (struct eval_id){p, len};
		p += len + (p[len] == ' ');
	}
	return eval_query(e, qid, strlen(qid), list, n, m, NULL);
}

static void by_hand(void)
{
	/* Query 1: grades a=3 b=2 c=1, d judged 0, e judged -1. Ideal: 3/log2(2) + 2/log2(3) + 1/log2(4) = 3 + 1.2618595... + 0.5. */
	struct eval *e = load("1 0 a 3\n1 0 b 2\n1\tQ0\tc  1\r\n\n1 0 d 0\n1 0 e -1\n2 0 a 1\n3 0 z 0");
	struct eval_metrics m;
	double ideal = 3 + 2 / log2(3) + 0.5;
	CU_ASSERT_EQUAL(eval_nqueries(e), 3);

	CU_ASSERT_EQUAL(score(e, "1", "a b c", &m), 1);
	CU_ASSERT_TRUE(near(m.ndcg_10, 1) && near(m.map, 1) && near(m.p_10, 0.3) && near(m.recall_100, 1));

	/* x unjudged, then c at 2, d, e count nothing, a at 5; b is missing: AP = (1/2 + 2/5) / 3 */
	CU_ASSERT_EQUAL(score(e, "1", "x c d e a", &m), 1);
	CU_ASSERT_TRUE(near(m.ndcg_10, (1 / log2(3) + 3 / log2(6)) / ideal));
	CU_ASSERT_TRUE(near(m.map, (1.0 / 2 + 2.0 / 5) / 3) && near(m.p_10, 0.2) && near(m.recall_100, 2.0 / 3));

	/* The only relevant one at rank 11: outside of ten, inside MAP and recall. */
	CU_ASSERT_EQUAL(score(e, "2", "q r s t u v w x y z a", &m), 1);
	CU_ASSERT_TRUE(near(m.ndcg_10, 0) && near(m.map, 1.0 / 11) && near(m.p_10, 0) && near(m.recall_100, 1));

	CU_ASSERT_EQUAL(score(e, "2", "", &m), 1);
	CU_ASSERT_TRUE(m.ndcg_10 == 0 && m.map == 0 && m.p_10 == 0 && m.recall_100 == 0);
	CU_ASSERT_EQUAL(score(e, "3", "z", &m), 1); /* judged, nothing relevant: 0, and counts */
	CU_ASSERT_TRUE(m.ndcg_10 == 0 && m.map == 0);
	CU_ASSERT_EQUAL(score(e, "4", "a", &m), 0); /* not judged: does not count */

	CU_ASSERT_EQUAL(eval_mean(e, &m), 5);
	CU_ASSERT_TRUE(near(m.map, (1 + (1.0 / 2 + 2.0 / 5) / 3 + 1.0 / 11) / 5));
	CU_ASSERT_TRUE(near(m.p_10, 0.1) && near(m.recall_100, (1 + 2.0 / 3 + 1) / 5));
	eval_free(e);
}

static void rank_101_and_grades_beyond_ten(void)
{
	struct eval *e = load("q 0 r 1\nq 0 s 1\nk 0 a 1\nk 0 b 1\nk 0 c 1\nk 0 d 1\nk 0 e 1\nk 0 f 1\nk 0 g 1\nk 0 h 1\nk 0 i 1\nk 0 j 1\nk 0 k 1\nk 0 l 5\n");
	struct eval_id list[101];
	struct eval_metrics m;
	for (int i = 0; i < 101; i++)
		list[i] = (struct eval_id){"x", 1}; /* not judged: may repeat */
	list[99] = (struct eval_id){"r", 1};
	list[100] = (struct eval_id){"s", 1};
	CU_ASSERT_EQUAL(eval_query(e, "q", 1, list, 101, &m, NULL), 1);
	CU_ASSERT_TRUE(near(m.recall_100, 0.5) && near(m.map, (1.0 / 100 + 2.0 / 101) / 2));
	/* Twelve relevant: the ideal takes the best ten, the 5 first. */
	double ideal = 5;
	for (int r = 2; r <= 10; r++)
		ideal += 1 / log2(r + 1);
	CU_ASSERT_EQUAL(score(e, "k", "a b", &m), 1);
	CU_ASSERT_TRUE(near(m.ndcg_10, (1 + 1 / log2(3)) / ideal) && near(m.map, 2.0 / 12));
	eval_free(e);
}

static void bad_qrels_and_lists(void)
{
	static const struct {
		const char *qrels, *why;
	} bads[] = {
		{"1 0 a\n", "line 1: fewer"}, {"1 0 a 1\n\n1 0 b x\n", "line 3: the grade"}, {"1 0 a 1 9\n", "line 1: more"}, {"1 0 a 1.5\n", "line 1: the grade"},
		{"1", "line 1: fewer"},	      {"1 0 a 9999999999\n", "line 1: the grade"},   {"1 0 a -\n", "line 1: the grade"},
	};
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct eval *e = load("9 0 a 1\n");
		struct rk_err err = {{0}};
		CU_ASSERT_EQUAL(eval_load_qrels(e, bads[i].qrels, strlen(bads[i].qrels), &err), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, bads[i].why));
		CU_ASSERT_EQUAL(eval_nqueries(e), 1); /* nothing of a bad file stays */
		eval_free(e);
	}
	struct eval *e = load("1 0 a 1\n1 0 a 0\n1 0 b 1\n1 0 ab 1\n");
	struct eval_metrics m = {.map = -1};
	CU_ASSERT_EQUAL(score(e, "1", "b a b", &m), -EINVAL);
	CU_ASSERT_EQUAL(eval_mean(e, &(struct eval_metrics){0}), 0);
	CU_ASSERT_EQUAL(m.map, -1);
	CU_ASSERT_EQUAL(score(e, "1", "a b ab", &m), 1); /* a was judged twice: the last counts */
	CU_ASSERT_TRUE(near(m.p_10, 0.2));
	CU_ASSERT_EQUAL(eval_load_qrels(e, "1 0 a 1\n2 0 c 1", 15, NULL), 0); /* a second file */
	CU_ASSERT_EQUAL(score(e, "1", "a b ab", &m), 1);
	CU_ASSERT_TRUE(near(m.p_10, 0.3));
	CU_ASSERT_EQUAL(eval_nqueries(e), 2);
	eval_free(e);
	e = load("");
	CU_ASSERT_EQUAL(score(e, "1", "a", &m), 0);
	CU_ASSERT_EQUAL(eval_mean(e, &m), 0);
	CU_ASSERT_EQUAL(m.map, 0);
	eval_free(e);
}

/* ---- the definitions word by word, over documents 0..29 ---- */

static uint64_t seed = 3;

static int rnd(int n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int)((seed >> 33) % (uint64_t)n);
}

enum { NDOCS = 30 };

static double twin_dcg(const int *grades, int n)
{
	double sum = 0;
	for (int r = 1; r <= n && r <= 10; r++)
		sum += grades[r - 1] > 0 ? grades[r - 1] / (log((double)r + 1) / log(2.0)) : 0;
	return sum;
}

static int falling(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

static void twin(const int *grade, const int *list, int n, struct eval_metrics *m)
{
	int got[NDOCS], ideal[NDOCS], nrel = 0;
	for (int i = 0; i < n; i++)
		got[i] = grade[list[i]];
	for (int d = 0; d < NDOCS; d++) {
		ideal[d] = grade[d];
		nrel += grade[d] > 0;
	}
	qsort(ideal, NDOCS, sizeof(*ideal), falling);
	*m = (struct eval_metrics){0};
	for (int i = 0; i < n; i++) {
		m->p_10 += i < 10 && got[i] > 0 ? 0.1 : 0;
		m->recall_100 += got[i] > 0 && nrel ? 1.0 / nrel : 0;
	}
	m->ndcg_10 = nrel ? twin_dcg(got, n) / twin_dcg(ideal, NDOCS) : 0;
	for (int d = 0; d < NDOCS; d++) { /* each relevant document: the precision at its rank */
		for (int i = 0; i < n && grade[d] > 0; i++) {
			int up_to = 0;
			for (int k = 0; k <= i; k++)
				up_to += got[k] > 0;
			m->map += list[i] == d ? (double)up_to / (i + 1) / nrel : 0;
		}
	}
}

static void same_as_the_definitions(void)
{
	struct eval_metrics sum = {0}, m, want;
	struct eval *e = load("");
	uint32_t n = 0;
	for (int q = 0; q < 300; q++) {
		int grade[NDOCS], list[NDOCS], len = rnd(NDOCS + 1);
		char lines[2000], qid[16], names[NDOCS][16];
		struct eval_id ids[NDOCS];
		int at = 0, qlen = snprintf(qid, sizeof(qid), "q%d", q), any = 0;
		for (int d = 0; d < NDOCS; d++) {
			bool judged = rnd(3) == 0;
			grade[d] = judged ? rnd(5) - 1 : 0;
			any |= judged;
			snprintf(names[d], sizeof(names[d]), "d%d", d);
			if (judged)
				at += snprintf(lines + at, sizeof(lines) - (size_t)at, "%s 0 %s %d\n", qid, names[d], grade[d]);
			list[d] = d;
		}
		for (int i = NDOCS - 1; i > 0; i--) {
			int k = rnd(i + 1), t = list[i];
			list[i] = list[k];
			list[k] = t;
		}
		for (int i = 0; i < len; i++)
			ids[i] = (struct eval_id){names[list[i]], strlen(names[list[i]])};
		CU_ASSERT_EQUAL(eval_load_qrels(e, lines, (size_t)at, NULL), 0);
		CU_ASSERT_EQUAL(eval_query(e, qid, (size_t)qlen, ids, (size_t)len, &m, NULL), any);
		if (!any)
			continue;
		twin(grade, list, len, &want);
		CU_ASSERT_TRUE(near(m.ndcg_10, want.ndcg_10) && near(m.map, want.map) && near(m.p_10, want.p_10) && near(m.recall_100, want.recall_100));
		sum.ndcg_10 += want.ndcg_10;
		sum.map += want.map;
		n++;
	}
	CU_ASSERT_EQUAL(eval_mean(e, &m), n);
	CU_ASSERT_TRUE(near(m.ndcg_10, sum.ndcg_10 / n) && near(m.map, sum.map / n));
	eval_free(e);
}

static const struct tap_test tests[] = {
	{"by hand: grades, unjudged ones, missing ones, means", by_hand},
	{"cuts at 10 and 100", rank_101_and_grades_beyond_ten},
	{"bad qrels and lists are refused whole", bad_qrels_and_lists},
	{"random lists: the definitions word by word", same_as_the_definitions},
};

TAP_MAIN(tests)
