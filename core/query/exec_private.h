/* exec_private.h - what the algorithms share: a term's cursor in one leaf with its bounds, limits, the last step of a hit.
 *
 * E1: all scores and bounds are multiples of the ranking's quantum, so sums and differences of them are exact and order does not matter.
 * E2: what is skipped has a bound below top->least; equal is never skipped, as the id may win the tie. */
#ifndef CORE_QUERY_EXEC_PRIVATE_H
#define CORE_QUERY_EXEC_PRIVATE_H

#include "core/query/exec.h"
#include "core/query/kernels.h"

enum { WINDOW = 4096, WORK_BETWEEN_CHECKS = 1 << 15 };

struct exec {
	const struct plan *plan;
	const struct ranking *rank;
	const struct kernels *kernels;
	struct topk *top;
	struct scratch *mem;
	const struct query_limits *limits;
	const struct leaf *leaf;
	const uint8_t *norms;
	uint32_t leaf_no, work;
	uint64_t seq, deadline;
	double *sums;	/* exec_or: WINDOW sums, all zero between windows */
	uint64_t *seen; /* and a bit for each that is not */
	int rc;
	struct rk_err *err;
};

struct xterm {
	struct cursor *c;
	double w, count;
	double list_bound, block_bound;
	docid_t bound_of; /* last document of the block that block_bound is of */
	docid_t at_block; /* last document of the block that i is in */
	uint32_t i;
};

bool exec_check(struct exec *); /* limits and cancellation; false: stop, rc says why */

static inline bool exec_tick(struct exec *x, uint32_t work)
{
	x->work += work;
	return x->work < WORK_BETWEEN_CHECKS || exec_check(x);
}

static inline double xterm_score(const struct exec *x, const struct xterm *t, uint32_t i)
{
	return t->count * rank_score(x->rank, t->w, t->c->tfs[i], x->norms[t->c->docs[i]]);
}

/* Bound of the block the cursor stands on. */
static inline double xterm_block_bound(const struct exec *x, struct xterm *t)
{
	if (t->bound_of != t->c->last) {
		t->bound_of = t->c->last;
		t->block_bound = t->count * rank_bound(x->rank, t->w, t->c->impacts, t->c->nimpacts);
	}
	return t->block_bound;
}

/* The first index of the loaded block, from t->i on, whose document is >= d; the block must hold one. */
static inline uint32_t xterm_find(struct xterm *t, docid_t d)
{
	const uint32_t *docs = t->c->docs;
	if (t->at_block != t->c->last) {
		t->at_block = t->c->last;
		t->i = 0;
	}
	return t->i = docs_find(docs, t->i, d);
}

/* Numbers of the postings [from, to) of the loaded block that can enter when others add at most `rest`; into pass[RK_BLOCK], returns how many. */
static inline uint32_t xterm_filter(const struct exec *x, const struct xterm *t, uint32_t from, uint32_t to, double rest, uint8_t *pass)
{
	float least = rank_least_ratio(x->rank, t->w, (x->top->least - rest) / t->count);
	return x->kernels->filter(x->rank, t->c, x->norms, from, to, least, pass);
}

/* Moves to the first document >= d: 1 it is d, 0 it is not, -1 the list has ended (or failed: c->rc). */
static inline int xterm_advance(struct xterm *t, docid_t d)
{
	if (!cursor_seek(t->c, d) || !cursor_load(t->c, false))
		return -1;
	return t->c->docs[xterm_find(t, d)] == d;
}

static inline void exec_offer(struct exec *x, double score, docid_t doc)
{
	if (topk_wants(x->top, score) && leaf_live(x->leaf, doc, x->seq))
		topk_offer(x->top, score, x->leaf_no, doc);
}

int xterm_init(const struct exec *, const struct pnode *, uint32_t term, struct xterm *); /* 1; 0: not in this leaf */

void exec_term(struct exec *, struct xterm *);
void exec_or(struct exec *, struct xterm *, uint32_t n);
void exec_and(struct exec *, struct xterm *, uint32_t n); /* n >= 1; sorts */

/* A phrase in one leaf: its terms rarest first. */
struct xphrase {
	struct xterm *t; /* w, count and bounds are the phrase's: its frequency is at most each term's */
	uint32_t *offsets; /* of t[i] in the phrase */
	uint32_t n;
};
int xphrase_init(const struct exec *, const struct pnode *, struct xphrase *); /* 1; 0: a term is missing here; -ENOMEM */
double xphrase_bound(const struct exec *, struct xphrase *, docid_t target, docid_t *ret_upto); /* for target..upto; -1: ended */
docid_t xphrase_advance(struct xphrase *, docid_t target); /* the next document with all terms; DOC_END */
bool xphrase_eval(struct exec *, struct xphrase *, docid_t doc, double *ret); /* at a document with all terms: is it a phrase, and what it gives */
void exec_phrase(struct exec *, struct xphrase *);

void exec_tree(struct exec *);

#endif
