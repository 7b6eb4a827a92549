/* exec.c - one leaf after the other with a shared threshold: picks the algorithm by the shape of the plan. */
#include "core/query/exec.h"

#include <errno.h>

#include "core/base/clock.h"
#include "core/query/exec_private.h"

bool exec_check(struct exec *x)
{
	x->work = 0;
	if (x->rc == 0 && x->limits->cancel && atomic_load_explicit(x->limits->cancel, memory_order_relaxed))
		x->rc = rk_fail(x->err, -EINTR, "interrupted");
	if (x->rc == 0 && rk_mono_ns() > x->deadline)
		x->rc = rk_fail(x->err, -ETIMEDOUT, "the query took longer than %llu ms", (unsigned long long)(x->limits->max_ns / 1000000));
	return x->rc == 0;
}

int xterm_init(const struct exec *x, const struct pnode *n, uint32_t term, struct xterm *t)
{
	struct cursor *c = x->plan->terms[term].at[x->leaf_no];
	if (!c)
		return 0;
	*t = (struct xterm){.c = c, .w = n->weight, .count = n->count, .bound_of = DOC_END, .at_block = DOC_END};
	t->list_bound = t->count * rank_bound(x->rank, t->w, c->list_impacts, c->nlist_impacts);
	return 1;
}

void exec_term(struct exec *x, struct xterm *t)
{
	struct cursor *c = t->c;
	uint8_t pass[RK_BLOCK];
	for (docid_t at = 0; cursor_seek(c, at); at = c->last + 1) {
		if (!topk_wants(x->top, xterm_block_bound(x, t))) {
			if (!exec_tick(x, 8))
				return;
			continue;
		}
		if (!cursor_load(c, true) || !exec_tick(x, c->n))
			return;
		uint32_t n = xterm_filter(x, t, 0, c->n, 0, pass);
		for (uint32_t k = 0; k < n; k++) {
			double s = xterm_score(x, t, pass[k]);
			if (topk_wants(x->top, s))
				exec_offer(x, s, c->docs[pass[k]]);
		}
	}
}

static uint32_t count_children(const struct pnode *group, enum occur *ret)
{
	uint32_t n = 0;
	*ret = group->child->occur;
	for (const struct pnode *c = group->child; c; c = c->next, n++)
		if (c->kind != P_TERM || c->occur != *ret || c->occur == OCCUR_NOT)
			return 0;
	return n;
}

static void exec_flat(struct exec *x, const struct pnode *group, enum occur occur, uint32_t n)
{
	struct xterm *t = scratch_alloc(x->mem, n * sizeof(*t));
	uint32_t have = 0;
	if (!t) {
		x->rc = -ENOMEM;
		return;
	}
	for (const struct pnode *c = group->child; c; c = c->next)
		have += (uint32_t)xterm_init(x, c, c->term, &t[have]);
	if (have == 0 || (occur == OCCUR_MUST && have < n))
		return;
	if (have == 1)
		exec_term(x, t);
	else if (occur == OCCUR_MUST)
		exec_and(x, t, n);
	else
		exec_or(x, t, have);
}

static void run_leaf(struct exec *x)
{
	const struct pnode *root = x->plan->root;
	struct xterm t;
	struct xphrase ph;
	enum occur occur;
	uint32_t n;
	if (root->kind == P_TERM) {
		if (xterm_init(x, root, root->term, &t))
			exec_term(x, &t);
	} else if (root->kind == P_PHRASE) {
		int rc = xphrase_init(x, root, &ph);
		if (rc == 1)
			exec_phrase(x, &ph);
		else if (rc < 0)
			x->rc = rc;
	} else if ((n = count_children(root, &occur)) > 0) {
		exec_flat(x, root, occur, n);
	} else {
		exec_tree(x);
	}
}

static int leaf_rc(const struct exec *x)
{
	for (uint32_t i = 0; i < x->plan->nterms; i++)
		if (x->plan->terms[i].at[x->leaf_no] && x->plan->terms[i].at[x->leaf_no]->rc < 0)
			return x->plan->terms[i].at[x->leaf_no]->rc;
	return x->rc;
}

int exec_run(const struct plan *p, const struct ranking *r, struct topk *top, const struct query_limits *limits, uint64_t start_ns, const bool *skip,
	     uint32_t *ret_bad, struct rk_err *err)
{
	struct exec x = {.plan = p, .rank = r, .kernels = kernels_get(), .top = top, .mem = p->mem, .limits = limits, .seq = p->snap->seq, .err = err};
	x.deadline = limits->max_ns ? start_ns + limits->max_ns : UINT64_MAX;
	*ret_bad = UINT32_MAX;
	if (!p->root || !exec_check(&x))
		return x.rc;
	for (unsigned i = 0; i < p->snap->nleaves; i++) {
		if (skip[i])
			continue;
		x.leaf = &p->snap->leaves[i];
		x.norms = x.leaf->norms;
		x.leaf_no = i;
		run_leaf(&x);
		int rc = leaf_rc(&x);
		if (rc < 0) {
			*ret_bad = i;
			return rc;
		}
	}
	return top->rc;
}
