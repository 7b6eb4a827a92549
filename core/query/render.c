/* render.c - hits as lines of text: tsv, json, ids, paths, trec; see render.h and doc/query.md. */
#include "core/query/render.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/snippet.h"

struct renderer {
	const struct snapshot *snap;
	struct analyzer *an;
	const struct query_options *options;
	struct snippet_words words;
	struct rk_buf *out;
	struct rk_buf id, doc, scratch;
	struct rk_err *err;
};

/* More digits never read back worse, so the first precision from above that fails ends the search. */
void render_float(struct rk_buf *out, float v)
{
	char best[32] = "0", s[32];
	for (int digits = 9; digits > 0; digits--) {
		snprintf(s, sizeof(s), "%.*g", digits, (double)v);
		if (strtof(s, NULL) != v)
			break;
		memcpy(best, s, sizeof(s));
	}
	rk_buf_str(out, best);
}

int render_json_string(struct rk_buf *out, const void *bytes, size_t n)
{
	const char *p = bytes;
	for (size_t i = 0; i < n;) {
		unsigned k = utf8_char(p + i, n - i), c = (unsigned char)p[i];
		if (k == 0)
			rk_buf_str(out, "\\ufffd");
		else if (k > 1)
			rk_buf_put(out, p + i, k);
		else if (c == '"' || c == '\\')
			rk_buf_printf(out, "\\%c", c);
		else if (c == '\n' || c == '\t')
			rk_buf_str(out, c == '\n' ? "\\n" : "\\t");
		else if (c < 0x20 || c == 0x7f)
			rk_buf_printf(out, "\\u%04x", c);
		else
			rk_buf_u8(out, (uint8_t)c);
		i += k ? k : 1;
	}
	return out->bad ? -ENOMEM : 0;
}

/* An id in a column between spaces. */
static void put_column(struct rk_buf *out, const struct rk_buf *id)
{
	size_t from = 0;
	for (size_t i = 0; i <= id->len; i++) {
		if (i < id->len && id->data[i] != ' ')
			continue;
		rk_buf_escaped(out, id->data + from, i - from);
		if (i < id->len)
			rk_buf_str(out, "\\x20");
		from = i + 1;
	}
}

/* A path that opens from the mount point: control bytes are percent-encoded too, so that it is one line; docs/ decodes them. */
static int put_path(struct renderer *r)
{
	r->scratch.len = 0;
	int rc = id_to_path(r->id.data, r->id.len, &r->scratch);
	rk_buf_str(r->out, "docs/");
	for (size_t i = 0; i < r->scratch.len; i++) {
		uint8_t c = r->scratch.data[i];
		if (c < 0x20 || c == 0x7f)
			rk_buf_printf(r->out, "%%%02X", c);
		else
			rk_buf_u8(r->out, c);
	}
	return rc;
}

/* r->scratch: the snippet. */
static int make_snippet(struct renderer *r, const struct rk_doc *d)
{
	r->scratch.len = 0;
	return snippet_make(&r->words, r->an, (const char *)d->content, (size_t)d->content_len, &r->scratch);
}

static int put_tsv(struct renderer *r, const struct query_hit *h, uint32_t rank)
{
	struct rk_doc d;
	rk_buf_printf(r->out, "%u\t", rank);
	render_float(r->out, h->score);
	rk_buf_u8(r->out, '\t');
	rk_buf_escaped(r->out, r->id.data, r->id.len);
	if (!r->options->snippet)
		return 0;
	rk_buf_u8(r->out, '\t');
	int rc = leaf_doc(&r->snap->leaves[h->leaf], h->doc, &r->doc, &d, r->err);
	if (rc == 0)
		rc = make_snippet(r, &d);
	if (rc == 0)
		rk_buf_escaped(r->out, r->scratch.data, r->scratch.len);
	return rc;
}

static int put_json(struct renderer *r, const struct query_hit *h, uint32_t rank)
{
	struct rk_doc d = {0};
	rk_buf_printf(r->out, "{\"rank\":%u,\"score\":", rank);
	render_float(r->out, h->score);
	rk_buf_str(r->out, ",\"id\":\"");
	render_json_string(r->out, r->id.data, r->id.len);
	int rc = leaf_doc(&r->snap->leaves[h->leaf], h->doc, &r->doc, &d, r->err);
	rk_buf_str(r->out, "\",\"title\":\"");
	if (rc == 0)
		render_json_string(r->out, d.title, d.title_len);
	if (rc == 0 && r->options->snippet) {
		rk_buf_str(r->out, "\",\"snippet\":\"");
		rc = make_snippet(r, &d);
		render_json_string(r->out, r->scratch.data, r->scratch.len);
	}
	rk_buf_str(r->out, "\"}");
	return rc;
}

static int put_hit(struct renderer *r, const struct query_hit *h, uint32_t rank)
{
	r->id.len = 0;
	int rc = leaf_id(&r->snap->leaves[h->leaf], h->doc, &r->id);
	if (rc < 0)
		return rc;
	switch (r->options->format) {
	case FORMAT_TSV:
		rc = put_tsv(r, h, rank);
		break;
	case FORMAT_JSON:
		rc = put_json(r, h, rank);
		break;
	case FORMAT_IDS:
		rc = rk_buf_escaped(r->out, r->id.data, r->id.len);
		break;
	case FORMAT_PATHS:
		rc = put_path(r);
		break;
	case FORMAT_TREC:
		rk_buf_printf(r->out, "%s Q0 ", r->options->tag);
		put_column(r->out, &r->id);
		rk_buf_printf(r->out, " %u ", rank);
		render_float(r->out, h->score);
		rk_buf_str(r->out, " rankfs");
		break;
	}
	rk_buf_u8(r->out, '\n');
	return rc < 0 ? rc : r->out->bad ? -ENOMEM : 0;
}

/* A stored document that cannot be read costs its snippet, not its line. */
int render_hits(const struct snapshot *snap, struct analyzer *an, const struct plan *plan, const struct query_options *o, const struct query_hit *h,
		uint32_t n, struct rk_buf *out, struct rk_err *err)
{
	struct renderer r = {.snap = snap, .an = an, .options = o, .out = out, .err = err};
	int rc = o->snippet ? snippet_words_init(&r.words, plan) : 0, damage = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		rc = put_hit(&r, &h[i], o->offset + i + 1);
		if (rc == -EUCLEAN) {
			damage = rc;
			rc = 0;
		}
	}
	rk_buf_done(&r.id);
	rk_buf_done(&r.doc);
	rk_buf_done(&r.scratch);
	return rc < 0 ? rc : damage;
}
