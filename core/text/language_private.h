/* language_private.h - what is particular to a language: its stemmer's name, stop words, words that lean on the next by an apostrophe. */
#ifndef CORE_TEXT_LANGUAGE_PRIVATE_H
#define CORE_TEXT_LANGUAGE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

struct language {
	const char *names;   /* "en eng english": the first is the one we show, the last the one libstemmer knows */
	bool fold_first;     /* the stemmer knows ASCII only: accents go before it, and words that keep other letters pass by it */
	bool possessive;     /* 's at the end goes */
	bool turkic;	     /* I is the capital of dotless i */
	const char *vowels;  /* a word with none of these is its own stem (numbers, abbreviations), so the stemmer is not asked; or NULL */
	const char *elided;  /* " l d qu ": what stands before an apostrophe and goes with it, or NULL */
	const char *const *stop; /* lower case, NULL-terminated, or NULL */
};

const struct language *language_find(const char *name); /* NULL: none of ours */
const char *language_stemmer(const struct language *); /* the last of its names */
bool language_stops(const struct language *, const char *word, size_t n);
bool language_elides(const struct language *, const char *word, size_t n);

#endif
