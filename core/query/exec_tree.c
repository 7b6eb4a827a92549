/* exec_tree.c - any tree of words, phrases and groups: iterators in two phases, document after document, ranges passed by their bounds.
 *
 * Phase 1 (advance) finds the next document that may match, phase 2 (eval) decides and scores. A group with negations only matches every document
 * that it does not exclude, with score 0. */
#include <errno.h>
#include <string.h>

#include "core/query/exec_private.h"

struct iter {
	enum pkind kind;
	bool empty;  /* never matches in this leaf */
	bool stands; /* advance was called: doc is where it stands */
	docid_t doc;
	struct xterm t;
	struct xphrase ph;
	struct iter *must, *should, *not; /* children of a group */
	uint32_t nmust, nshould, nnot;
};

static int iter_make(struct exec *x, const struct pnode *n, struct iter *it);

static int make_group(struct exec *x, const struct pnode *n, struct iter *it)
{
	uint32_t total = 0;
	for (const struct pnode *c = n->child; c; c = c->next)
		total++;
	struct iter *kids = scratch_alloc(x->mem, total * sizeof(*kids));
	if (!kids)
		return -ENOMEM;
	struct {
		enum occur occur;
		struct iter **at;
		uint32_t *n;
	} part[] = {{OCCUR_MUST, &it->must, &it->nmust}, {OCCUR_SHOULD, &it->should, &it->nshould}, {OCCUR_NOT, &it->not, &it->nnot}};
	uint32_t wanted = 0, k = 0;
	for (unsigned p = 0; p < 3; p++) {
		*part[p].at = &kids[k];
		for (const struct pnode *c = n->child; c; c = c->next) {
			if (c->occur != part[p].occur)
				continue;
			wanted += c->occur != OCCUR_NOT;
			int rc = iter_make(x, c, &kids[k]);
			if (rc < 0)
				return rc;
			if (kids[k].empty && c->occur == OCCUR_MUST)
				it->empty = true;
			if (!kids[k].empty) {
				++*part[p].n;
				k++;
			}
		}
	}
	if (wanted && it->nmust == 0 && it->nshould == 0)
		it->empty = true;
	return 0;
}

static int iter_make(struct exec *x, const struct pnode *n, struct iter *it)
{
	int rc = 0;
	*it = (struct iter){.kind = n->kind};
	if (n->kind == P_TERM)
		it->empty = !xterm_init(x, n, n->term, &it->t);
	else if (n->kind == P_PHRASE)
		it->empty = (rc = xphrase_init(x, n, &it->ph)) == 0;
	else
		rc = make_group(x, n, it);
	return rc < 0 ? rc : 0;
}

/* The most that a document of target..*ret_upto gives. */
static double bound(const struct exec *x, struct iter *it, docid_t target, docid_t *ret_upto)
{
	docid_t upto = DOC_END - 1, u;
	double sum = 0, b;
	if (it->kind == P_TERM) {
		*ret_upto = cursor_seek(it->t.c, target) ? it->t.c->last : upto;
		return it->t.c->last == DOC_END ? 0 : xterm_block_bound(x, &it->t);
	}
	if (it->kind == P_PHRASE) {
		*ret_upto = upto;
		b = xphrase_bound(x, &it->ph, target, ret_upto);
		return b < 0 ? 0 : b;
	}
	for (uint32_t i = 0; i < it->nmust + it->nshould; i++) {
		struct iter *k = i < it->nmust ? &it->must[i] : &it->should[i - it->nmust];
		b = bound(x, k, target, &u);
		sum += b;
		upto = u < upto ? u : upto;
	}
	*ret_upto = upto;
	return sum;
}

static docid_t advance(const struct exec *x, struct iter *it, docid_t target);

static docid_t advance_must(const struct exec *x, struct iter *it, docid_t target)
{
	for (uint32_t i = 0; i < it->nmust;) {
		docid_t d = advance(x, &it->must[i], target);
		if (d == DOC_END)
			return DOC_END;
		if (d == target || i == 0)
			i++;
		else
			i = 0;
		target = d;
	}
	return target;
}

static docid_t advance(const struct exec *x, struct iter *it, docid_t target)
{
	docid_t best = DOC_END;
	if (it->kind == P_TERM) {
		best = xterm_advance(&it->t, target) < 0 ? DOC_END : it->t.c->docs[it->t.i];
	} else if (it->kind == P_PHRASE) {
		best = xphrase_advance(&it->ph, target);
	} else if (it->nmust) {
		best = advance_must(x, it, target);
	} else if (it->nshould) {
		for (uint32_t i = 0; i < it->nshould; i++) {
			struct iter *k = &it->should[i];
			docid_t d = k->stands && k->doc >= target ? k->doc : advance(x, k, target);
			best = d < best ? d : best;
		}
	} else {
		best = target < x->leaf->limit ? target : DOC_END;
	}
	it->stands = true;
	return it->doc = best;
}

static bool eval(struct exec *x, struct iter *it, docid_t d, double *ret);

/* Moves a child that may lag behind to d and evaluates it there. */
static bool eval_at(struct exec *x, struct iter *it, docid_t d, double *ret)
{
	if ((!it->stands || it->doc < d) && advance(x, it, d) != d)
		return false;
	return it->doc == d && eval(x, it, d, ret);
}

static bool eval_group(struct exec *x, struct iter *it, docid_t d, double *ret)
{
	double sum = 0, s;
	bool any = it->nshould == 0 || it->nmust;
	for (uint32_t i = 0; i < it->nmust; i++) {
		if (!eval(x, &it->must[i], d, &s))
			return false;
		sum += s;
	}
	for (uint32_t i = 0; i < it->nnot; i++)
		if (eval_at(x, &it->not[i], d, &s))
			return false;
	for (uint32_t i = 0; i < it->nshould; i++)
		if (eval_at(x, &it->should[i], d, &s)) {
			sum += s;
			any = true;
		}
	*ret = sum;
	return any;
}

/* it stands at d. */
static bool eval(struct exec *x, struct iter *it, docid_t d, double *ret)
{
	if (it->kind == P_PHRASE)
		return xphrase_eval(x, &it->ph, d, ret);
	if (it->kind == P_BOOL)
		return eval_group(x, it, d, ret);
	if (!cursor_load(it->t.c, true))
		return false;
	*ret = xterm_score(x, &it->t, it->t.i);
	return true;
}

/* A document without words is matched by negations only; a staged one by nothing. */
static bool is_shown(struct exec *x, docid_t d)
{
	struct seg_doc_stat st;
	if (x->norms[d])
		return true;
	int rc = leaf_doc_stat(x->leaf, d, &st);
	if (rc < 0)
		x->rc = x->rc < 0 ? x->rc : rc;
	return rc == 0 && !(st.flags & DOC_STAGED);
}

void exec_tree(struct exec *x)
{
	struct iter root;
	docid_t upto;
	int rc = iter_make(x, x->plan->root, &root);
	if (rc < 0)
		x->rc = rc;
	if (rc < 0 || root.empty)
		return;
	for (docid_t lo = 0; lo < x->leaf->limit && exec_tick(x, 64);) {
		if (!topk_wants(x->top, bound(x, &root, lo, &upto))) {
			if (upto >= DOC_END - 1)
				return;
			lo = upto + 1;
			continue;
		}
		docid_t d = advance(x, &root, lo);
		for (; d <= upto && d != DOC_END; d = advance(x, &root, d + 1)) {
			double s;
			if (eval(x, &root, d, &s) && topk_wants(x->top, s) && leaf_live(x->leaf, d, x->seq) && is_shown(x, d))
				exec_offer(x, s, d);
			if (!exec_tick(x, 16))
				return;
		}
		lo = d;
	}
}
