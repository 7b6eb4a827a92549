/* wordcache.c - memory of the word -> term cache: zero pages of the kernel, touched as words come. */
#include "core/text/wordcache_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct wordcache_entry) == 64, "an entry is one cache line");

int wordcache_init(struct wordcache *c)
{
	c->mem = calloc(WORDCACHE_SLOTS + 1, sizeof(struct wordcache_entry)); /* calloc of this size maps untouched pages; aligned by hand */
	if (!c->mem)
		return -ENOMEM;
	c->e = (struct wordcache_entry *)(((uintptr_t)c->mem + 63) & ~(uintptr_t)63);
	c->used = 0;
	return 0;
}

void wordcache_done(struct wordcache *c)
{
	free(c->mem);
	c->mem = NULL;
}

void wordcache_clear(struct wordcache *c)
{
	memset(c->e, 0, WORDCACHE_SLOTS * sizeof(struct wordcache_entry));
	c->used = 0;
}
