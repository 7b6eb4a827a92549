/* plan.c - analysis, flattening, statistics and cursors of a query; see plan.h. */
#include "core/query/plan.h"

#include <errno.h>
#include <string.h>

enum { BOOST_MAX = 1000 };

struct planner {
	struct plan *plan;
	struct analyzer *an;
	uint32_t max_terms;
	struct rk_err *err;
};

static int add_term(struct planner *b, const struct token *t, uint32_t column)
{
	struct plan *p = b->plan;
	if (p->nterms == b->max_terms)
		return rk_fail(b->err, -E2BIG, "column %u: more than %u words after analysis", column, b->max_terms);
	if (p->nterms == p->cap) {
		uint32_t cap = p->cap ? p->cap * 2 : 16;
		struct pterm *v = scratch_alloc(p->mem, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		if (p->nterms)
			memcpy(v, p->terms, p->nterms * sizeof(*v));
		p->terms = v;
		p->cap = cap;
	}
	char *bytes = scratch_alloc(p->mem, t->len + 1u);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, t->term, t->len);
	uint32_t no = p->nterms++;
	p->terms[no] = (struct pterm){.term = bytes, .len = t->len, .same = no};
	for (uint32_t i = 0; i < no; i++)
		if (p->terms[i].len == t->len && memcmp(p->terms[i].term, bytes, t->len) == 0) {
			p->terms[no].same = i;
			break;
		}
	return 0;
}

static struct pnode *new_node(struct plan *p, enum pkind kind, double boost)
{
	struct pnode *n = scratch_alloc(p->mem, sizeof(*n));
	if (n)
		*n = (struct pnode){.kind = kind, .boost = boost < BOOST_MAX ? boost : BOOST_MAX, .count = 1};
	return n;
}

static int build_words(struct planner *b, const struct qnode *q, double boost, struct pnode **ret)
{
	struct plan *p = b->plan;
	uint32_t first = p->nterms, cap = 0, n = 0, *offsets = NULL;
	struct token t;
	int rc = 0;
	*ret = NULL;
	analyzer_begin(b->an, q->text, q->len);
	while (rc == 0 && analyzer_next(b->an, &t)) {
		if (n == cap) {
			uint32_t *v = scratch_alloc(p->mem, (cap = cap ? cap * 4 : 4) * sizeof(*v));
			if (!v)
				return -ENOMEM;
			if (n)
				memcpy(v, offsets, n * sizeof(*v));
			offsets = v;
		}
		offsets[n++] = t.pos;
		rc = add_term(b, &t, q->column);
	}
	if (rc < 0 || n == 0)
		return rc;
	struct pnode *node = new_node(p, n == 1 ? P_TERM : P_PHRASE, boost);
	if (!node)
		return -ENOMEM;
	for (uint32_t i = n; i-- > 0;)
		offsets[i] -= offsets[0];
	node->term = first;
	node->nterms = n;
	node->offsets = offsets;
	*ret = node;
	return 0;
}

static bool only(const struct pnode *group, enum occur occur)
{
	for (const struct pnode *n = group->child; n; n = n->next)
		if (n->occur != occur)
			return false;
	return true;
}

/* Puts n in front of *head, or counts it where the same term already stands. */
static void put_child(struct plan *p, struct pnode **head, struct pnode *n)
{
	for (struct pnode *o = *head; o && n->kind == P_TERM; o = o->next)
		if (o->kind == P_TERM && o->occur == n->occur && o->boost == n->boost && p->terms[o->term].same == p->terms[n->term].same) {
			o->count += n->count;
			return;
		}
	n->next = *head;
	*head = n;
}

static int build(struct planner *b, const struct qnode *q, double boost, struct pnode **ret);

static int build_group(struct planner *b, const struct qnode *q, double boost, struct pnode **ret)
{
	struct pnode *group = new_node(b->plan, P_BOOL, 1), *n;
	if (!group)
		return -ENOMEM;
	for (const struct qnode *c = q->child; c; c = c->next) {
		int rc = build(b, c, boost, &n);
		if (rc < 0)
			return rc;
		if (!n)
			continue;
		n->occur = c->occur;
		if (n->kind == P_BOOL && n->occur != OCCUR_NOT && only(n, n->occur)) {
			for (struct pnode *k = n->child, *next; k; k = next) {
				next = k->next;
				put_child(b->plan, &group->child, k);
			}
		} else {
			put_child(b->plan, &group->child, n);
		}
	}
	n = group->child;
	*ret = !n || n->next || n->occur == OCCUR_NOT || n->count > 1 ? (n ? group : NULL) : n;
	return 0;
}

static int build(struct planner *b, const struct qnode *q, double boost, struct pnode **ret)
{
	boost *= q->boost;
	return q->kind == Q_BOOL ? build_group(b, q, boost, ret) : build_words(b, q, boost, ret);
}

int plan_make(struct plan *p, struct scratch *mem, const struct snapshot *snap, struct analyzer *an, const struct qnode *q,
	      const struct query_limits *limits, struct rk_err *err)
{
	struct planner b = {p, an, limits->max_clauses, err};
	*p = (struct plan){.mem = mem, .snap = snap};
	return build(&b, q, 1, &p->root);
}

static double set_weights(struct plan *p, const struct ranking *r, struct pnode *n)
{
	double sum = 0;
	if (n->kind == P_BOOL) {
		for (struct pnode *c = n->child; c; c = c->next)
			sum += set_weights(p, r, c);
		return sum;
	}
	for (uint32_t i = 0; i < (n->kind == P_TERM ? 1 : n->nterms); i++)
		sum += p->terms[n->term + i].weight;
	n->weight = sum * n->boost;
	return n->weight * n->count;
}

static int open_leaf(struct plan *p, uint32_t leaf)
{
	struct cursor *c = NULL;
	for (uint32_t i = 0; i < p->nterms; i++) {
		struct pterm *t = &p->terms[i];
		if (!c)
			c = scratch_alloc(p->mem, sizeof(*c));
		if (!c)
			return -ENOMEM;
		int rc = leaf_cursor(&p->snap->leaves[leaf], t->term, t->len, c);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		t->at[leaf] = c;
		p->terms[t->same].df += t->same == i ? c->df : 0;
		c = NULL;
	}
	return 0;
}

int plan_open(struct plan *p, struct ranking *r, const bool *skip, uint32_t *ret_bad)
{
	unsigned nleaves = p->snap->nleaves;
	for (uint32_t i = 0; i < p->nterms; i++) {
		p->terms[i].df = 0;
		if (!p->terms[i].at)
			p->terms[i].at = scratch_alloc(p->mem, (nleaves + 1) * sizeof(struct cursor *));
		if (!p->terms[i].at)
			return -ENOMEM;
		memset(p->terms[i].at, 0, (nleaves + 1) * sizeof(struct cursor *));
	}
	for (unsigned leaf = 0; leaf < nleaves; leaf++) {
		int rc = skip[leaf] ? 0 : open_leaf(p, leaf);
		if (rc < 0) {
			*ret_bad = leaf;
			return rc;
		}
	}
	for (uint32_t i = 0; i < p->nterms; i++) {
		struct pterm *t = &p->terms[i];
		t->weight = t->same == i ? rank_weight(r->kind, p->snap->nindexed, t->df) : p->terms[t->same].weight;
	}
	rank_set_quantum(r, p->root ? set_weights(p, r, p->root) : 0, r->kind == RANK_TFIDF ? r->lntf[0] : 1);
	return 0;
}

void plan_close(struct plan *p)
{
	for (uint32_t i = 0; i < p->nterms; i++)
		for (unsigned leaf = 0; p->terms[i].at && leaf < p->snap->nleaves; leaf++) {
			struct cursor *c = p->terms[i].at[leaf];
			p->terms[i].at[leaf] = NULL;
			if (c)
				c->ops->done(c);
		}
}
