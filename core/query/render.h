/* render.h - hits as the bytes of a result file. Formats: doc/query.md. */
#ifndef CORE_QUERY_RENDER_H
#define CORE_QUERY_RENDER_H

#include "core/query/plan.h"
#include "core/query/query.h"

/* terms: those of the plan, for snippets. Returns 0, -ENOMEM, or what reading a document gave. */
int render_hits(const struct snapshot *, struct analyzer *, const struct plan *, const struct query_options *, const struct query_hit *, uint32_t n,
		struct rk_buf *out, struct rk_err *err);

/* The shortest decimal that reads back as the same float. */
void render_float(struct rk_buf *out, float v);

/* p[0..n) as the inside of a JSON string: bytes that are not UTF-8 become U+FFFD. */
int render_json_string(struct rk_buf *out, const void *p, size_t n);

#endif
