/* memtable.c - a memtable's life, its hash tables, and what it knows by document; see memtable.h.
 *
 * Owner: reference-counted. Threads: one writer; readers take `ndocs` (acquire) as their limit (M1). */
#include "core/index/memtable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/index/memtable_private.h"

static size_t reserved_bytes(void)
{
	return (size_t)MEMTABLE_MAX_DOCS * (sizeof(struct mt_doc *) + 1);
}

int mt_table_new(struct memtable *m, uint32_t nslots, struct mt_table **ret)
{
	size_t size = sizeof(struct mt_table) + (size_t)nslots * sizeof(uint64_t);
	struct mt_table *t = calloc(1, size);
	if (!t)
		return -ENOMEM;
	t->mask = nslots - 1;
	atomic_fetch_add_explicit(&m->bytes, size, memory_order_relaxed);
	*ret = t;
	return 0;
}

void mt_table_put(struct mt_table *t, uint64_t hash, uint32_t no)
{
	uint32_t i = (uint32_t)hash & t->mask;
	while (atomic_load_explicit(&t->slots[i], memory_order_relaxed))
		i = (i + 1) & t->mask;
	atomic_store_explicit(&t->slots[i], (hash >> 32 << 32) | (no + 1), memory_order_release);
	t->used++;
}

/* The slot keeps the upper half of the hash, the term the lower. */
static uint64_t hash_of(const struct memtable *m, bool terms, uint64_t slot)
{
	uint32_t no = (uint32_t)slot - 1;
	if (terms)
		return (slot >> 32 << 32) | mt_term_at(m, no)->hash;
	return mt_hash(m->docs[no]->doc.id, m->docs[no]->doc.id_len);
}

int mt_table_room(struct memtable *m, _Atomic(struct mt_table *) *at)
{
	struct mt_table *t = atomic_load_explicit(at, memory_order_relaxed), *n;
	if (t->used < t->mask / 2)
		return 0;
	if (t->mask >= UINT32_MAX / 4)
		return -ENOSPC;
	int rc = mt_table_new(m, (t->mask + 1) * 2, &n);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i <= t->mask; i++) {
		uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_relaxed);
		if (slot)
			mt_table_put(n, hash_of(m, at == &m->terms, slot), (uint32_t)slot - 1);
	}
	n->older = t;
	atomic_store_explicit(at, n, memory_order_release);
	return 0;
}

static void table_free(struct mt_table *t)
{
	while (t) {
		struct mt_table *older = t->older;
		free(t);
		t = older;
	}
}

struct mt_term *mt_find_term(const struct memtable *m, const void *term, size_t len)
{
	if (len > TERM_MAX_BYTES)
		return NULL;
	uint64_t hash = mt_hash(term, len);
	const struct mt_table *t = atomic_load_explicit(&m->terms, memory_order_acquire);
	for (uint32_t i = (uint32_t)hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_acquire);
		if (!slot)
			return NULL;
		if (slot >> 32 == hash >> 32 && mt_term_is(m, mt_term_at(m, (uint32_t)slot - 1), term, len))
			return mt_term_at(m, (uint32_t)slot - 1);
	}
}

_Atomic uint64_t *mt_find_id(const struct memtable *m, uint64_t hash, const void *id, size_t len)
{
	struct mt_table *t = atomic_load_explicit(&m->ids, memory_order_acquire);
	for (uint32_t i = (uint32_t)hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_acquire);
		if (!slot)
			return NULL;
		const struct rk_doc *d = &m->docs[(uint32_t)slot - 1]->doc;
		if (slot >> 32 == hash >> 32 && d->id_len == len && memcmp(d->id, id, len) == 0)
			return &t->slots[i];
	}
}

static void memtable_free(struct memtable *m)
{
	table_free(atomic_load_explicit(&m->terms, memory_order_relaxed));
	table_free(atomic_load_explicit(&m->ids, memory_order_relaxed));
	for (unsigned i = 0; i < MT_TERM_BLOCKS && m->blocks[i]; i++)
		free(m->blocks[i]);
	for (unsigned i = 0; i < m->nchunks; i++)
		free(m->chunks[i]);
	if (m->docs)
		munmap(m->docs, reserved_bytes());
	deadset_done(&m->dead);
	rk_arena_done(&m->store);
	free(m->occ);
	free(m->touched);
	free(m->slot_terms);
	free(m);
}

int memtable_new(struct memtable **ret)
{
	struct memtable *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	atomic_init(&m->refs, 1);
	atomic_init(&m->bytes, sizeof(*m));
	m->next = 16; /* offset 0 means none */
	struct mt_table *terms = NULL, *ids = NULL;
	int rc = deadset_init(&m->dead, MEMTABLE_MAX_DOCS);
	if (rc == 0)
		rc = mt_table_new(m, 1 << 12, &terms);
	atomic_init(&m->terms, terms);
	if (rc == 0)
		rc = mt_table_new(m, 1 << 8, &ids);
	atomic_init(&m->ids, ids);
	void *p = mmap(NULL, reserved_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		rc = rc < 0 ? rc : -ENOMEM;
	else
		m->docs = p, m->norms = (uint8_t *)(m->docs + MEMTABLE_MAX_DOCS);
	if (rc < 0)
		memtable_free(m);
	else
		*ret = m;
	return rc;
}

struct memtable *memtable_ref(struct memtable *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

struct memtable *memtable_unref(struct memtable *m)
{
	if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
		memtable_free(m);
	return NULL;
}

size_t memtable_bytes(const struct memtable *m)
{
	return atomic_load_explicit(&m->bytes, memory_order_relaxed);
}

uint32_t memtable_ndocs(const struct memtable *m)
{
	return atomic_load_explicit(&m->ndocs, memory_order_acquire);
}

void memtable_stats(const struct memtable *m, uint32_t limit, struct memtable_stats *ret)
{
	*ret = (struct memtable_stats){0};
	if (limit) {
		const struct mt_doc *d = m->docs[limit - 1];
		*ret = (struct memtable_stats){d->nindexed, d->total_length, d->content_bytes};
	}
}

const struct rk_doc *memtable_doc(const struct memtable *m, docid_t doc)
{
	return &m->docs[doc]->doc;
}

uint32_t memtable_length(const struct memtable *m, docid_t doc)
{
	return m->docs[doc]->length;
}

const uint8_t *memtable_norms(const struct memtable *m)
{
	return m->norms;
}

struct deadset *memtable_dead(const struct memtable *m)
{
	return (struct deadset *)&m->dead; /* marking a death changes no document: the set is its own world */
}

int memtable_find(const struct memtable *m, uint32_t limit, const void *id, size_t len, docid_t *ret)
{
	_Atomic uint64_t *slot = mt_find_id(m, mt_hash(id, len), id, len);
	uint32_t no = slot ? (uint32_t)atomic_load_explicit(slot, memory_order_acquire) : 0;
	while (no > limit)
		no = m->docs[no - 1]->older;
	if (!no)
		return 0;
	*ret = no - 1;
	return 1;
}
