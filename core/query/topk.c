/* topk.c - a binary heap with the worst hit on top; see topk.h. */
#include "core/query/topk.h"

#include <errno.h>
#include <string.h>

#include "core/query/rank.h"

int topk_init(struct topk *t, struct scratch *mem, const struct snapshot *snap, uint32_t k)
{
	*t = (struct topk){.snap = snap, .k = k, .least = k ? -1 : INFINITY};
	t->hits = scratch_alloc(mem, (size_t)k * sizeof(*t->hits));
	return t->hits ? 0 : -ENOMEM;
}

void topk_clear(struct topk *t)
{
	t->n = 0;
	t->least = t->k ? -1 : INFINITY;
}

void topk_done(struct topk *t)
{
	rk_buf_done(&t->ids[0]);
	rk_buf_done(&t->ids[1]);
}

static int id_cmp(struct topk *t, const struct query_hit *a, const struct query_hit *b)
{
	if (a->leaf == b->leaf)
		return leaf_id_cmp(&t->snap->leaves[a->leaf], a->doc, b->doc);
	struct rk_buf *x = &t->ids[0], *y = &t->ids[1];
	x->len = y->len = 0;
	int rc = leaf_id(&t->snap->leaves[a->leaf], a->doc, x);
	if (rc == 0)
		rc = leaf_id(&t->snap->leaves[b->leaf], b->doc, y);
	if (rc < 0 && t->rc == 0)
		t->rc = rc;
	int d = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return d ? d : (x->len > y->len) - (x->len < y->len);
}

static bool is_worse(struct topk *t, const struct query_hit *a, const struct query_hit *b)
{
	return a->score != b->score ? a->score < b->score : id_cmp(t, a, b) > 0;
}

/* Puts h where the hole at i belongs, going down. */
static void sink(struct topk *t, uint32_t i, struct query_hit h)
{
	for (;;) {
		uint32_t c = 2 * i + 1;
		if (c >= t->n)
			break;
		if (c + 1 < t->n && is_worse(t, &t->hits[c + 1], &t->hits[c]))
			c++;
		if (!is_worse(t, &t->hits[c], &h))
			break;
		t->hits[i] = t->hits[c];
		i = c;
	}
	t->hits[i] = h;
}

void topk_offer(struct topk *t, double score, uint32_t leaf, docid_t doc)
{
	struct query_hit h = {(float)score, leaf, doc};
	if (t->n == t->k) {
		if (is_worse(t, &h, &t->hits[0]))
			return;
		sink(t, 0, h);
	} else {
		uint32_t i = t->n++;
		for (; i && is_worse(t, &h, &t->hits[(i - 1) / 2]); i = (i - 1) / 2)
			t->hits[i] = t->hits[(i - 1) / 2];
		t->hits[i] = h;
	}
	if (t->n == t->k)
		t->least = rank_least(t->hits[0].score);
}

void topk_sort(struct topk *t)
{
	uint32_t n = t->n;
	while (t->n > 1) {
		struct query_hit worst = t->hits[0], h = t->hits[--t->n];
		sink(t, 0, h);
		t->hits[t->n] = worst;
	}
	t->n = n;
}
