/* t_jsonl.c - core/index/jsonl: every kind of bad line with its reason and column, what is kept exactly, and json-c as the independent reader. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/jsonl.h"
#include "test/tap.h"

static struct jsonl_line line; /* one for all tests: reuse must leave nothing behind */

static int parse(const char *s, size_t n, struct rk_err *err)
{
	char *exact = malloc(n ? n : 1); /* a sanitizer sees a read behind it; and the document must not borrow from the line */
	memcpy(exact, s, n);
	int rc = jsonl_parse(exact, n, &line, err);
	memset(exact, 'X', n);
	free(exact);
	return rc;
}

static bool is(const void *p, size_t n, const char *want)
{
	bool same = n == strlen(want) && memcmp(p, want, n) == 0;
	if (!same)
		printf("# got \"%.*s\", wanted \"%s\"\n", (int)n, (const char *)p, want);
	return same;
}

struct good {
	const char *line, *id, *title, *text, *fields;
};

static const struct good goods[] = {
	{"{\"id\":\"a\",\"text\":\"b\"}", "a", "", "b", ""},
	{" { \"id\" : \"a\" , \"title\" : \"t\" , \"text\" : \"b\" } \r", "a", "t", "b", ""},
	{"{\"id\":7}", "7", "", "", ""},
	{"{\"id\":-12}", "-12", "", "", ""},
	{"{\"id\":99999999999999999999999999}", "99999999999999999999999999", "", "", ""}, /* json-c would give 18446744073709551615 */
	{"\xef\xbb\xbf{\"id\":\"a\"}", "a", "", "", ""},
	{"{\"id\":\"\\u00e9\\n\\t\\\"\\\\\\/\\b\\f\\r\\ud83d\\ude00\"}", "é\n\t\"\\/\b\f\r😀", "", "", ""},
	{"{\"\\u0069d\":\"a\",\"te\\u0078t\":\"b\"}", "a", "", "b", ""},
	{"{\"id\":\"a\",\"id\":\"b\",\"text\":\"1\",\"text\":\"2\"}", "b", "", "2", ""},
	{"{\"id\":1,\"text\":5,\"text\":\"x\"}", "1", "", "x", ""},
	{"{\"n\":1,\"id\":\"a\",\"m\":[1, {\"x\" : \" \\\" \"} ],\"n\":2,\"o\":{ }}", "a", "", "", "{\"m\":[1,{\"x\":\" \\\" \"}],\"n\":2,\"o\":{}}"},
	{"{\"id\":\"a\",\"n\":1.10,\"big\":123456789012345678901234567890,\"e\":1E400,\"t\":true,\"f\":false,\"z\":null}", "a", "", "",
	 "{\"n\":1.10,\"big\":123456789012345678901234567890,\"e\":1E400,\"t\":true,\"f\":false,\"z\":null}"},
	{"{\"id\":\"a\",\"\":0,\"\\u0061\":1,\"a\":2}", "a", "", "", "{\"\":0,\"a\":2}"},
};

static void good_lines(void)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const struct good *g = &goods[i];
		struct rk_err err = {{0}};
		int rc = parse(g->line, strlen(g->line), &err);
		if (rc < 0)
			printf("# %s: %s\n", g->line, err.msg);
		CU_ASSERT_EQUAL_FATAL(rc, 0);
		CU_ASSERT_FALSE(line.is_delete || line.is_blank);
		CU_ASSERT_TRUE(is(line.doc.id, line.doc.id_len, g->id));
		CU_ASSERT_TRUE(is(line.doc.title, line.doc.title_len, g->title));
		CU_ASSERT_TRUE(is(line.doc.content, line.doc.content_len, g->text));
		CU_ASSERT_TRUE(is(line.doc.fields, line.doc.fields_len, g->fields));
		CU_ASSERT_EQUAL(line.doc.flags, DOC_JSON);
	}
	CU_ASSERT_EQUAL(parse("{\"id\":1,\"text\":\"a\\u0000b\"}", 26, NULL), 0); /* NUL in a text is a byte like others */
	CU_ASSERT_EQUAL(line.doc.content_len, 3);
	CU_ASSERT_EQUAL(memcmp(line.doc.content, "a\0b", 3), 0);
}

struct bad {
	const char *line, *why;
	unsigned column;
};

static const struct bad bads[] = {
	{"x", "not a JSON object", 1},
	{"[1]", "not a JSON object", 1},
	{"\"a\"", "not a JSON object", 1},
	{"  12", "not a JSON object", 3},
	{"{", "ends in the middle", 2},
	{"{\"id\":\"a\"", "ends in the middle", 10},
	{"{\"id\":", "ends in the middle", 7},
	{"{\"id\"", "ends in the middle", 6},
	{"{\"id\":\"a", "no end", 9},
	{"{\"id\":\"a\\", "ends in the middle", 9},
	{"{\"id\":\"a\"}}", "something follows", 11},
	{"{\"id\":\"a\"} {\"id\":\"b\"}", "something follows", 12},
	{"{\"id\":\"a\",}", "a string is missing", 11},
	{"{,}", "a string is missing", 2},
	{"{id:1}", "a string is missing", 2},
	{"{'id':1}", "a string is missing", 2},
	{"{\"id\" 1}", "':' is missing", 7},
	{"{\"id\":1 \"b\":2}", "',' or '}' is missing", 9},
	{"{\"id\":1,\"a\":[1 2]}", "',' or ']' is missing", 16},
	{"{\"id\":1,\"a\":[1,]}", "not a JSON value", 16},
	{"{\"id\":1,\"a\":{\"b\":1 ]}}", "',' or '}' is missing", 20},
	{"{\"id\":1,\"a\":{1:2}}", "a string is missing", 14},
	{"{\"id\":1/*c*/}", "',' or '}' is missing", 8},
	{"{\"id\":NaN}", "not a JSON value", 7},
	{"{\"id\":1,\"a\":Infinity}", "not a JSON value", 13},
	{"{\"id\":1,\"a\":TRUE}", "not a JSON value", 13},
	{"{\"id\":1,\"a\":nul}", "not a JSON value", 13},
	{"{\"id\":01}", "begins with 0", 7},
	{"{\"id\":1,\"a\":-01}", "begins with 0", 14},
	{"{\"id\":1,\"a\":-}", "bad number", 14},
	{"{\"id\":1,\"a\":2.}", "bad number", 15},
	{"{\"id\":1,\"a\":.5}", "not a JSON value", 13},
	{"{\"id\":1,\"a\":1e+}", "bad number", 16},
	{"{\"id\":1,\"a\":+1}", "not a JSON value", 13},
	{"{\"id\":\"a\tb\"}", "control character", 9},
	{"{\"id\":\"\\x\"}", "bad escape", 8},
	{"{\"id\":\"\\u12g4\"}", "bad \\u escape", 8},
	{"{\"id\":\"\\ud800\"}", "surrogate", 8},
	{"{\"id\":\"\\udc00\"}", "surrogate", 8},
	{"{\"id\":\"\\ud800\\u0041\"}", "surrogate", 8},
	{"{\"id\":\"\\ud83d\\ud83d\"}", "surrogate", 8},
	{"{\"id\":\"\xff\"}", "not UTF-8", 8},
	{"{\"id\":\"\xc0\xaf\"}", "not UTF-8", 8},
	{"{\"id\":\"\xed\xa0\x80\"}", "not UTF-8", 8},
	{"{\"id\":\"aaaaaaaaaaaaaaaaaaaaa\xe4\xb8\"}", "not UTF-8", 29},
	{"{}", "no id", 1},
	{"{\"text\":\"a\"}", "no id", 1},
	{"{\"id\\u0000\":1}", "no id", 1}, /* json-c would see "id" */
	{"{\"id\":\"\"}", "id is empty", 7},
	{"{\"id\":\"a\\u0000\"}", "id holds NUL", 7},
	{"{\"id\":null}", "neither a string nor an integer", 7},
	{"{\"id\":1.0}", "neither a string nor an integer", 7},
	{"{\"id\":1e3}", "neither a string nor an integer", 7},
	{"{\"id\":true}", "neither a string nor an integer", 7},
	{"{\"id\":[1]}", "neither a string nor an integer", 7},
	{"{\"id\":{}}", "neither a string nor an integer", 7},
	{"{\"id\":1,\"title\":2}", "title is no string", 17},
	{"{\"id\":1,\"text\":[\"a\"]}", "text is no string", 16},
	{"{\"id\":1,\"text\":null}", "text is no string", 16},
	{"{\"id\":1,\"vector\":[1,2]}", "no vectors", 9},
	{"{\"delete\":1,\"id\":2}", "takes no other key", 13},
	{"{\"delete\":\"\"}", "id is empty", 11},
	{"{\"delete\":true}", "neither a string nor an integer", 11},
};

static void bad_lines(void)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *b = &bads[i];
		struct rk_err err = {{0}};
		unsigned column = 0;
		CU_ASSERT_EQUAL(parse(b->line, strlen(b->line), &err), -EINVAL);
		sscanf(err.msg, "column %u: ", &column);
		if (column != b->column || !strstr(err.msg, b->why))
			printf("# %s: \"%s\", wanted \"%s\" at column %u\n", b->line, err.msg, b->why, b->column);
		CU_ASSERT_EQUAL(column, b->column);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, b->why));
	}
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(parse("{\"id\":\"\0\"}", 10, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "control character"));
}

static void deletes_and_blanks(void)
{
	CU_ASSERT_EQUAL(parse("{\"delete\":\"a/b\"}", 16, NULL), 0);
	CU_ASSERT_TRUE(line.is_delete && is(line.doc.id, line.doc.id_len, "a/b"));
	CU_ASSERT_EQUAL(parse("{\"delete\": 42}", 14, NULL), 0);
	CU_ASSERT_TRUE(line.is_delete && is(line.doc.id, line.doc.id_len, "42"));
	static const char *const blanks[] = {"", " ", "\r", "\t \r\n", "\xef\xbb\xbf"};
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		CU_ASSERT_EQUAL(parse(blanks[i], strlen(blanks[i]), NULL), 0);
		CU_ASSERT_TRUE(line.is_blank && !line.is_delete);
	}
}

static void limits(void)
{
	size_t cap = 300000;
	char *s = malloc(cap);
	struct rk_err err = {{0}};
	for (int n = 4095; n <= 4097; n++) {
		int len = snprintf(s, cap, "{\"id\":\"%0*d\"}", n, 0);
		CU_ASSERT_EQUAL(parse(s, (size_t)len, &err), n > 4096 ? -EINVAL : 0);
		len = snprintf(s, cap, "{\"id\":1%0*d}", n - 1, 0);
		CU_ASSERT_EQUAL(parse(s, (size_t)len, &err), n > 4096 ? -EINVAL : 0);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "longer than 4096"));
	for (int depth = 60; depth < 70; depth++) {
		int len = snprintf(s, cap, "{\"id\":1,\"a\":");
		for (int i = 0; i < depth; i++)
			s[len++] = '[';
		for (int i = 0; i < depth; i++)
			s[len++] = ']';
		s[len++] = '}';
		CU_ASSERT_EQUAL(parse(s, (size_t)len, NULL), depth > 64 ? -EINVAL : 0);
	}
	memset(s, '[', cap);
	memcpy(s, "{\"id\":", 6);
	err.msg[0] = '\0';
	CU_ASSERT_EQUAL(parse(s, cap, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nested too deep"));
	/* Many keys, each twice, with and without escapes: the later ones stay, and no quadratic work. */
	int len = snprintf(s, cap, "{\"id\":\"x\"");
	for (int i = 0; i < 10000; i++)
		len += snprintf(s + len, cap - (size_t)len, ",\"%sk%d\":%d", i & 1 ? "\\u0061" : "a", i % 5000 / 2 * 2, i);
	s[len++] = '}';
	s[len] = '\0';
	CU_ASSERT_EQUAL(parse(s, (size_t)len, NULL), 0);
	struct json_object *o = json_tokener_parse(s), *f, *v;
	char *fields = strndup(line.doc.fields, line.doc.fields_len);
	f = json_tokener_parse(fields);
	CU_ASSERT_EQUAL(json_object_object_length(f), 2500);
	json_object_object_foreach(f, key, mine)
	{
		CU_ASSERT_TRUE(json_object_object_get_ex(o, key, &v) && json_object_equal(v, mine));
	}
	json_object_put(o);
	json_object_put(f);
	free(fields);
	free(s);
}

static void every_prefix_is_refused(void)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const char *end = strrchr(goods[i].line, '}');
		for (size_t n = 1; n < (size_t)(end - goods[i].line); n++) {
			int rc = parse(goods[i].line, n, NULL);
			CU_ASSERT_TRUE(rc == -EINVAL || line.is_blank);
		}
	}
}

/* ---- json-c reads the same ---- */

static uint64_t seed = 5;

static uint32_t rnd(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static void put_value(struct rk_buf *b, int depth)
{
	static const char *const scalars[] = {"1", "-7", "0", "0.5", "1e3", "-2.5E-3", "true", "false", "null", "\"\"", "\"a b\"", "\"\\u00e9\\ud83d\\ude00\"",
					      "\"\\\"\\\\\"", "\"{[,:]}\"", "123456789012", "\"é中\"", "\"\\n\""};
	uint32_t kind = depth < 4 ? rnd(4) : 0;
	if (kind < 2) {
		rk_buf_str(b, scalars[rnd(sizeof(scalars) / sizeof(scalars[0]))]);
		return;
	}
	rk_buf_u8(b, kind == 2 ? '[' : '{');
	for (uint32_t i = 0, n = rnd(4); i < n; i++) {
		rk_buf_str(b, i ? rnd(2) ? "," : " , " : "");
		if (kind == 3)
			rk_buf_printf(b, "\"k%u\"%s:", i, rnd(2) ? " " : "");
		put_value(b, depth + 1);
	}
	rk_buf_u8(b, kind == 2 ? ']' : '}');
}

static void put_line(struct rk_buf *b)
{
	static const char *const keys[] = {"id", "title", "text", "a", "b", "c", "\\u0069d", "té"};
	rk_buf_str(b, "{\"id\":\"x\"");
	for (uint32_t i = rnd(6); i; i--) {
		const char *key = keys[rnd(8)];
		rk_buf_printf(b, "%s,%s\"%s\": ", rnd(3) ? "" : " ", rnd(3) ? "" : "\t", key);
		if (key[0] == 'a' || key[0] == 'b' || key[0] == 'c')
			put_value(b, 0);
		else
			rk_buf_printf(b, "\"v%u\\u4e2d\\n\"", rnd(100));
	}
	rk_buf_u8(b, '}');
}

static bool member_is(struct json_object *o, const char *key, const void *p, size_t n)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return n == 0;
	return n == (size_t)json_object_get_string_len(v) && (n == 0 || memcmp(json_object_get_string(v), p, n) == 0);
}

/* What we accept, json-c accepts and reads alike; returns whether we accepted. */
static bool compare_with_twin(struct json_tokener *tok, const struct rk_buf *b)
{
	if (parse((const char *)b->data, b->len, NULL) < 0 || line.is_blank || line.is_delete)
		return false;
	json_tokener_reset(tok);
	struct json_object *o = json_tokener_parse_ex(tok, (const char *)b->data, (int)b->len), *f, *v;
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	bool same = member_is(o, "title", line.doc.title, line.doc.title_len) && member_is(o, "text", line.doc.content, line.doc.content_len);
	same &= json_object_object_get_ex(o, "id", &v) && (json_object_get_type(v) == json_type_int || member_is(o, "id", line.doc.id, line.doc.id_len));
	json_object_object_del(o, "id");
	json_object_object_del(o, "title");
	json_object_object_del(o, "text");
	char *fields = strndup(line.doc.fields, line.doc.fields_len);
	f = json_tokener_parse(*fields ? fields : "{}");
	same &= json_object_equal(o, f) != 0;
	if (!same)
		printf("# differs: %.*s: fields %s\n", (int)b->len, b->data, fields);
	CU_ASSERT_TRUE(same);
	free(fields);
	json_object_put(o);
	json_object_put(f);
	return true;
}

static void same_as_json_c(void)
{
	struct json_tokener *tok = json_tokener_new_ex(100);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		struct rk_buf b = {0};
		put_line(&b);
		CU_ASSERT_TRUE(compare_with_twin(tok, &b)); /* a valid line is accepted */
		static const char likely[] = "\"\"\\,:{}[] 10.-eEu\ttrue\x80";
		for (uint32_t k = 1 + rnd(2); k; k--)
			b.data[rnd((uint32_t)b.len)] = (uint8_t)likely[rnd(sizeof(likely) - 1)];
		accepted += compare_with_twin(tok, &b);
		rk_buf_done(&b);
	}
	CU_ASSERT_TRUE(accepted > 100);
	json_tokener_free(tok);
}

static void done(void)
{
	rk_buf_done(&line.buf);
}

static const struct tap_test tests[] = {
	{"good lines: every part, escapes, duplicates, numbers as they were written", good_lines},
	{"bad lines: each with its reason and column", bad_lines},
	{"deletes and blank lines", deletes_and_blanks},
	{"limits: id, depth, many keys", limits},
	{"every prefix of a line is refused", every_prefix_is_refused},
	{"json-c reads the same", same_as_json_c},
	{"(buffer freed)", done},
};

TAP_MAIN(tests)
