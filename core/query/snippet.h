/* snippet.h - the piece of a document that shows best why it was found: about 180 bytes, words of the query as **word**. */
#ifndef CORE_QUERY_SNIPPET_H
#define CORE_QUERY_SNIPPET_H

#include "core/query/plan.h"

enum { SNIPPET_BYTES = 180, SNIPPET_SCAN = 256 << 10 };

/* The words to mark: those of the query that are not excluded. */
struct snippet_words {
	const struct plan *plan;
	uint32_t *terms; /* places in plan->terms, each term once */
	uint32_t n;
	struct snippet_match *matches; /* room that is used again for each document */
};

int snippet_words_init(struct snippet_words *, const struct plan *);

/* Appends one line of valid UTF-8 without line ends or tabs: runs of blanks and control characters become one space, bytes that are not UTF-8 U+FFFD,
 * "..." where the text goes on. Looks at the first 256 KiB only. */
int snippet_make(struct snippet_words *, struct analyzer *, const char *text, size_t len, struct rk_buf *out);

/* Length of the well-formed UTF-8 character at p, 0 when there is none. */
unsigned utf8_char(const char *p, size_t n);

#endif
