/* analyzer.h - text to terms: UAX #29 words, case and accent folding, possessive 's, optional stop words, Snowball stems.
 *
 * ASCII runs go through a table-driven path that gives the same tokens as UAX #29 (a test compares); the rest through libunistring. Scripts
 * without spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) give overlapping bigrams. Bytes that are not UTF-8 separate words.
 * The input is consumed to the end whatever it holds. Threads: an analyzer is used by one thread at a time (it holds a stemmer and a cache);
 * make one per thread from the same parameters: equal parameters, equal tokens.
 */
#ifndef CORE_TEXT_ANALYZER_H
#define CORE_TEXT_ANALYZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum { TERM_MAX_BYTES = 255 }; /* longer words are cut at a character border */

struct analyzer_params {
	char language[16]; /* "en", "de", ... any that libstemmer knows by ISO code or name; "none": no stemming */
	bool stop;	   /* drop the language's stop words (positions keep counting) */
	bool fold;	   /* fold case and accents (true unless the user says otherwise) */
};

struct token {
	const char *term; /* folded and stemmed; valid until the next call */
	uint32_t len;
	uint32_t pos;	      /* counts words from 0; gaps where stop words were dropped */
	uint32_t start, end;  /* bytes of the original text */
	uint32_t cache_slot;  /* for callers: a small id of (raw word -> term), or UINT32_MAX when the word is not in the cache; see below */
};

/* cache_slot < ANALYZER_CACHE_SLOTS. Tokens of the same analyzer with the same slot have the same term as long as analyzer_cache_generation() is the
 * same, so that a caller may keep `its own term` in an array by slot and need not hash again. Two slots may hold the same term ("run", "runs").
 * The generation changes in analyzer_begin() only (a cache full of words that no longer come is emptied): ask once after each begin. */
enum { ANALYZER_CACHE_SLOTS = 1 << 17 };

struct analyzer;
int analyzer_new(const struct analyzer_params *, struct analyzer **ret, struct rk_err *err); /* -EINVAL: unknown language */
void analyzer_free(struct analyzer *);

uint32_t analyzer_cache_generation(const struct analyzer *);

void analyzer_begin(struct analyzer *, const char *text, size_t len); /* the text must stay until the last next() */
bool analyzer_next(struct analyzer *, struct token *ret);

/* One word of a query (a prefix, a fuzzy word): folded, not split and not stemmed. Returns the length written to out. */
size_t analyzer_fold(struct analyzer *, const char *word, size_t len, char *out, size_t cap);

/* NULL-terminated list of the languages analyzer_new knows, for messages and completion. */
const char *const *analyzer_languages(void);

#endif
