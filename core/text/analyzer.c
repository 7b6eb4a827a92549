/* analyzer.c - words to terms: fold, possessive and elision off, stop words out, stem; a cache of (word -> term) in front of all that.
 *
 * Order: English folds fully and then stems (its stemmer knows ASCII only); languages whose stemmers read accents stem the lower-case form and fold
 * the stem. A word is looked up by its bytes, those of ASCII lower-cased, so that one entry serves "The" and "the".
 */
#include "core/text/analyzer.h"

#include <errno.h>
#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "core/text/fold_private.h"
#include "core/text/language_private.h"
#include "core/text/utf8_private.h"
#include "core/text/wordcache_private.h"
#include "core/text/words_private.h"

enum {
	CACHE_TRIAL = 1 << 19, /* words after which a full cache is judged: with over 1 in 8 missing it begins anew */
	AHEAD = 32,		/* words between asking for an entry and using it */
};

struct ahead { /* without meaning for words that are too long for the cache */
	struct wordcache_key key;
	uint64_t hash;
	const struct wordcache_slot *likely;
};

struct analyzer {
	const struct language *language;
	struct sb_stemmer *stemmer; /* NULL: none */
	bool stop, fold, lower_ascii;
	struct wordcache cache;
	uint32_t generation, nwords, misses;
	uint32_t pos, nahead, next;
	struct word words[AHEAD];
	struct ahead ahead[AHEAD];
	struct words at;
	char term[TERM_MAX_BYTES + 1];
};

static bool is_ascii(const char *p, size_t n)
{
	uint8_t all = 0;
	for (size_t i = 0; i < n; i++)
		all |= (uint8_t)p[i];
	return all < 0x80;
}

/* 's at the end; U+2019 is still there when nothing was folded. */
static size_t without_possessive(const char *p, size_t n)
{
	if (n >= 2 && (p[n - 1] == 's' || p[n - 1] == 'S')) {
		if (p[n - 2] == '\'')
			return n - 2;
		if (n >= 4 && memcmp(p + n - 4, "\u2019", 3) == 0)
			return n - 4;
	}
	return n;
}

/* Turkish sets endings off from a name by an apostrophe: they go. */
static size_t without_ending(const char *p, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (p[i] == '\'' || (n - i >= 3 && memcmp(p + i, "\u2019", 3) == 0))
			return i;
	}
	return n;
}

/* l'avion: the length of "l'", or 0. */
static size_t elided(const struct language *l, const char *p, size_t n)
{
	for (size_t i = 1; l->elided && i < n && i < 8; i++) {
		size_t mark = p[i] == '\'' ? 1 : n - i > 3 && memcmp(p + i, "\u2019", 3) == 0 ? 3 : 0;
		if (mark)
			return i + mark < n && language_elides(l, p, i) ? i + mark : 0;
	}
	return 0;
}

static size_t stem(struct analyzer *a, char *p, size_t n)
{
	const struct language *l = a->language;
	p[n] = '\0';
	if ((l->fold_first && !is_ascii(p, n)) || (l->vowels && strcspn(p, l->vowels) == n))
		return n;
	const sb_symbol *s = sb_stemmer_stem(a->stemmer, (const sb_symbol *)p, (int)n);
	int len = s ? sb_stemmer_length(a->stemmer) : 0;
	if (len <= 0)
		return n;
	n = utf8_cut(s, (size_t)len, TERM_MAX_BYTES);
	memcpy(p, s, n);
	return n;
}

/* The whole way of one word of at most 255 bytes into out (TERM_MAX_BYTES + 1). Returns its length; 0: nothing is left, -1: a stop word. */
static int make_term(struct analyzer *a, const char *word, size_t n, char *out)
{
	const struct language *l = a->language;
	enum fold_how first = !a->stemmer || l->fold_first ? FOLD_FULL : l->turkic ? FOLD_TURKIC : FOLD_CASE;
	if (a->fold)
		n = fold_word(first, (const uint8_t *)word, n, out, TERM_MAX_BYTES);
	else
		memcpy(out, word, n);
	if (l->possessive)
		n = without_possessive(out, n);
	if (l->turkic)
		n = without_ending(out, n);
	size_t skip = elided(l, out, n);
	memmove(out, out + skip, n - skip);
	n -= skip;
	if (n && a->stop && language_stops(l, out, n))
		return -1;
	if (!n || !a->stemmer)
		return (int)n;
	n = stem(a, out, n);
	if (a->fold && first != FOLD_FULL && !is_ascii(out, n)) {
		char stemmed[TERM_MAX_BYTES];
		memcpy(stemmed, out, n);
		n = fold_word(FOLD_FULL, (const uint8_t *)stemmed, n, out, TERM_MAX_BYTES);
	}
	return (int)n;
}

static const uint8_t key_mask[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* The bytes of a word, those of ASCII in lower case; `readable` bytes may be loaded. */
static inline void key_of(struct wordcache_key *k, const char *word, size_t n, size_t readable, bool lower)
{
	if (n <= 16 && readable >= 16) {
		uint64_t mask[2];
		memcpy(k, word, 16);
		memcpy(mask, key_mask + 16 - n, 16);
		k->w[0] &= mask[0];
		k->w[1] &= mask[1];
		k->w[2] = k->w[3] = 0;
	} else {
		memset(k, 0, sizeof(*k));
		memcpy(k, word, n);
	}
	if (!lower)
		return;
	k->w[0] = fold_ascii8(k->w[0]);
	k->w[1] = fold_ascii8(k->w[1]);
	if (k->w[2]) {
		k->w[2] = fold_ascii8(k->w[2]);
		k->w[3] = fold_ascii8(k->w[3]);
	}
}

/* Reads words ahead and asks the processor for what the cache will look at, the index first and then the entries: by the time a word's turn comes,
 * its entry is there. */
static void read_ahead(struct analyzer *a)
{
	size_t n = words_read(&a->at, a->words, AHEAD);
	for (size_t i = 0; i < n; i++) {
		const struct word *w = &a->words[i];
		struct ahead *x = &a->ahead[i];
		size_t len = w->end - w->start;
		x->hash = 0;
		if (len > WORDCACHE_KEY)
			continue;
		key_of(&x->key, (const char *)a->at.text + w->start, len, a->at.len - w->start, w->ascii && a->lower_ascii);
		x->hash = wordcache_hash(&x->key);
		wordcache_prefetch(&a->cache, x->hash);
	}
	for (size_t i = 0; i < n; i++)
		a->ahead[i].likely = wordcache_guess(&a->cache, a->ahead[i].hash);
	a->nahead = (uint32_t)n;
	a->next = 0;
	a->nwords += (uint32_t)n;
}

static bool give(struct analyzer *a, const struct wordcache_term *t, struct token *ret)
{
	ret->term = t->p;
	ret->len = t->len;
	ret->cache_slot = t->slot;
	a->pos += t->stop;
	return t->len;
}

/* A word whose slot was not guessed: it may be among the recent; else its term is worked out, and kept when it is short enough. */
static bool look_up(struct analyzer *a, const struct word *w, const struct ahead *x, struct token *ret)
{
	size_t n = w->end - w->start;
	struct wordcache_term t;
	if (n <= WORDCACHE_KEY && wordcache_find(&a->cache, &x->key, x->hash, &t))
		return give(a, &t, ret);
	int len = make_term(a, (const char *)a->at.text + w->start, n, a->term);
	a->misses++;
	if (n <= WORDCACHE_KEY && len <= WORDCACHE_TERM) {
		wordcache_add(&a->cache, &x->key, x->hash, a->term, len < 0 ? 0 : (uint8_t)len, len < 0, &t);
		return give(a, &t, ret);
	}
	t = (struct wordcache_term){.p = a->term, .slot = UINT32_MAX, .len = (uint8_t)(len < 0 ? 0 : len), .stop = len < 0};
	return give(a, &t, ret);
}

/* The term of a word into ret; false: none (a stop word counts a position, a word of which nothing is left does not). */
static inline bool term_of(struct analyzer *a, const struct word *w, const struct ahead *x, struct token *ret)
{
	const struct wordcache_slot *s = x->likely;
	if (w->end - w->start > WORDCACHE_SHORT_KEY || !s || !wordcache_is(s, &x->key))
		return look_up(a, w, x, ret);
	ret->term = s->term;
	ret->len = s->len;
	ret->cache_slot = (uint32_t)(s - a->cache.slots);
	a->pos += s->stop;
	return s->len;
}

int analyzer_new(const struct analyzer_params *p, struct analyzer **ret, struct rk_err *err)
{
	char name[sizeof(p->language) + 1] = {0};
	memcpy(name, p->language, sizeof(p->language));
	const struct language *l = language_find(name);
	if (!l)
		return rk_fail(err, -EINVAL, "unknown language \"%s\"", name);
	struct analyzer *a = calloc(1, sizeof(*a));
	if (!a)
		return rk_fail(err, -ENOMEM, "out of memory");
	a->language = l;
	a->stop = p->stop;
	a->fold = p->fold;
	a->lower_ascii = p->fold && !l->turkic;
	int rc = wordcache_init(&a->cache);
	if (rc == 0 && strcmp(l->names, "none") != 0) {
		errno = 0;
		a->stemmer = sb_stemmer_new(language_stemmer(l), "UTF_8");
		if (!a->stemmer)
			rc = errno == ENOMEM ? -ENOMEM : -EINVAL;
	}
	if (rc < 0) {
		analyzer_free(a);
		return rk_fail(err, rc, rc == -ENOMEM ? "out of memory" : "this libstemmer has no stemmer for \"%s\"", name);
	}
	fold_init();
	*ret = a;
	return 0;
}

void analyzer_free(struct analyzer *a)
{
	if (!a)
		return;
	sb_stemmer_delete(a->stemmer);
	wordcache_done(&a->cache);
	free(a);
}

uint32_t analyzer_cache_generation(const struct analyzer *a)
{
	return a->generation;
}

/* A cache that was filled by other texts than these serves nobody. */
static void judge_cache(struct analyzer *a)
{
	if (a->nwords < CACHE_TRIAL)
		return;
	if (a->cache.nslots == WORDCACHE_SLOTS && a->misses > a->nwords / 8) {
		wordcache_clear(&a->cache);
		a->generation++;
	}
	a->nwords = a->misses = 0;
}

void analyzer_begin(struct analyzer *a, const char *text, size_t len)
{
	judge_cache(a);
	words_begin(&a->at, text, len);
	a->pos = a->nahead = a->next = 0;
}

bool analyzer_next(struct analyzer *a, struct token *ret)
{
	for (;;) {
		if (a->next == a->nahead) {
			read_ahead(a);
			if (!a->nahead)
				return false;
		}
		const struct word *w = &a->words[a->next];
		if (!term_of(a, w, &a->ahead[a->next++], ret))
			continue;
		ret->pos = a->pos++;
		ret->start = w->start;
		ret->end = w->end;
		return true;
	}
}

size_t analyzer_fold(struct analyzer *a, const char *word, size_t len, char *out, size_t cap)
{
	uint8_t valid[TERM_MAX_BYTES];
	const uint8_t *p = (const uint8_t *)word;
	size_t n = 0;
	while (len) {
		const uint8_t *bad = u8_check(p, len);
		size_t good = bad ? (size_t)(bad - p) : len, room = sizeof(valid) - n;
		size_t take = utf8_cut(p, good, room);
		memcpy(valid + n, p, take);
		n += take;
		if (take < good || !bad)
			break;
		p = bad + 1;
		len -= good + 1;
	}
	if (cap > TERM_MAX_BYTES)
		cap = TERM_MAX_BYTES;
	if (a->fold)
		return fold_word(FOLD_FULL, valid, n, out, cap);
	n = utf8_cut(valid, n, cap);
	memcpy(out, valid, n);
	return n;
}
