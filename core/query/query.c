/* query.c - query_run and query_search: parse, plan, execute, render with one reused piece of memory; see query.h.
 *
 * A leaf whose postings turn out damaged is left out and the query runs again without it: the result is exactly that of the others, and says so. */
#include "core/query/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/query/exec.h"
#include "core/query/render.h"

enum { POOL = 8 };

/* What a query uses and the next one takes over: its memory and the table of lengths. */
struct workspace {
	struct scratch mem;
	struct ranking rank;
};

static _Atomic(struct workspace *) pool[POOL];

static struct workspace *workspace_take(void)
{
	for (unsigned i = 0; i < POOL; i++) {
		struct workspace *w = atomic_exchange_explicit(&pool[i], NULL, memory_order_acq_rel);
		if (w)
			return w;
	}
	return calloc(1, sizeof(struct workspace));
}

static void workspace_give(struct workspace *w)
{
	scratch_reset(&w->mem);
	for (unsigned i = 0; i < POOL; i++) {
		struct workspace *none = NULL;
		if (atomic_compare_exchange_strong_explicit(&pool[i], &none, w, memory_order_acq_rel, memory_order_relaxed))
			return;
	}
	scratch_done(&w->mem);
	free(w);
}

struct search {
	struct snapshot *snap;
	struct analyzer *an;
	const struct query_options *options;
	struct query_limits limits;
	struct workspace *w;
	struct plan plan;
	struct topk top;
	uint64_t start_ns;
	int damage; /* 0 or -EUCLEAN */
};

/* Runs until no leaf fails any more. */
static int run_leaves(struct search *s, bool *skip, struct rk_err *err)
{
	for (;;) {
		uint32_t bad = UINT32_MAX;
		topk_clear(&s->top);
		int rc = plan_open(&s->plan, &s->w->rank, skip, &bad);
		if (rc == 0)
			rc = exec_run(&s->plan, &s->w->rank, &s->top, &s->limits, s->start_ns, skip, &bad, err);
		plan_close(&s->plan);
		if (rc != -EUCLEAN || bad == UINT32_MAX)
			return rc;
		skip[bad] = true;
		s->damage = rk_fail(err, -EUCLEAN, "a part of the index is damaged: results are without it");
	}
}

/* On success s->top holds up to offset + k hits, best first. */
static int search(struct search *s, const char *text, size_t len, struct rk_err *err)
{
	const struct query_options *o = s->options;
	struct scratch *mem = &s->w->mem;
	struct qnode *q;
	uint64_t depth = (uint64_t)o->k + o->offset;
	if (o->k > 10000 || depth > 100000)
		return rk_fail(err, -EINVAL, "@k is at most 10000, @k and @offset together at most 100000");
	mem->limit = s->limits.max_memory;
	int rc = parse_query(mem, text, len, o->op == QUERY_AND, s->limits.max_clauses, &q, err);
	if (rc == 0)
		rc = plan_make(&s->plan, mem, s->snap, s->an, q, &s->limits, err);
	if (rc == 0)
		rc = topk_init(&s->top, mem, s->snap, (uint32_t)depth);
	bool *skip = rc == 0 ? scratch_alloc(mem, s->snap->nleaves + 1) : NULL;
	if (rc == 0 && !skip)
		rc = -ENOMEM;
	if (rc == 0) {
		memset(skip, 0, s->snap->nleaves + 1);
		rank_init(&s->w->rank, o->rank, s->snap->nindexed, s->snap->total_length);
		rc = run_leaves(s, skip, err);
		topk_sort(&s->top);
	}
	if (rc == -ENOMEM)
		rk_fail(err, rc, "the query needs more than %zu bytes of memory", s->limits.max_memory);
	return rc;
}

static int search_begin(struct search *s, struct snapshot *snap, struct analyzer *an, const struct query_options *o, const struct query_limits *l)
{
	*s = (struct search){.snap = snap, .an = an, .options = o, .start_ns = rk_mono_ns(), .w = workspace_take()};
	if (l)
		s->limits = *l;
	else
		query_limits_init(&s->limits);
	return s->w ? 0 : -ENOMEM;
}

static void search_end(struct search *s)
{
	topk_done(&s->top);
	workspace_give(s->w);
}

static uint32_t page(const struct search *s, const struct query_hit **ret)
{
	uint32_t offset = s->options->offset < s->top.n ? s->options->offset : s->top.n;
	*ret = s->top.hits + offset;
	return s->top.n - offset;
}

int query_search(struct snapshot *snap, struct analyzer *an, const char *text, size_t len, const struct query_options *o, const struct query_limits *l,
		 struct query_hit *hits, uint32_t *ret_n, struct rk_err *err)
{
	struct search s;
	const struct query_hit *found;
	int rc = search_begin(&s, snap, an, o, l);
	if (rc < 0)
		return rc;
	rc = search(&s, text, len, err);
	if (rc == 0) {
		*ret_n = page(&s, &found);
		memcpy(hits, found, *ret_n * sizeof(*hits));
		rc = s.damage;
	}
	search_end(&s);
	return rc;
}

int query_run(struct snapshot *snap, struct analyzer *an, const char *text, size_t len, const struct query_options *o, const struct query_limits *l,
	      struct query_result *ret, struct rk_err *err)
{
	struct search s;
	const struct query_hit *found;
	int rc = search_begin(&s, snap, an, o, l);
	if (rc < 0)
		return rc;
	struct query_result r = {.generation = snap->seq};
	rc = search(&s, text, len, err);
	if (rc == 0) {
		r.nhits = page(&s, &found);
		rc = render_hits(snap, an, &s.plan, o, found, r.nhits, &r.text, err);
		r.rc = rc == -EUCLEAN ? rc : s.damage;
		rc = rc == -EUCLEAN ? 0 : rc;
	}
	search_end(&s);
	r.took_ns = rk_mono_ns() - s.start_ns;
	if (rc == 0)
		*ret = r;
	else
		rk_buf_done(&r.text);
	return rc;
}
