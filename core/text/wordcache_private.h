/* wordcache_private.h - raw word -> term, in two parts.
 *
 * Slots, for words of at most 16 bytes with terms of at most 14: entries in the order in which the words came, so that the frequent ones lie together
 * (in few cache lines and pages), found through an index of hash bits and slot numbers. Nothing leaves a slot before wordcache_clear.
 * Recent: a table where the newest word takes its place, for longer words (at most 32 bytes, terms of 30) and for those that find the slots full: the
 * names of one text. Owner: one analyzer. Threads: one at a time.
 */
#ifndef CORE_TEXT_WORDCACHE_PRIVATE_H
#define CORE_TEXT_WORDCACHE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WORDCACHE_SLOTS = (1 << 17) - 1,
	WORDCACHE_SLOT_BITS = 17,
	WORDCACHE_INDEX_BITS = 18,
	WORDCACHE_INDEX = 1 << WORDCACHE_INDEX_BITS, /* a slot's number and 15 bits of hash each; at most half are taken */
	WORDCACHE_RECENT = 1 << 15,
	WORDCACHE_KEY = 32,
	WORDCACHE_SHORT_KEY = 16,
	WORDCACHE_TERM = 30,
	WORDCACHE_SHORT_TERM = 14,
};

struct wordcache_key {
	uint64_t w[WORDCACHE_KEY / 8]; /* the word with zero bytes behind it; a word holds no NUL */
};

struct wordcache_term {
	const char *p;
	uint32_t slot; /* UINT32_MAX: among the recent */
	uint8_t len;   /* 0: no token */
	bool stop;     /* a stop word, not one of which folding left nothing */
};

struct wordcache_slot {
	uint64_t w[2];
	char term[WORDCACHE_SHORT_TERM];
	uint8_t len;
	bool stop;
};

struct wordcache_recent {
	struct wordcache_key key; /* all zero: none yet */
	char term[WORDCACHE_TERM];
	uint8_t len;
	bool stop;
};

struct wordcache {
	struct wordcache_slot *slots;
	struct wordcache_recent *recent;
	uint32_t *index; /* hash bits << WORDCACHE_SLOT_BITS | slot + 1; 0: free */
	uint32_t nslots;
};

int wordcache_init(struct wordcache *);
void wordcache_done(struct wordcache *);
void wordcache_clear(struct wordcache *);
/* Keeps a word and its term (len <= WORDCACHE_TERM; a stop word has none) and describes the copy. */
void wordcache_add(struct wordcache *, const struct wordcache_key *, uint64_t hash, const char *term, uint8_t len, bool stop, struct wordcache_term *ret);
bool wordcache_find(const struct wordcache *, const struct wordcache_key *, uint64_t hash, struct wordcache_term *ret);

static inline uint64_t wordcache_hash(const struct wordcache_key *k)
{
	uint64_t h = (k->w[0] ^ (k->w[1] << 29 | k->w[1] >> 35)) * UINT64_C(0x9e3779b97f4a7c15) + k->w[1];
	if (k->w[2])
		h ^= ((k->w[2] << 17 | k->w[2] >> 47) + k->w[3]) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h ^= h >> 32;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

static inline struct wordcache_recent *wordcache_recent_at(const struct wordcache *c, uint64_t hash)
{
	return &c->recent[hash >> 20 & (WORDCACHE_RECENT - 1)];
}

static inline uint32_t wordcache_home(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - WORDCACHE_INDEX_BITS));
}

/* Whether an index entry has the bits of this hash, and the slot it stands for. */
static inline bool wordcache_fits(uint32_t entry, uint64_t hash)
{
	return (entry ^ (uint32_t)hash) >> WORDCACHE_SLOT_BITS == 0;
}

static inline struct wordcache_slot *wordcache_slot_of(const struct wordcache *c, uint32_t entry)
{
	return &c->slots[(entry & ((1u << WORDCACHE_SLOT_BITS) - 1)) - 1];
}

static inline void wordcache_prefetch(const struct wordcache *c, uint64_t hash)
{
	__builtin_prefetch(&c->index[wordcache_home(hash)]);
}

/* The first slot whose hash bits fit, most likely the word's own: the processor is asked for it now, wordcache_is() compares later. NULL: none fits. */
static inline const struct wordcache_slot *wordcache_guess(const struct wordcache *c, uint64_t hash)
{
	for (uint32_t i = wordcache_home(hash);; i = (i + 1) & (WORDCACHE_INDEX - 1)) {
		uint32_t v = c->index[i];
		if (wordcache_fits(v, hash) && v) {
			const struct wordcache_slot *s = wordcache_slot_of(c, v);
			__builtin_prefetch(s);
			return s;
		}
		if (!v) {
			__builtin_prefetch(wordcache_recent_at(c, hash));
			return NULL;
		}
	}
}

static inline bool wordcache_is(const struct wordcache_slot *s, const struct wordcache_key *k)
{
	return ((s->w[0] ^ k->w[0]) | (s->w[1] ^ k->w[1]) | k->w[2]) == 0;
}

#endif
