/* jsonl.h - one line of a JSON stream to one document or one delete. Strict JSON (RFC 8259), kept exactly: see jsonscan_private.h. Threads: any. */
#ifndef CORE_INDEX_JSONL_H
#define CORE_INDEX_JSONL_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/segment/doc.h"

struct jsonl_line {
	bool is_delete, is_blank; /* a blank line is skipped */
	struct rk_doc doc;	  /* borrowed from buf; for a delete only the id */
	struct rk_buf buf;	  /* reused between lines; rk_buf_done() when finished */
};

/* {"id": string or integer, "title": string?, "text": string?, any other fields} or {"delete": id}. "vector" is refused with -EINVAL as this index
 * has none. Duplicate and unknown keys: the last wins; others are kept in doc.fields as a JSON object in their order. -EINVAL with the reason (what is
 * wrong and at which column, in bytes from 1) for anything else: not JSON, not UTF-8, not an object, no id, an id that is empty, too long, or holds NUL,
 * text that is no string, a delete with other keys. An integer id is its digits, however many. Numbers in fields keep their spelling. */
int jsonl_parse(const char *line, size_t len, struct jsonl_line *ret, struct rk_err *err);

#endif
