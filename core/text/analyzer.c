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
};

struct analyzer {
	const struct language *language;
	struct sb_stemmer *stemmer; /* NULL: none */
	bool stop, fold, lower_ascii;
	struct wordcache cache;
	uint32_t generation, words, misses;
	uint32_t pos;
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
	if (a->language->fold_first && !is_ascii(p, n))
		return n;
	const sb_symbol *s = sb_stemmer_stem(a->stemmer, (const sb_symbol *)p, (int)n);
	int len = s ? sb_stemmer_length(a->stemmer) : 0;
	if (len <= 0)
		return n;
	n = utf8_cut(s, (size_t)len, TERM_MAX_BYTES);
	memcpy(p, s, n);
	return n;
}

/* The whole way of one word of at most 255 bytes into out (TERM_MAX_BYTES). Returns its length; 0: nothing is left, -1: a stop word. */
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

static const uint8_t key_mask[2 * WORDCACHE_KEY] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

static inline void key_of(struct wordcache_key *k, const char *word, size_t n, size_t readable, bool lower)
{
	if (readable >= WORDCACHE_KEY) {
		struct wordcache_key mask;
		memcpy(k, word, sizeof(*k));
		memcpy(&mask, key_mask + WORDCACHE_KEY - n, sizeof(mask));
		for (int i = 0; i < 4; i++)
			k->w[i] &= mask.w[i];
	} else {
		memset(k, 0, sizeof(*k));
		memcpy(k, word, n);
	}
	if (lower) {
		for (int i = 0; i < 4; i++)
			k->w[i] = fold_ascii8(k->w[i]);
	}
}

/* Not in the cache: works the term out and keeps it in e, unless that is NULL or too small. Returns whether e holds it now. */
static bool learn(struct analyzer *a, const char *word, size_t n, const struct wordcache_key *k, struct wordcache_entry *e, int *ret_len)
{
	int len = make_term(a, word, n, a->term);
	*ret_len = len;
	a->misses++;
	if (!e || len > WORDCACHE_TERM)
		return false;
	e->stop = len < 0;
	e->len = len < 0 ? 0 : (uint8_t)len;
	memcpy(e->term, a->term, e->len);
	e->key = *k;
	a->cache.used++;
	return true;
}

/* The term of a word into ret; false: none (a stop word counts a position, a word of which nothing is left does not). */
static inline bool term_of(struct analyzer *a, const struct word *w, struct token *ret)
{
	const char *word = (const char *)a->at.text + w->start;
	size_t n = w->end - w->start;
	struct wordcache_entry *e = NULL;
	struct wordcache_key k;
	int len;

	a->words++;
	if (n <= WORDCACHE_KEY) {
		key_of(&k, word, n, a->at.len - w->start, w->ascii && a->lower_ascii);
		e = wordcache_at(&a->cache, &k);
	}
	if (e && (e->key.w[0] || learn(a, word, n, &k, e, &len))) {
		ret->term = e->term;
		ret->len = e->len;
		ret->cache_slot = (uint32_t)(e - a->cache.e);
		a->pos += e->stop;
		return e->len;
	}
	if (!e)
		learn(a, word, n, &k, NULL, &len);
	ret->term = a->term;
	ret->cache_slot = UINT32_MAX;
	a->pos += len < 0;
	ret->len = len > 0 ? (uint32_t)len : 0;
	return len > 0;
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
	if (a->words < CACHE_TRIAL)
		return;
	if (a->cache.used >= WORDCACHE_FULL && a->misses > a->words / 8) {
		wordcache_clear(&a->cache);
		a->generation++;
	}
	a->words = a->misses = 0;
}

void analyzer_begin(struct analyzer *a, const char *text, size_t len)
{
	judge_cache(a);
	words_begin(&a->at, text, len);
	a->pos = 0;
}

bool analyzer_next(struct analyzer *a, struct token *ret)
{
	struct word w;
	while (words_next(&a->at, &w)) {
		if (!term_of(a, &w, ret))
			continue;
		ret->pos = a->pos++;
		ret->start = w.start;
		ret->end = w.end;
		return true;
	}
	return false;
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
