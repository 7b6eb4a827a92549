/* scratch.h - the memory of one query: a bump allocator that is kept for the next query, so that a query allocates next to nothing.
 *
 * Memory is not zeroed, aligned to 16, and dies as a whole at scratch_reset. The first block stays. Threads: one at a time. */
#ifndef CORE_QUERY_SCRATCH_H
#define CORE_QUERY_SCRATCH_H

#include <stddef.h>

struct scratch_block;
struct scratch {
	struct scratch_block *head; /* newest */
	char *next, *end;
	size_t total, limit;
};

void *scratch_grow(struct scratch *, size_t n);

static inline void *scratch_alloc(struct scratch *s, size_t n) /* NULL: out of memory or beyond the limit */
{
	n = (n + 15) & ~(size_t)15;
	if ((size_t)(s->end - s->next) < n)
		return scratch_grow(s, n);
	void *p = s->next;
	s->next += n;
	return p;
}

void scratch_reset(struct scratch *); /* keeps one small block */
void scratch_done(struct scratch *);

#endif
