/* wordcache_private.h - raw word -> term: one cache line per entry, open addressing, no eviction (a slot keeps its meaning until wordcache_clear).
 *
 * Words beyond 32 bytes and terms beyond 30 are not kept. When the table is full enough, or eight neighbours are taken, a new word is not kept either:
 * frequent words come early. Owner: one analyzer. Threads: one at a time.
 */
#ifndef CORE_TEXT_WORDCACHE_PRIVATE_H
#define CORE_TEXT_WORDCACHE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORDCACHE_SLOTS = 1 << 16, WORDCACHE_FULL = WORDCACHE_SLOTS / 4 * 3, WORDCACHE_PROBES = 8, WORDCACHE_KEY = 32, WORDCACHE_TERM = 30 };

struct wordcache_key {
	uint64_t w[WORDCACHE_KEY / 8]; /* the word with zero bytes behind it; a word holds no NUL */
};

struct wordcache_entry {
	struct wordcache_key key; /* all zero: free */
	char term[WORDCACHE_TERM];
	uint8_t len;
	bool stop; /* no token; len may be 0 as well: nothing is left after folding */
};

struct wordcache {
	struct wordcache_entry *e;
	void *mem;
	uint32_t used;
};

int wordcache_init(struct wordcache *);
void wordcache_done(struct wordcache *);
void wordcache_clear(struct wordcache *);

static inline uint32_t wordcache_hash(const struct wordcache_key *k)
{
	uint64_t h = (k->w[0] ^ (k->w[1] << 29 | k->w[1] >> 35)) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= (k->w[1] + (k->w[2] << 17 | k->w[2] >> 47) + k->w[3]) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h ^= h >> 32;
	return (uint32_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> 48) & (WORDCACHE_SLOTS - 1);
}

static inline bool wordcache_same(const struct wordcache_key *a, const struct wordcache_key *b)
{
	return ((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) | (a->w[2] ^ b->w[2]) | (a->w[3] ^ b->w[3])) == 0;
}

/* The entry of the word; a free one that the caller fills (key last, and used++) if it is new; NULL if it is neither known nor to be kept. */
static inline struct wordcache_entry *wordcache_at(struct wordcache *c, const struct wordcache_key *k)
{
	uint32_t at = wordcache_hash(k);
	for (unsigned i = 0; i < WORDCACHE_PROBES; i++, at = (at + 1) & (WORDCACHE_SLOTS - 1)) {
		struct wordcache_entry *e = &c->e[at];
		if (wordcache_same(&e->key, k))
			return e;
		if (!e->key.w[0])
			return c->used < WORDCACHE_FULL ? e : NULL;
	}
	return NULL;
}

#endif
