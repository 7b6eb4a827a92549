/* exec_or.c - any of several words: MaxScore over windows with block bounds.
 *
 * (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995; block bounds as in Ding and Suel, "Faster top-k document retrieval
 * using block-max indexes", 2011.) Lists stand in order of their bounds. As long as the bounds of the first few sum to less than what a hit
 * needs, no document of those alone can enter: they are only asked about documents of the others, the essential ones.
 *
 *   window = from `lo` to the nearest block end of an essential list; in it the block bounds hold
 *   1. essential block bounds + the others' bounds too low: pass the window without decoding
 *   2. essential lists that the window's bounds make dispensable are only asked, too
 *   3. the rest is scored: one list directly, several by way of an array of sums
 *   4. each document that can still enter asks the dispensable lists, highest bound first, until it cannot */
#include <errno.h>
#include <string.h>

#include "core/query/exec_private.h"

struct or_state {
	struct exec *x;
	struct xterm *t; /* by rising list_bound */
	uint32_t n;
	uint32_t ness;	 /* t[0..ness) are not essential */
	double *bound;	 /* by list, in this window */
	uint32_t *ask;	 /* the dispensable lists of this window, highest bound first */
	double *ask_rest; /* sum of the bounds of ask[i..] */
	uint32_t nask;
};

static void sort_by_bound(struct xterm *t, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct xterm v = t[i];
		uint32_t j = i;
		for (; j && t[j - 1].list_bound > v.list_bound; j--)
			t[j] = t[j - 1];
		t[j] = v;
	}
}

static void remove_list(struct or_state *s, uint32_t i)
{
	memmove(&s->t[i], &s->t[i + 1], (s->n - i - 1) * sizeof(*s->t));
	s->n--;
}

/* Documents that can still enter ask the other lists. */
static void ask(struct or_state *s, docid_t d, double score)
{
	struct exec *x = s->x;
	for (uint32_t k = 0; k < s->nask; k++) {
		if (!topk_wants(x->top, score + s->ask_rest[k]))
			return;
		struct xterm *t = &s->t[s->ask[k]];
		struct cursor *c = t->c;
		if (!cursor_seek(c, d) || !topk_wants(x->top, score + xterm_block_bound(x, t) + s->ask_rest[k + 1])) {
			if (c->last != DOC_END)
				return;
			continue;
		}
		if (xterm_advance(t, d) == 1 && cursor_load(c, true))
			score += xterm_score(x, t, t->i);
	}
	exec_offer(x, score, d);
}

static void score_one(struct or_state *s, struct xterm *t, docid_t lo, docid_t hi)
{
	struct exec *x = s->x;
	const struct cursor *c = t->c;
	if (!cursor_load(t->c, true))
		return;
	uint8_t pass[RK_BLOCK];
	uint32_t from = xterm_find(t, lo), to = docs_find(c->docs, from, hi + 1);
	double rest = s->ask_rest[0];
	uint32_t n = xterm_filter(x, t, from, to, rest, pass);
	for (uint32_t k = 0; k < n; k++) {
		double v = xterm_score(x, t, pass[k]);
		if (topk_wants(x->top, v + rest))
			ask(s, c->docs[pass[k]], v);
	}
}

static void score_range(const struct exec *x, const struct xterm *t, uint32_t from, uint32_t to, double *ret)
{
	if (x->rank->kind != RANK_BM25 || to - from < 8) {
		for (uint32_t i = from; i < to; i++)
			ret[i - from] = xterm_score(x, t, i);
		return;
	}
	x->kernels->score(x->rank, t->w, t->c, x->norms, from, to, ret);
	if (t->count != 1)
		for (uint32_t i = 0; i < to - from; i++)
			ret[i] *= t->count;
}

static void score_many(struct or_state *s, const uint32_t *lists, uint32_t n, docid_t lo, docid_t hi)
{
	struct exec *x = s->x;
	double scores[RK_BLOCK];
	for (uint32_t k = 0; k < n; k++) {
		struct xterm *t = &s->t[lists[k]];
		const struct cursor *c = t->c;
		if (!cursor_load(t->c, true))
			continue;
		uint32_t from = xterm_find(t, lo), to = docs_find(c->docs, from, hi + 1);
		score_range(x, t, from, to, scores);
		for (uint32_t i = from; i < to; i++) {
			uint32_t at = c->docs[i] - lo;
			x->sums[at] += scores[i - from];
			x->seen[at / 64] |= UINT64_C(1) << at % 64;
		}
	}
	double rest = s->ask_rest[0];
	for (uint32_t w = 0; w <= (hi - lo) / 64; w++) {
		for (uint64_t bits = x->seen[w]; bits; bits &= bits - 1) {
			uint32_t at = w * 64 + (uint32_t)__builtin_ctzll(bits);
			double v = x->sums[at];
			x->sums[at] = 0;
			if (topk_wants(x->top, v + rest))
				ask(s, lo + at, v);
		}
		x->seen[w] = 0;
	}
}

/* The most essential lists stay to be scored; those that the window's bounds allow are asked. Writes lists[], returns their number. */
static uint32_t choose(struct or_state *s, double others, uint32_t *lists)
{
	uint32_t n = 0, m = s->ness;
	for (uint32_t i = s->ness; i < s->n; i++) { /* by rising bound in the window */
		uint32_t j = n++;
		for (; j && s->bound[lists[j - 1]] > s->bound[i]; j--)
			lists[j] = lists[j - 1];
		lists[j] = i;
	}
	double sum = others;
	uint32_t drop = 0;
	while (drop + 1 < n && !topk_wants(s->x->top, sum + s->bound[lists[drop]]))
		sum += s->bound[lists[drop++]];
	s->nask = m + drop;
	for (uint32_t i = 0; i < m; i++)
		s->ask[i] = i;
	for (uint32_t i = 0; i < drop; i++)
		s->ask[m + i] = lists[i];
	for (uint32_t i = 1; i < s->nask; i++) { /* highest bound first */
		uint32_t v = s->ask[i], j = i;
		for (; j && s->bound[s->ask[j - 1]] < s->bound[v]; j--)
			s->ask[j] = s->ask[j - 1];
		s->ask[j] = v;
	}
	s->ask_rest[s->nask] = 0;
	for (uint32_t i = s->nask; i-- > 0;)
		s->ask_rest[i] = s->ask_rest[i + 1] + s->bound[s->ask[i]];
	memmove(lists, lists + drop, (n - drop) * sizeof(*lists));
	return n - drop;
}

static void partition(struct or_state *s)
{
	double sum = 0;
	for (s->ness = 0; s->ness < s->n && !topk_wants(s->x->top, sum + s->t[s->ness].list_bound); s->ness++)
		sum += s->t[s->ness].list_bound;
}

/* One window from lo; returns where the next begins. */
static docid_t window(struct or_state *s, docid_t lo, uint32_t *lists)
{
	struct exec *x = s->x;
	docid_t hi = DOC_END - 1;
	double essential = 0, others = 0;
	for (uint32_t i = s->ness; i < s->n; i++) {
		struct xterm *t = &s->t[i];
		if (!cursor_seek(t->c, lo)) {
			remove_list(s, i--);
			continue;
		}
		hi = t->c->last < hi ? t->c->last : hi;
		essential += s->bound[i] = xterm_block_bound(x, t);
	}
	if (s->ness == s->n)
		return DOC_END;
	for (uint32_t i = 0; i < s->ness; i++)
		others += s->bound[i] = s->t[i].list_bound;
	if (!topk_wants(x->top, essential + others))
		return hi + 1;
	for (uint32_t i = 0; i < s->ness; i++) {
		struct xterm *t = &s->t[i];
		double b = !cursor_seek(t->c, lo) ? 0 : t->c->last < hi ? t->list_bound : xterm_block_bound(x, t);
		others += b - s->bound[i];
		s->bound[i] = b;
	}
	if (!topk_wants(x->top, essential + others))
		return hi + 1;
	uint32_t n = choose(s, others, lists);
	if (n == 1) {
		score_one(s, &s->t[lists[0]], lo, hi);
	} else {
		if (hi - lo >= WINDOW)
			hi = lo + WINDOW - 1;
		score_many(s, lists, n, lo, hi);
	}
	return hi + 1;
}

/* Once a query: windows leave the sums as they found them. */
static bool window_room(struct exec *x)
{
	if (x->sums)
		return true;
	x->sums = scratch_alloc(x->mem, WINDOW * sizeof(*x->sums));
	x->seen = scratch_alloc(x->mem, WINDOW / 64 * sizeof(*x->seen));
	if (!x->sums || !x->seen)
		return false;
	memset(x->sums, 0, WINDOW * sizeof(*x->sums));
	memset(x->seen, 0, WINDOW / 64 * sizeof(*x->seen));
	return true;
}

void exec_or(struct exec *x, struct xterm *t, uint32_t n)
{
	struct or_state s = {.x = x, .t = t, .n = n};
	uint32_t *lists = scratch_alloc(x->mem, n * sizeof(*lists));
	s.bound = scratch_alloc(x->mem, n * sizeof(*s.bound));
	s.ask = scratch_alloc(x->mem, n * sizeof(*s.ask));
	s.ask_rest = scratch_alloc(x->mem, (n + 1) * sizeof(*s.ask_rest));
	if (!lists || !s.bound || !s.ask || !s.ask_rest || !window_room(x)) {
		x->rc = -ENOMEM;
		return;
	}
	sort_by_bound(t, n);
	double least = -2;
	for (docid_t lo = 0; lo != DOC_END && exec_tick(x, 64 + s.n);) {
		if (least != x->top->least) {
			least = x->top->least;
			partition(&s);
		}
		if (s.ness == s.n)
			return;
		lo = window(&s, lo, lists);
	}
}
