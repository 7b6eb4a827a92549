/* doc.h - a document as every part of the engine passes it: borrowed bytes, no ownership. */
#ifndef CORE_SEGMENT_DOC_H
#define CORE_SEGMENT_DOC_H

#include <stddef.h>
#include <stdint.h>

enum rk_doc_flags {
	DOC_STAGED = 1,	     /* kept but not indexed: a name that begins with '.' or ends with '~' */
	DOC_INTERRUPTED = 2, /* its writer died half-way */
	DOC_JSON = 4,	     /* came from a JSON line: content is its "text" */
};

struct rk_doc {
	const char *id; /* any bytes but NUL, 1..4096 of them; no NUL needed behind */
	const char *title;
	const char *fields;	/* a JSON object with the other fields, or empty */
	const uint8_t *content; /* what docs/ gives, byte for byte; the searched text is title, then content */
	uint32_t id_len, title_len, fields_len;
	uint32_t flags;
	uint64_t content_len;
	int64_t mtime_ns;
	uint32_t mode; /* permission bits, 0 when unknown */
};

enum { DOC_ID_MAX = 4096 };

#endif
