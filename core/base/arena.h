/* arena.h - block arena with one owner: many small allocations, one free. Zero-initialised is empty.
 *
 * Memory does not move and is zeroed. Threads: one at a time; readers may use what was allocated before they were told of it.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

struct rk_arena_block;
struct rk_arena {
	struct rk_arena_block *head;
	char *next, *end;
	size_t total; /* bytes taken from the system */
	size_t limit; /* 0: none; else allocations beyond it fail */
};

void *rk_arena_alloc(struct rk_arena *a, size_t n); /* aligned to 8; NULL when out of memory or beyond the limit */
void *rk_arena_dup(struct rk_arena *a, const void *p, size_t n); /* with a NUL behind */
int rk_arena_reserve(struct rk_arena *a, size_t n); /* the next n bytes (as one or many of 8-aligned sizes up to n) cannot fail */
void rk_arena_done(struct rk_arena *a);

#endif
