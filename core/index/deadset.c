/* deadset.c - marks deaths in pages that appear at the first death in them; see deadset.h.
 *
 * Threads: one writer; a page is stored (release) when it is all zero, a death when it is known: readers need no lock. */
#include "core/index/deadset.h"

#include <assert.h>
#include <errno.h>

int deadset_init(struct deadset *d, uint32_t ndocs)
{
	d->npages = ndocs / DEADSET_PAGE + 1;
	atomic_init(&d->ndead, 0);
	d->pages = calloc(d->npages, sizeof(*d->pages));
	return d->pages ? 0 : -ENOMEM;
}

void deadset_done(struct deadset *d)
{
	for (uint32_t i = 0; d->pages && i < d->npages; i++)
		free(atomic_load_explicit(&d->pages[i], memory_order_relaxed));
	free(d->pages);
	d->pages = NULL;
	d->npages = 0;
}

int deadset_mark(struct deadset *d, uint32_t doc, uint64_t seq)
{
	assert(doc / DEADSET_PAGE < d->npages && seq > 0);
	_Atomic uint64_t *page = atomic_load_explicit(&d->pages[doc / DEADSET_PAGE], memory_order_relaxed);
	if (!page) {
		page = calloc(DEADSET_PAGE, sizeof(*page));
		if (!page)
			return -ENOMEM;
		atomic_store_explicit(&d->pages[doc / DEADSET_PAGE], page, memory_order_release);
	}
	if (atomic_load_explicit(&page[doc % DEADSET_PAGE], memory_order_relaxed))
		return 0;
	atomic_store_explicit(&page[doc % DEADSET_PAGE], seq, memory_order_release);
	atomic_fetch_add_explicit(&d->ndead, 1, memory_order_release);
	return 0;
}
