/* fst_iter.c - walks keys in order: a stack of nodes from the root, one frame a byte of the key.
 *
 * Bounded on hostile bytes: a path goes strictly down (F1) and is at most max_len long; every node leads to a key (F2), so a key, or a branch the
 * automaton gives up, costs at most one path; and of these an honest FST has at most nkeys in all, so the walk stops with -EUCLEAN behind them.
 */
#include "core/fst/fst.h"

#include <errno.h>
#include <stdlib.h>

#include "core/fst/fst_private.h"

struct frame {
	struct fst_node node;
	uint64_t out;	 /* sum of the outputs on the way here */
	unsigned next;	 /* the transition to take next */
	unsigned least;	 /* its label is at least this: labels rise */
	int state;	 /* of the automaton */
	bool fresh;	 /* its own key was not looked at yet */
};

struct walk {
	struct frame *frames;
	struct fst_automaton automaton;
	bool matching;
	uint64_t seen; /* keys met and branches given up */
};

static struct walk *walk_of(struct fst_iter *it)
{
	return it->stack;
}

void fst_iter_done(struct fst_iter *it)
{
	if (it->stack)
		free(walk_of(it)->frames);
	free(it->stack);
	rk_buf_done(&it->key);
	*it = (struct fst_iter){0};
}

static int push(struct fst_iter *it, size_t at, uint64_t out, int state)
{
	struct walk *w = walk_of(it);
	if (it->depth == it->cap) {
		size_t cap = it->cap + it->cap / 2 + 32;
		struct frame *p = realloc(w->frames, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		w->frames = p;
		it->cap = cap;
	}
	struct frame *f = &w->frames[it->depth];
	*f = (struct frame){.out = out, .state = state, .fresh = true};
	if (it->depth > it->fst->max_len || fst_node_read(it->fst->bytes, at, &f->node) < 0)
		return -EUCLEAN;
	if (f->node.n == 0 && !f->node.final && at != it->fst->root) /* F2 */
		return -EUCLEAN;
	it->depth++;
	return 0;
}

static int begin(struct fst_iter *it, const struct fst *fst, const struct fst_automaton *automaton)
{
	if (!it->stack)
		it->stack = calloc(1, sizeof(struct walk));
	if (!it->stack)
		return -ENOMEM;
	struct walk *w = walk_of(it);
	w->matching = automaton != NULL;
	w->automaton = automaton ? *automaton : (struct fst_automaton){0};
	w->seen = 0;
	it->fst = fst;
	it->depth = 0;
	it->key.len = 0;
	int state = automaton ? automaton->start(automaton->arg) : 0;
	return state < 0 ? 0 : push(it, fst->root, 0, state);
}

/* The label of f->next, or -EUCLEAN when labels do not rise. */
static int label_of(const struct frame *f)
{
	if (f->node.n < FST_BITMAP) {
		unsigned label = f->node.labels[f->next];
		return label >= f->least ? (int)label : -EUCLEAN;
	}
	for (unsigned from = f->least; from < 256; from = (from | 63) + 1) {
		uint64_t word = rk_get64(f->node.labels + 8 * (from >> 6)) >> (from & 63);
		if (word)
			return (int)from + __builtin_ctzll(word);
	}
	return -EUCLEAN;
}

/* Goes down the next transition, to which `label` belongs. */
static int descend(struct fst_iter *it, struct frame *f, unsigned label, int state)
{
	int64_t at = fst_node_target(&f->node, f->next);
	uint64_t out = f->out + fst_node_out(&f->node, f->next);
	f->next++;
	f->least = label + 1;
	if (at < 0)
		return -EUCLEAN;
	int rc = rk_buf_u8(&it->key, (uint8_t)label);
	return rc < 0 ? rc : push(it, (size_t)at, out, state); /* f is stale behind this */
}

static int seek(struct fst_iter *it, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct frame *f = &walk_of(it)->frames[it->depth - 1];
		int label = -1;
		f->fresh = false; /* its key is a prefix of `from`, so it comes before */
		while (f->next < f->node.n) {
			if (f->node.n >= FST_BITMAP && f->next == 0) { /* jump */
				f->next = fst_rank(f->node.labels, from[i]);
				f->least = from[i];
				if (f->next == f->node.n)
					break;
			}
			label = label_of(f);
			if (label < 0 || label >= from[i])
				break;
			f->next++;
			f->least = (unsigned)label + 1;
		}
		if (label == -EUCLEAN)
			return -EUCLEAN;
		if (label != from[i])
			return 0;
		int rc = descend(it, f, (unsigned)label, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int fst_iter_seek(struct fst_iter *it, const struct fst *fst, const void *from, size_t from_len)
{
	it->state = begin(it, fst, NULL);
	if (it->state == 0)
		it->state = seek(it, from, from_len);
	return it->state;
}

int fst_iter_match(struct fst_iter *it, const struct fst *fst, const struct fst_automaton *automaton)
{
	it->state = begin(it, fst, automaton);
	return it->state;
}

static int count(struct fst_iter *it)
{
	return ++walk_of(it)->seen > it->fst->nkeys ? -EUCLEAN : 0;
}

/* One step of the walk: 1 a key, 0 go on, negative. */
static int step(struct fst_iter *it)
{
	struct walk *w = walk_of(it);
	struct frame *f = &w->frames[it->depth - 1];
	if (f->fresh) {
		f->fresh = false;
		if (f->node.final) {
			it->value = f->out + f->node.final_out;
			int rc = count(it);
			return rc < 0 ? rc : !w->matching || w->automaton.accepts(w->automaton.arg, f->state);
		}
	}
	if (f->next == f->node.n) {
		it->depth--;
		it->key.len -= it->depth > 0;
		return 0;
	}
	int label = label_of(f), state = 0;
	if (label < 0)
		return label;
	if (w->matching)
		state = w->automaton.step(w->automaton.arg, f->state, (uint8_t)label);
	if (state >= 0)
		return descend(it, f, (unsigned)label, state);
	f->next++;
	f->least = (unsigned)label + 1;
	return count(it);
}

int fst_iter_next(struct fst_iter *it)
{
	int rc = it->state;
	while (rc == 0 && it->depth)
		rc = step(it);
	if (rc < 0)
		it->state = rc; /* it stays bad */
	return rc;
}
