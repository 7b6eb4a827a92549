/* wordcache.c - memory of the word -> term cache (zero pages of the kernel, touched as words come), and its slow steps. */
#include "core/text/wordcache_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct wordcache_slot) == 32 && sizeof(struct wordcache_recent) == 64, "parts of a cache line, and one");
_Static_assert(WORDCACHE_SLOTS < 1 << WORDCACHE_SLOT_BITS && WORDCACHE_SLOTS < WORDCACHE_INDEX, "a slot's number fits the index, and some of the index stays free");

int wordcache_init(struct wordcache *c)
{
	c->slots = calloc(WORDCACHE_SLOTS, sizeof(*c->slots));
	c->recent = calloc(WORDCACHE_RECENT, sizeof(*c->recent));
	c->index = calloc(WORDCACHE_INDEX, sizeof(*c->index));
	c->nslots = 0;
	return c->slots && c->recent && c->index ? 0 : -ENOMEM;
}

void wordcache_done(struct wordcache *c)
{
	free(c->slots);
	free(c->recent);
	free(c->index);
	*c = (struct wordcache){0};
}

void wordcache_clear(struct wordcache *c)
{
	memset(c->recent, 0, WORDCACHE_RECENT * sizeof(*c->recent));
	memset(c->index, 0, WORDCACHE_INDEX * sizeof(*c->index));
	c->nslots = 0;
}

static void of_slot(const struct wordcache *c, const struct wordcache_slot *s, struct wordcache_term *ret)
{
	*ret = (struct wordcache_term){.p = s->term, .slot = (uint32_t)(s - c->slots), .len = s->len, .stop = s->stop};
}

static void of_recent(const struct wordcache_recent *r, struct wordcache_term *ret)
{
	*ret = (struct wordcache_term){.p = r->term, .slot = UINT32_MAX, .len = r->len, .stop = r->stop};
}

void wordcache_add(struct wordcache *c, const struct wordcache_key *k, uint64_t hash, const char *term, uint8_t len, bool stop, struct wordcache_term *ret)
{
	if (k->w[2] || len > WORDCACHE_SHORT_TERM || c->nslots == WORDCACHE_SLOTS) {
		struct wordcache_recent *r = wordcache_recent_at(c, hash);
		r->key = *k;
		memcpy(r->term, term, len);
		r->len = len;
		r->stop = stop;
		of_recent(r, ret);
		return;
	}
	struct wordcache_slot *s = &c->slots[c->nslots++];
	memcpy(s->w, k->w, sizeof(s->w));
	memcpy(s->term, term, len);
	s->len = len;
	s->stop = stop;
	uint32_t i = wordcache_home(hash);
	while (c->index[i])
		i = (i + 1) & (WORDCACHE_INDEX - 1);
	c->index[i] = ((uint32_t)hash >> WORDCACHE_SLOT_BITS << WORDCACHE_SLOT_BITS) | c->nslots;
	of_slot(c, s, ret);
}

bool wordcache_find(const struct wordcache *c, const struct wordcache_key *k, uint64_t hash, struct wordcache_term *ret)
{
	uint32_t v;
	for (uint32_t i = wordcache_home(hash); (v = c->index[i]) != 0; i = (i + 1) & (WORDCACHE_INDEX - 1)) {
		const struct wordcache_slot *s = wordcache_slot_of(c, v);
		if (wordcache_fits(v, hash) && wordcache_is(s, k)) {
			of_slot(c, s, ret);
			return true;
		}
	}
	const struct wordcache_recent *r = wordcache_recent_at(c, hash);
	if (memcmp(&r->key, k, sizeof(*k)) != 0)
		return false;
	of_recent(r, ret);
	return true;
}
