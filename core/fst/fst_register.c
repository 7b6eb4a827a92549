/* fst_register.c - see fst_register.h. The low bits of the 26 choose the bucket, so growing needs no look at the nodes. */
#include "core/fst/fst_register.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, FIRST_BITS = 6, LAST_BITS = 18, ADDRESS_BITS = 38 };

#define ADDRESS_MASK ((UINT64_C(1) << ADDRESS_BITS) - 1)

static uint64_t *new_slots(unsigned bits)
{
	size_t bytes = sizeof(uint64_t) * WAYS << bits;
	uint64_t *s = aligned_alloc(64, bytes);
	if (s)
		memset(s, 0, bytes);
	return s;
}

int fst_register_init(struct fst_register *r)
{
	r->bits = FIRST_BITS;
	r->slots = new_slots(r->bits);
	return r->slots ? 0 : -ENOMEM;
}

void fst_register_done(struct fst_register *r)
{
	free(r->slots);
	r->slots = NULL;
}

uint64_t fst_register_memory(const struct fst_register *r)
{
	return sizeof(uint64_t) * WAYS << r->bits;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

uint64_t fst_register_hash(const struct fst_trans *t, unsigned n, bool final, uint64_t final_out)
{
	uint64_t h = mix(n + (final ? 1000 : 0), final_out);
	for (unsigned i = 0; i < n; i++) {
		h = mix(h, t[i].target << 8 | t[i].label);
		if (t[i].out)
			h = mix(h, t[i].out);
	}
	return mix(h, 0) >> ADDRESS_BITS;
}

static uint64_t *bucket(const struct fst_register *r, uint64_t hash)
{
	return r->slots + WAYS * (hash & ((UINT64_C(1) << r->bits) - 1));
}

static void to_front(uint64_t *b, unsigned i, uint64_t slot)
{
	memmove(b + 1, b, i * sizeof(*b));
	b[0] = slot;
}

size_t fst_register_find(struct fst_register *r, uint64_t hash, const uint8_t *bytes, const struct fst_trans *t, unsigned n, bool final,
			 uint64_t final_out)
{
	uint64_t *b = bucket(r, hash);
	for (unsigned i = 0; i < WAYS && b[i]; i++) {
		if (b[i] >> ADDRESS_BITS != hash || !fst_node_equals(bytes, b[i] & ADDRESS_MASK, t, n, final, final_out))
			continue;
		uint64_t slot = b[i];
		to_front(b, i, slot);
		return slot & ADDRESS_MASK;
	}
	return 0;
}

static void place(struct fst_register *r, uint64_t slot)
{
	uint64_t *b = bucket(r, slot >> ADDRESS_BITS);
	to_front(b, WAYS - 1, slot);
}

static bool grow(struct fst_register *r)
{
	struct fst_register bigger = {.bits = r->bits + 1};
	if (r->bits == LAST_BITS || !(bigger.slots = new_slots(bigger.bits)))
		return false;
	for (size_t i = (size_t)WAYS << r->bits; i-- > 0;) { /* downwards: the newest of a bucket comes last, to its front */
		if (r->slots[i])
			place(&bigger, r->slots[i]);
	}
	free(r->slots);
	*r = bigger;
	return true;
}

void fst_register_put(struct fst_register *r, uint64_t hash, size_t address)
{
	if (address > ADDRESS_MASK)
		return;
	while (bucket(r, hash)[WAYS - 1] && grow(r))
		;
	place(r, hash << ADDRESS_BITS | address);
}
