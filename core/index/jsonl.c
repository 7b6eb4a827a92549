/* jsonl.c - one line of a stream: its members are found (jsonscan.c), the four that we know are taken, the others kept as they were written.
 *
 * Everything a document borrows lies in the line's own buffer, in the order id, title, text, fields. Threads: any; nothing is shared.
 */
#include "core/index/jsonl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "core/index/jsonscan_private.h"

enum { LINE_MAX_BYTES = 1 << 30 };

struct member {
	struct json_span raw_key, value;
	const char *key; /* without escapes */
	size_t key_len;
	uint32_t no;
	bool dropped; /* one of the same key comes later */
};

struct members {
	struct member *m, few[16];
	size_t n, cap;
	struct rk_buf keys; /* those that had escapes: one after the other */
};

static int fail_at(const char *line, const char *p, const char *why, struct rk_err *err)
{
	return rk_fail(err, -EINVAL, "column %zu: %s", (size_t)(p - line) + 1, why);
}

/* ---- members ---- */

static int add_member(struct members *all, const struct json_span *key, const struct json_span *value)
{
	if (all->n == all->cap) {
		size_t cap = all->cap * 2;
		struct member *m = malloc(cap * sizeof(*m));
		if (!m)
			return -ENOMEM;
		memcpy(m, all->m, all->n * sizeof(*m));
		if (all->m != all->few)
			free(all->m);
		all->m = m;
		all->cap = cap;
	}
	struct member *m = &all->m[all->n];
	*m = (struct member){.raw_key = *key, .value = *value, .no = (uint32_t)all->n, .key = key->p + 1, .key_len = key->len - 2};
	all->n++;
	if (!memchr(m->key, '\\', m->key_len))
		return 0;
	m->key = NULL; /* known when the buffer of keys has stopped moving: keys_settled() */
	size_t before = all->keys.len;
	int rc = json_unescape(key, &all->keys);
	m->key_len = all->keys.len - before;
	return rc;
}

static void keys_settled(struct members *all)
{
	const char *next = (const char *)all->keys.data;
	for (size_t i = 0; i < all->n; i++) {
		if (!all->m[i].key) {
			all->m[i].key = next;
			next += all->m[i].key_len;
		}
	}
}

static int by_key(const void *x, const void *y)
{
	const struct member *a = *(const struct member *const *)x, *b = *(const struct member *const *)y;
	size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
	int d = n ? memcmp(a->key, b->key, n) : 0; /* a key may be empty */
	if (d == 0)
		d = (a->key_len > b->key_len) - (a->key_len < b->key_len);
	return d ? d : (a->no > b->no) - (a->no < b->no);
}

static bool same_key(const struct member *a, const struct member *b)
{
	return a->key_len == b->key_len && (a->key_len == 0 || memcmp(a->key, b->key, a->key_len) == 0);
}

/* The last of equal keys wins. */
static int drop_duplicates(struct members *all)
{
	struct member *few[16], **order = all->n <= 16 ? few : malloc(all->n * sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		order[i] = &all->m[i];
	qsort(order, all->n, sizeof(*order), by_key);
	for (size_t i = 0; i + 1 < all->n; i++)
		order[i]->dropped = same_key(order[i], order[i + 1]);
	if (order != few)
		free(order);
	return 0;
}

static const struct member *member_of(const struct members *all, const char *key)
{
	size_t n = strlen(key);
	for (size_t i = 0; i < all->n; i++) {
		const struct member *m = &all->m[i];
		if (!m->dropped && m->key_len == n && memcmp(m->key, key, n) == 0)
			return m;
	}
	return NULL;
}

static int scan_members(const char *line, struct json_scan *s, struct members *all, struct rk_err *err)
{
	if (*s->p != '{')
		return fail_at(line, s->p, "not a JSON object", err);
	s->p++;
	json_space(s);
	bool more = !(s->p < s->end && *s->p == '}');
	while (more) {
		struct json_span key, value;
		json_space(s);
		if (!json_string(s, &key))
			return fail_at(line, s->p, s->why, err);
		json_space(s);
		if (!json_sign(s, ':', "':' is missing"))
			return fail_at(line, s->p, s->why, err);
		json_space(s);
		if (!json_value(s, &value))
			return fail_at(line, s->p, s->why, err);
		if (add_member(all, &key, &value) < 0)
			return rk_fail(err, -ENOMEM, "out of memory");
		json_space(s);
		more = s->p < s->end && *s->p == ',';
		s->p += more;
	}
	if (!json_sign(s, '}', "',' or '}' is missing"))
		return fail_at(line, s->p, s->why, err);
	json_space(s);
	if (s->p < s->end)
		return fail_at(line, s->p, "something follows the object", err);
	keys_settled(all);
	return drop_duplicates(all) < 0 ? rk_fail(err, -ENOMEM, "out of memory") : 0;
}

/* ---- a document ---- */

static int put_id(const char *line, const struct member *m, struct jsonl_line *ret, struct rk_err *err)
{
	const struct json_span *v = &m->value;
	int rc;
	if (v->kind == JSON_STRING)
		rc = json_unescape(v, &ret->buf);
	else if (v->kind == JSON_INTEGER)
		rc = rk_buf_put(&ret->buf, v->p, v->len);
	else
		return fail_at(line, v->p, "the id is neither a string nor an integer", err);
	if (rc < 0)
		return rk_fail(err, rc, "out of memory");
	if (ret->buf.len == 0)
		return fail_at(line, v->p, "the id is empty", err);
	if (ret->buf.len > DOC_ID_MAX)
		return fail_at(line, v->p, "the id is longer than 4096 bytes", err);
	if (memchr(ret->buf.data, 0, ret->buf.len))
		return fail_at(line, v->p, "the id holds NUL", err);
	ret->doc.id_len = (uint32_t)ret->buf.len;
	return 0;
}

static int put_string(const char *line, const struct member *m, const char *why, struct jsonl_line *ret, size_t *ret_len, struct rk_err *err)
{
	size_t before = ret->buf.len;
	*ret_len = 0;
	if (!m)
		return 0;
	if (m->value.kind != JSON_STRING)
		return fail_at(line, m->value.p, why, err);
	if (json_unescape(&m->value, &ret->buf) < 0)
		return rk_fail(err, -ENOMEM, "out of memory");
	*ret_len = ret->buf.len - before;
	return 0;
}

static int put_fields(const struct members *all, struct jsonl_line *ret)
{
	const struct member *id = member_of(all, "id"), *title = member_of(all, "title"), *text = member_of(all, "text");
	size_t before = ret->buf.len;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		const struct member *m = &all->m[i];
		if (m->dropped || m == id || m == title || m == text)
			continue;
		rc = rk_buf_u8(&ret->buf, ret->buf.len == before ? '{' : ',');
		if (rc == 0)
			rc = rk_buf_put(&ret->buf, m->raw_key.p, m->raw_key.len);
		if (rc == 0)
			rc = rk_buf_u8(&ret->buf, ':');
		if (rc == 0)
			rc = json_minify(&m->value, &ret->buf);
	}
	if (rc == 0 && ret->buf.len > before)
		rc = rk_buf_u8(&ret->buf, '}');
	ret->doc.fields_len = (uint32_t)(ret->buf.len - before);
	return rc;
}

/* The buffer has stopped moving. */
static void point_into_buffer(struct jsonl_line *ret)
{
	const char *p = (const char *)ret->buf.data;
	ret->doc.id = p;
	ret->doc.title = p += ret->doc.id_len;
	ret->doc.content = (const uint8_t *)(p += ret->doc.title_len);
	ret->doc.fields = p + ret->doc.content_len;
}

static int take_delete(const char *line, const struct members *all, const struct member *m, struct jsonl_line *ret, struct rk_err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		if (&all->m[i] != m && !all->m[i].dropped)
			return fail_at(line, all->m[i].raw_key.p, "a delete takes no other key", err);
	}
	int rc = put_id(line, m, ret, err);
	ret->is_delete = rc == 0;
	return rc;
}

static int take_document(const char *line, const struct members *all, struct jsonl_line *ret, struct rk_err *err)
{
	const struct member *id = member_of(all, "id"), *vector = member_of(all, "vector");
	size_t title_len, text_len;
	if (vector)
		return fail_at(line, vector->raw_key.p, "this index has no vectors", err);
	if (!id)
		return fail_at(line, line, "no id", err);
	int rc = put_id(line, id, ret, err);
	if (rc == 0)
		rc = put_string(line, member_of(all, "title"), "the title is no string", ret, &title_len, err);
	if (rc == 0)
		rc = put_string(line, member_of(all, "text"), "the text is no string", ret, &text_len, err);
	if (rc < 0)
		return rc;
	ret->doc.title_len = (uint32_t)title_len;
	ret->doc.content_len = text_len;
	ret->doc.flags = DOC_JSON;
	return put_fields(all, ret) < 0 ? rk_fail(err, -ENOMEM, "out of memory") : 0;
}

static const uint8_t *check_utf8(const char *line, size_t len)
{
	size_t at = 0;
	for (uint64_t x; at + 8 <= len; at += 8) {
		memcpy(&x, line + at, 8);
		if (x & UINT64_C(0x8080808080808080))
			break;
	}
	return u8_check((const uint8_t *)line + at, len - at);
}

int jsonl_parse(const char *line, size_t len, struct jsonl_line *ret, struct rk_err *err)
{
	struct members all = {.n = 0};
	all.m = all.few;
	all.cap = sizeof(all.few) / sizeof(all.few[0]);
	ret->is_delete = ret->is_blank = false;
	ret->doc = (struct rk_doc){0};
	ret->buf.len = 0;
	if (len > LINE_MAX_BYTES)
		return rk_fail(err, -EINVAL, "the line is longer than 1 GiB");
	const uint8_t *bad = check_utf8(line, len);
	if (bad)
		return fail_at(line, (const char *)bad, "not UTF-8", err);
	struct json_scan s = {.p = line, .end = line + len};
	if (len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) /* a byte order mark, as some editors begin a file */
		s.p += 3;
	json_space(&s);
	if (s.p == s.end) {
		ret->is_blank = true;
		return 0;
	}
	int rc = scan_members(line, &s, &all, err);
	if (rc == 0) {
		const struct member *deleted = member_of(&all, "delete");
		rc = deleted ? take_delete(line, &all, deleted, ret, err) : take_document(line, &all, ret, err);
	}
	if (rc == 0)
		point_into_buffer(ret);
	if (all.m != all.few)
		free(all.m);
	rk_buf_done(&all.keys);
	return rc;
}
