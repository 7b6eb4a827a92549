/* exec_and.c - all of several words, and phrases: the rarest list leads, the others leap to its documents.
 *
 * A block of the leading list is passed without decoding when its bound and the others' bounds over its documents are too low; a document when its
 * score so far and the bounds of the lists not yet asked are. A phrase's frequency is at most the least frequency of its words, so the lowest of
 * their bounds (with the phrase's weight) bounds it, and positions are read only where that could still enter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/exec_private.h"

static void sort_by_df(struct xterm *t, uint32_t *offsets, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct xterm v = t[i];
		uint32_t o = offsets ? offsets[i] : 0, j = i;
		for (; j && t[j - 1].c->df > v.c->df; j--) {
			t[j] = t[j - 1];
			if (offsets)
				offsets[j] = offsets[j - 1];
		}
		t[j] = v;
		if (offsets)
			offsets[j] = o;
	}
}

/* Bound for documents of [lo, hi]; -1 when the list ends before. */
static double range_bound(const struct exec *x, struct xterm *t, docid_t lo, docid_t hi)
{
	if (!cursor_seek(t->c, lo))
		return -1;
	return t->c->last < hi ? t->list_bound : xterm_block_bound(x, t);
}

/* Document d, the i-th of the leader's block: is it in all other lists, then what does it give. most: the most that the leader gives in this block;
 * rest[k]: bounds of t[k..] over the block. -1: a list has ended. */
static int check_all(struct exec *x, struct xterm *t, uint32_t n, const double *rest, double most, uint32_t i)
{
	docid_t d = t[0].c->docs[i];
	for (uint32_t k = 1; k < n; k++) {
		if (!cursor_seek(t[k].c, d))
			return -1;
		if (!topk_wants(x->top, most + rest[1] - rest[k] + xterm_block_bound(x, &t[k]) + rest[k + 1]))
			return 0;
		int found = xterm_advance(&t[k], d);
		if (found != 1)
			return found;
	}
	double score = xterm_score(x, &t[0], i);
	for (uint32_t k = 1; k < n; k++) {
		if (!topk_wants(x->top, score + rest[k]))
			return 0;
		if (!cursor_load(t[k].c, true))
			return -1;
		score += xterm_score(x, &t[k], t[k].i);
	}
	exec_offer(x, score, d);
	return 0;
}

void exec_and(struct exec *x, struct xterm *t, uint32_t n)
{
	double *rest = scratch_alloc(x->mem, (n + 1) * sizeof(*rest));
	if (!rest) {
		x->rc = -ENOMEM;
		return;
	}
	sort_by_df(t, NULL, n);
	double list_rest = 0;
	uint8_t pass[RK_BLOCK];
	for (uint32_t k = 1; k < n; k++)
		list_rest += t[k].list_bound;
	struct cursor *lead = t[0].c;
	for (docid_t lo = 0; cursor_seek(lead, lo) && exec_tick(x, 64); lo = lead->last + 1) {
		docid_t hi = lead->last;
		double bound = xterm_block_bound(x, &t[0]);
		if (!topk_wants(x->top, bound + list_rest))
			continue;
		rest[n] = 0;
		for (uint32_t k = n - 1; k > 0; k--) {
			double b = range_bound(x, &t[k], lo, hi);
			if (b < 0)
				return;
			rest[k] = rest[k + 1] + b;
		}
		if (!topk_wants(x->top, bound + rest[1]))
			continue;
		if (!cursor_load(lead, true) || !exec_tick(x, lead->n))
			return;
		uint32_t npass = xterm_filter(x, &t[0], xterm_find(&t[0], lo), lead->n, rest[1], pass);
		for (uint32_t k = 0; k < npass; k++)
			if (check_all(x, t, n, rest, bound, pass[k]) < 0)
				return;
	}
}

/* --- phrases --- */

int xphrase_init(const struct exec *x, const struct pnode *n, struct xphrase *ph)
{
	*ph = (struct xphrase){.n = n->nterms};
	ph->t = scratch_alloc(x->mem, n->nterms * sizeof(*ph->t));
	ph->offsets = scratch_alloc(x->mem, n->nterms * sizeof(*ph->offsets));
	if (!ph->t || !ph->offsets)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->nterms; i++)
		if (!xterm_init(x, n, n->term + i, &ph->t[i]))
			return 0;
	memcpy(ph->offsets, n->offsets, n->nterms * sizeof(*ph->offsets));
	sort_by_df(ph->t, ph->offsets, ph->n);
	return 1;
}

double xphrase_bound(const struct exec *x, struct xphrase *ph, docid_t target, docid_t *ret_upto)
{
	double least = INFINITY;
	docid_t upto = DOC_END - 1;
	for (uint32_t k = 0; k < ph->n; k++) {
		if (!cursor_seek(ph->t[k].c, target))
			return -1;
		if (k == 0)
			upto = ph->t[k].c->last;
		double b = ph->t[k].c->last < upto ? ph->t[k].list_bound : xterm_block_bound(x, &ph->t[k]);
		least = b < least ? b : least;
	}
	*ret_upto = upto;
	return least;
}

docid_t xphrase_advance(struct xphrase *ph, docid_t target)
{
	for (;;) {
		struct xterm *lead = &ph->t[0];
		if (xterm_advance(lead, target) < 0)
			return DOC_END;
		docid_t d = lead->c->docs[lead->i];
		target = d;
		for (uint32_t k = 1; k < ph->n && target == d; k++) {
			int found = xterm_advance(&ph->t[k], d);
			if (found < 0)
				return DOC_END;
			if (!found)
				target = ph->t[k].c->docs[ph->t[k].i];
		}
		if (target == d)
			return d;
	}
}

/* Places where every term stands at its offset: the rarest term's positions lead. */
static int phrase_freq(struct xphrase *ph, uint32_t *ret)
{
	const uint32_t *lead;
	int nlead = ph->t[0].c->ops->positions(ph->t[0].c, ph->t[0].i, &lead);
	uint32_t freq = 0;
	if (nlead < 0)
		return nlead;
	/* With two terms one walk over both does; with more, starts that fail are struck out term by term. */
	uint32_t small[64], *starts = small, n = 0;
	if (nlead > 64 && !(starts = malloc((size_t)nlead * sizeof(*starts))))
		return -ENOMEM;
	for (int i = 0; i < nlead; i++)
		if (lead[i] >= ph->offsets[0])
			starts[n++] = lead[i] - ph->offsets[0];
	for (uint32_t k = 1; k < ph->n && n; k++) {
		const uint32_t *p;
		int np = ph->t[k].c->ops->positions(ph->t[k].c, ph->t[k].i, &p);
		uint32_t kept = 0;
		for (int i = 0, j = 0; (uint32_t)i < n && j < np; i++) {
			uint32_t want = starts[i] + ph->offsets[k];
			while (j < np && p[j] < want)
				j++;
			if (j < np && p[j] == want)
				starts[kept++] = starts[i];
		}
		n = kept;
		if (np < 0) {
			if (starts != small)
				free(starts);
			return np;
		}
	}
	freq = n;
	if (starts != small)
		free(starts);
	*ret = freq;
	return 0;
}

bool xphrase_eval(struct exec *x, struct xphrase *ph, docid_t doc, double *ret)
{
	uint32_t freq;
	if (!exec_tick(x, 64))
		return false;
	for (uint32_t k = 0; k < ph->n; k++)
		if (!cursor_load(ph->t[k].c, true))
			return false;
	int rc = phrase_freq(ph, &freq);
	if (rc < 0 && x->rc == 0)
		x->rc = rc;
	if (rc < 0 || freq == 0)
		return false;
	*ret = ph->t[0].count * rank_score(x->rank, ph->t[0].w, freq, x->norms[doc]);
	return true;
}

/* d is in the leader's block: -1 a list has ended, 0 it lacks a term or one stands there too seldom, 1 it may be a hit. */
static int may_be_hit(const struct exec *x, struct xphrase *ph, docid_t d)
{
	for (uint32_t k = 1; k < ph->n; k++) {
		struct xterm *t = &ph->t[k];
		if (!cursor_seek(t->c, d))
			return -1;
		if (!topk_wants(x->top, xterm_block_bound(x, t)))
			return 0;
		int found = xterm_advance(t, d);
		if (found != 1)
			return found;
	}
	for (uint32_t k = 1; k < ph->n; k++) {
		struct xterm *t = &ph->t[k];
		if (!cursor_load(t->c, true))
			return -1;
		if (!topk_wants(x->top, xterm_score(x, t, t->i)))
			return 0;
	}
	return 1;
}

void exec_phrase(struct exec *x, struct xphrase *ph)
{
	struct xterm *lead = &ph->t[0];
	uint8_t pass[RK_BLOCK];
	docid_t upto = 0;
	for (docid_t lo = 0; exec_tick(x, 64); lo = upto + 1) {
		double bound = xphrase_bound(x, ph, lo, &upto), s;
		if (bound < 0)
			return;
		if (!topk_wants(x->top, bound))
			continue;
		if (!cursor_load(lead->c, true))
			return;
		uint32_t n = xterm_filter(x, lead, xterm_find(lead, lo), lead->c->n, 0, pass);
		for (uint32_t i = 0; i < n; i++) {
			docid_t d = lead->c->docs[pass[i]];
			int rc = may_be_hit(x, ph, d);
			if (rc < 0)
				return;
			lead->i = pass[i];
			if (rc == 1 && xphrase_eval(x, ph, d, &s))
				exec_offer(x, s, d);
		}
		if (!exec_tick(x, n))
			return;
	}
}
