/* scratch.c - blocks of a query's memory; see scratch.h. */
#include "core/query/scratch.h"

#include <stdlib.h>

enum { SCRATCH_BLOCK = 96 << 10 };

struct scratch_block {
	struct scratch_block *older;
	size_t size;
};

static void use(struct scratch *s, struct scratch_block *b)
{
	s->next = (char *)(b + 1);
	s->end = (char *)b + b->size;
}

void *scratch_grow(struct scratch *s, size_t n)
{
	size_t size = s->total / 2 > SCRATCH_BLOCK ? s->total / 2 : SCRATCH_BLOCK;
	if (size < n + sizeof(struct scratch_block))
		size = n + sizeof(struct scratch_block);
	if (size < n || (s->limit && s->total + size > s->limit && s->head))
		return NULL;
	struct scratch_block *b = malloc(size);
	if (!b)
		return NULL;
	b->older = s->head;
	b->size = size;
	s->head = b;
	s->total += size;
	use(s, b);
	s->next += n;
	return b + 1;
}

void scratch_reset(struct scratch *s)
{
	while (s->head && (s->head->older || s->head->size > SCRATCH_BLOCK)) {
		struct scratch_block *older = s->head->older;
		s->total -= s->head->size;
		free(s->head);
		s->head = older;
	}
	if (s->head)
		use(s, s->head);
	else
		s->next = s->end = NULL;
}

void scratch_done(struct scratch *s)
{
	for (struct scratch_block *b = s->head; b;) {
		struct scratch_block *older = b->older;
		free(b);
		b = older;
	}
	*s = (struct scratch){0};
}
