/* words_private.h - where the words of a text are: UAX #29 segments that hold a letter or digit, bigrams for scripts without spaces.
 *
 * Every word is given with its bytes in the text; nothing is copied or changed. Bytes that are not UTF-8 separate words. A word ends at 255 bytes at
 * the latest (at a character border), and what follows begins a new one. Owner: the caller's struct and text. Threads: one at a time.
 */
#ifndef CORE_TEXT_WORDS_PRIVATE_H
#define CORE_TEXT_WORDS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WORD_MAX = 255,	  /* bytes of one word */
	WORD_WINDOW = 512,  /* bytes given to libunistring at once */
	WORD_AHEAD = 64,    /* a border nearer than this to the end of a cut window is looked at again: a rule may need what follows */
};

struct word {
	uint32_t start, end;
	bool ascii; /* no byte above 127 */
};

struct words {
	const uint8_t *text;
	size_t len, pos; /* pos is always a word border */
	/* The piece that libunistring has seen: borders of text[win, win_end), used up to `seg`. Closed when win_end is 0. */
	size_t win, win_end, win_sure, seg, gram_end;
	/* The last character of a run of bigrams; `alone`: not given yet, neither alone nor in a pair. */
	size_t run_start, run_end;
	const void *run_script;
	bool alone;
	char border[WORD_WINDOW];
};

void words_begin(struct words *, const void *text, size_t len); /* a text beyond 4 GiB - 1 ends there */
size_t words_read(struct words *, struct word *ret, size_t cap); /* the next words, up to cap > 0 of them; 0: the end */

#endif
