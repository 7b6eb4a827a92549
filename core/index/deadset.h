/* deadset.h - which documents are dead, and since when: a document deleted at sequence s is dead for snapshots with sequence >= s.
 *
 * One writer marks, any number of readers ask, without locks or copies: 8 bytes a document in pages that are made at the first death in them.
 */
#ifndef CORE_INDEX_DEADSET_H
#define CORE_INDEX_DEADSET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { DEADSET_PAGE = 1024 };

struct deadset {
	uint32_t npages;
	_Atomic uint32_t ndead; /* marked so far */
	_Atomic(_Atomic uint64_t *) * pages;
};

int deadset_init(struct deadset *, uint32_t ndocs);
void deadset_done(struct deadset *);
int deadset_mark(struct deadset *, uint32_t doc, uint64_t seq); /* keeps the first death; -ENOMEM */

/* True when doc is dead for a snapshot at seq. */
static inline bool deadset_is_dead(const struct deadset *d, uint32_t doc, uint64_t seq)
{
	_Atomic uint64_t *page = atomic_load_explicit(&d->pages[doc / DEADSET_PAGE], memory_order_acquire);
	if (!page)
		return false;
	uint64_t s = atomic_load_explicit(&page[doc % DEADSET_PAGE], memory_order_acquire);
	return s && s <= seq;
}

static inline bool deadset_any(const struct deadset *d)
{
	return atomic_load_explicit(&d->ndead, memory_order_acquire) != 0;
}

#endif
