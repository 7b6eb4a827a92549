/* plan.h - a parsed query becomes a tree of terms, phrases and groups with weights from the snapshot's statistics, and a cursor a term and leaf.
 *
 * A word that the analyzer splits (wi-fi, foo.txt, a run of Han characters) is a phrase of its tokens; one that gives no token (punctuation, a stop
 * word) drops out, and so does a group with nothing left. Nested groups that say the same are flattened; the same term twice in a group becomes
 * one with a count: the sums stay exact (rank.h). */
#ifndef CORE_QUERY_PLAN_H
#define CORE_QUERY_PLAN_H

#include "core/query/parse.h"
#include "core/query/rank.h"

enum pkind { P_TERM, P_PHRASE, P_BOOL };

struct pterm { /* one word at one place of the query; phrases have one per token */
	const char *term;
	uint32_t len;
	uint32_t same;	     /* the first place with this term */
	uint64_t df;	     /* over all leaves */
	double weight;	     /* without boost */
	struct cursor **at;  /* by leaf; NULL: not in it */
};

struct pnode {
	enum pkind kind;
	enum occur occur;
	double boost, weight; /* weight: with boost */
	uint32_t count;	      /* times it stands in its group */
	uint32_t term;	      /* P_TERM: its place; P_PHRASE: of its first token */
	uint32_t nterms;      /* P_PHRASE */
	const uint32_t *offsets; /* P_PHRASE: positions relative to the first */
	struct pnode *child, *next;
};

struct plan {
	struct pnode *root; /* NULL: nothing left, no hits */
	struct pterm *terms;
	uint32_t nterms, cap;
	struct scratch *mem;
	const struct snapshot *snap;
};

int plan_make(struct plan *, struct scratch *, const struct snapshot *, struct analyzer *, const struct qnode *, const struct query_limits *, struct rk_err *);
/* Opens cursors in every leaf that is not in `skip` and sets df and weights. A leaf that fails
 * is put in *ret_bad, and its -errno returned. */
int plan_open(struct plan *, struct ranking *, const bool *skip, uint32_t *ret_bad);
void plan_close(struct plan *);

#endif
