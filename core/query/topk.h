/* topk.h - the best k hits so far and the score that a document needs to become one.
 *
 * Order: higher score (float) first, then the id that is smaller in byte order; ids are unique among live documents, so the order is total.
 * Invariant T1: when full, hits[0] is the worst hit kept; `least` is the smallest double that as a float is not below its score. */
#ifndef CORE_QUERY_TOPK_H
#define CORE_QUERY_TOPK_H

#include "core/query/query.h"
#include "core/query/scratch.h"

struct topk {
	const struct snapshot *snap;
	struct query_hit *hits; /* a heap, the worst on top */
	uint32_t k, n;
	double least; /* scores below this cannot enter; -1 until full */
	struct rk_buf ids[2];
	int rc; /* -errno of reading an id */
};

int topk_init(struct topk *, struct scratch *, const struct snapshot *, uint32_t k);
void topk_clear(struct topk *);
void topk_done(struct topk *);
void topk_offer(struct topk *, double score, uint32_t leaf, docid_t doc); /* a live document with score >= least */
void topk_sort(struct topk *);						  /* best first; ends the heap */

static inline bool topk_wants(const struct topk *t, double score)
{
	return score >= t->least;
}

#endif
