/* fuzz_jsonl.c - any bytes as a line: refused with a column, or read as json-c reads it; and what was kept reads the same again. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool same_string(struct json_object *o, const char *key, const void *p, size_t n)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return n == 0;
	return n == (size_t)json_object_get_string_len(v) && (n == 0 || !memcmp(json_object_get_string(v), p, n));
}

/* json-c ends keys at NUL, so lines with \u0000 are not compared. */
static void compare(const uint8_t *data, size_t size, const struct rk_doc *d)
{
	struct json_tokener *tok = json_tokener_new_ex(100);
	struct json_object *o = json_tokener_parse_ex(tok, (const char *)data, (int)size), *v;
	check(o && json_object_object_get_ex(o, "id", &v));
	check(json_object_get_type(v) == json_type_int || same_string(o, "id", d->id, d->id_len));
	check(same_string(o, "title", d->title, d->title_len) && same_string(o, "text", d->content, d->content_len));
	json_object_put(o);
	json_tokener_free(tok);
}

static void check_fields(const struct rk_doc *d)
{
	struct jsonl_line again = {0};
	struct rk_buf b = {0};
	rk_buf_str(&b, "{\"id\":1,");
	rk_buf_put(&b, d->fields + 1, d->fields_len - 1);
	check(jsonl_parse((const char *)b.data, b.len, &again, NULL) == 0);
	check(again.doc.fields_len == d->fields_len && !memcmp(again.doc.fields, d->fields, d->fields_len));
	rk_buf_done(&b);
	rk_buf_done(&again.buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jsonl_line line;
	struct rk_err err = {{0}};
	int rc = jsonl_parse((const char *)data, size, &line, &err);
	if (rc < 0) {
		check(rc == -EINVAL && !strncmp(err.msg, "column ", 7));
		return 0;
	}
	if (line.is_blank)
		return 0;
	const struct rk_doc *d = &line.doc;
	check(d->id_len > 0 && d->id_len <= DOC_ID_MAX && !memchr(d->id, 0, d->id_len));
	if (line.is_delete)
		return 0;
	bool bom = size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3);
	if (!bom && !memmem(data, size, "\\u0000", 6))
		compare(data, size, d);
	if (d->fields_len)
		check_fields(d);
	return 0;
}
