/* eval.h - how good a ranking is, by human judgements: nDCG@10, MAP, P@10, R@100 as trec_eval defines them.
 *
 * Judgements are TREC qrels, lines of "query iteration document grade"; a grade of 1 or more is relevant, all that is not judged is not. Per query:
 *	nDCG@10	sum over ranks 1..10 of grade / log2(rank + 1), divided by the same sum for the best possible order of all that was judged
 *	MAP	mean over the relevant documents of (relevant ones up to its rank / its rank), 0 for one that is not in the list
 *	P@10	relevant ones among the first 10, divided by 10 also when there are fewer
 *	R@100	relevant ones among the first 100, divided by all relevant ones
 * A judged query without relevant documents has 0 everywhere and counts. Threads: one at a time.
 */
#ifndef CORE_QUERY_EVAL_H
#define CORE_QUERY_EVAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct eval;
struct eval_metrics {
	double ndcg_10, map, p_10, recall_100;
};
struct eval_id {
	const void *p;
	size_t len;
};

int eval_new(struct eval **ret);
void eval_free(struct eval *);

/* Adds the judgements of a file's bytes (copied); may be called again. Blank lines are skipped. A document judged again: the last counts. All or
 * nothing: -EINVAL with the line's number and reason. */
int eval_load_qrels(struct eval *, const void *bytes, size_t len, struct rk_err *err);
uint32_t eval_nqueries(struct eval *); /* with judgements */

/* Scores one query's documents, the best first, and counts it for the means. 1; 0: nobody judged this query, nothing is counted or written.
 * -EINVAL: a judged document stands twice in the list. */
int eval_query(struct eval *, const void *qid, size_t qid_len, const struct eval_id *ids, size_t n, struct eval_metrics *ret, struct rk_err *err);

/* Means over the queries that eval_query counted; returns their number (0: all means are 0). */
uint32_t eval_mean(const struct eval *, struct eval_metrics *ret);

#endif
