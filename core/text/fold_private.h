/* fold_private.h - one word to the form in which words are compared: lower case, compatibility forms, accents off.
 *
 * Input is UTF-8 of at most 255 bytes. Output is at most TERM_MAX_BYTES, cut at a character border, composed (NFC); empty when nothing is left.
 */
#ifndef CORE_TEXT_FOLD_PRIVATE_H
#define CORE_TEXT_FOLD_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fold_how {
	FOLD_CASE,   /* lower case and compatibility forms: what a stemmer of a language with accents wants to see */
	FOLD_TURKIC, /* the same, but I is the capital of dotless i */
	FOLD_FULL,   /* accents off as well, letters like those of ASCII replaced by them */
};

void fold_init(void); /* once before the first fold_word; any number of times, any thread */
size_t fold_word(enum fold_how, const uint8_t *in, size_t n, char *out, size_t cap);

/* Eight bytes of ASCII: A-Z to a-z. */
static inline uint64_t fold_ascii8(uint64_t x)
{
	uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t upper = (x + ones * (0x80 - 'A')) & ~(x + ones * (0x80 - 'Z' - 1)) & (ones * 0x80);
	return x | upper >> 2;
}

#endif
