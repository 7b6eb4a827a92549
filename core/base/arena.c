/* arena.c - block arena; see arena.h. */
#include "core/base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 << 10, BLOCK_MAX = 4 << 20 };

struct rk_arena_block {
	struct rk_arena_block *next;
	size_t pad; /* keeps what follows aligned to 16 */
};

static int grow(struct rk_arena *a, size_t n)
{
	/* Blocks grow with the arena, so that a small query is small and a large memtable has few blocks. */
	size_t size = a->total / 8;
	size = size < BLOCK_BYTES ? BLOCK_BYTES : size > BLOCK_MAX ? BLOCK_MAX : size;
	if (size < n + sizeof(struct rk_arena_block))
		size = n + sizeof(struct rk_arena_block);
	if (size < n || (a->limit && a->total + size > a->limit))
		return -ENOMEM;
	struct rk_arena_block *b = calloc(1, size);
	if (!b)
		return -ENOMEM;
	b->next = a->head;
	a->head = b;
	a->next = (char *)(b + 1);
	a->end = (char *)b + size;
	a->total += size;
	return 0;
}

int rk_arena_reserve(struct rk_arena *a, size_t n)
{
	n = (n + 7) & ~(size_t)7;
	return (size_t)(a->end - a->next) >= n ? 0 : grow(a, n);
}

void *rk_arena_alloc(struct rk_arena *a, size_t n)
{
	n = (n + 7) & ~(size_t)7;
	if ((size_t)(a->end - a->next) < n && grow(a, n) < 0)
		return NULL;
	void *p = a->next;
	a->next += n;
	return p;
}

void *rk_arena_dup(struct rk_arena *a, const void *p, size_t n)
{
	char *d = rk_arena_alloc(a, n + 1);
	if (d && n)
		memcpy(d, p, n);
	return d;
}

void rk_arena_done(struct rk_arena *a)
{
	struct rk_arena_block *b = a->head;
	while (b) {
		struct rk_arena_block *next = b->next;
		free(b);
		b = next;
	}
	*a = (struct rk_arena){0};
}
