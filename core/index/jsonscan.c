/* jsonscan.c - strict JSON: a loop with one bit a level instead of recursion. UTF-8 was checked before (jsonl.c), so strings look for three things only:
 * the quote, the backslash, control characters. */
#include "core/index/jsonscan_private.h"

#include <stdint.h>
#include <string.h>

static bool bad(struct json_scan *s, const char *why)
{
	s->why = s->why ? s->why : why;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(const struct json_scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

void json_space(struct json_scan *s)
{
	while (s->p < s->end && is_space(*s->p))
		s->p++;
}

bool json_sign(struct json_scan *s, char c, const char *why)
{
	if (s->p == s->end || *s->p != c)
		return bad(s, s->p == s->end ? "the line ends in the middle" : why);
	s->p++;
	return true;
}

/* True when one of eight bytes is '"', '\\' or below 32. */
static bool has_special(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
	return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x)) & tops;
}

static const char *skip_plain(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t x;
		memcpy(&x, p, 8);
		if (has_special(x))
			break;
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20)
		p++;
	return p;
}

/* Four hexadecimal digits at p, or -1. */
static int hex4(const char *p, const char *end)
{
	int v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* Behind a backslash at s->p. */
static bool escape(struct json_scan *s)
{
	if (s->end - s->p < 2)
		return bad(s, "the line ends in the middle");
	char c = s->p[1];
	if (c != 'u') {
		if (!c || !strchr("\"\\/bfnrt", c))
			return bad(s, "bad escape");
		s->p += 2;
		return true;
	}
	int v = hex4(s->p + 2, s->end);
	if (v < 0)
		return bad(s, "bad \\u escape");
	if (v >= 0xdc00 && v < 0xe000)
		return bad(s, "half of a surrogate pair");
	if (v < 0xd800 || v >= 0xe000) {
		s->p += 6;
		return true;
	}
	int low = s->end - s->p >= 12 && s->p[6] == '\\' && s->p[7] == 'u' ? hex4(s->p + 8, s->end) : -1;
	if (low < 0xdc00 || low >= 0xe000)
		return bad(s, "half of a surrogate pair");
	s->p += 12;
	return true;
}

bool json_string(struct json_scan *s, struct json_span *ret)
{
	const char *from = s->p;
	if (!json_sign(s, '"', "a string is missing"))
		return false;
	for (;;) {
		s->p = skip_plain(s->p, s->end);
		if (s->p == s->end)
			return bad(s, "a string has no end");
		if (*s->p == '"')
			break;
		if (*s->p != '\\')
			return bad(s, "control character in a string");
		if (!escape(s))
			return false;
	}
	s->p++;
	*ret = (struct json_span){from, (size_t)(s->p - from), JSON_STRING};
	return true;
}

static bool digits(struct json_scan *s)
{
	if (!is_digit(s))
		return bad(s, "bad number");
	while (is_digit(s))
		s->p++;
	return true;
}

static bool number(struct json_scan *s, struct json_span *ret)
{
	const char *from = s->p;
	enum json_kind kind = JSON_INTEGER;
	s->p += *s->p == '-';
	const char *first = s->p;
	if (!digits(s))
		return false;
	if (*first == '0' && s->p - first > 1) {
		s->p = first;
		return bad(s, "a number begins with 0");
	}
	if (s->p < s->end && *s->p == '.') {
		kind = JSON_NUMBER;
		s->p++;
		if (!digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p | 32) == 'e') {
		kind = JSON_NUMBER;
		s->p++;
		s->p += s->p < s->end && (*s->p == '+' || *s->p == '-');
		if (!digits(s))
			return false;
	}
	*ret = (struct json_span){from, (size_t)(s->p - from), kind};
	return true;
}

static bool word(struct json_scan *s, const char *w, enum json_kind kind, struct json_span *ret)
{
	size_t n = strlen(w);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
		return bad(s, "not a JSON value");
	*ret = (struct json_span){s->p, n, kind};
	s->p += n;
	return true;
}

static bool scalar(struct json_scan *s, struct json_span *ret)
{
	if (s->p == s->end)
		return bad(s, "the line ends in the middle");
	switch (*s->p) {
	case '"':
		return json_string(s, ret);
	case 't':
		return word(s, "true", JSON_TRUE, ret);
	case 'f':
		return word(s, "false", JSON_FALSE, ret);
	case 'n':
		return word(s, "null", JSON_NULL, ret);
	case '-':
	case '0' ... '9':
		return number(s, ret);
	default:
		return bad(s, "not a JSON value");
	}
}

static bool key_and_colon(struct json_scan *s)
{
	struct json_span key;
	json_space(s);
	if (!json_string(s, &key))
		return false;
	json_space(s);
	return json_sign(s, ':', "':' is missing");
}

bool json_value(struct json_scan *s, struct json_span *ret)
{
	uint64_t objects = 0; /* bit 0: the innermost open level is an object */
	unsigned depth = 0;
	struct json_span part;
	const char *from = s->p;
	enum json_kind kind = s->p < s->end && *s->p == '{' ? JSON_OBJECT : JSON_ARRAY;

	for (;;) {
		json_space(s);
		if (s->p < s->end && (*s->p == '{' || *s->p == '[')) {
			bool object = *s->p == '{';
			if (depth == JSON_DEPTH_MAX)
				return bad(s, "nested too deep");
			depth++;
			objects = objects << 1 | object;
			s->p++;
			json_space(s);
			if (s->p < s->end && *s->p == (object ? '}' : ']'))
				goto close;
			if (object && !key_and_colon(s))
				return false;
			continue;
		}
		if (!scalar(s, &part))
			return false;
		if (depth == 0) {
			*ret = part;
			return true;
		}
	behind:
		json_space(s);
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			if ((objects & 1) && !key_and_colon(s))
				return false;
			continue;
		}
		if (s->p == s->end || *s->p != (objects & 1 ? '}' : ']'))
			return json_sign(s, ',', objects & 1 ? "',' or '}' is missing" : "',' or ']' is missing");
	close:
		s->p++;
		objects >>= 1;
		if (--depth == 0) {
			*ret = (struct json_span){from, (size_t)(s->p - from), kind};
			return true;
		}
		goto behind;
	}
}

static size_t put_utf8(uint8_t *o, uint32_t c)
{
	if (c < 0x80) {
		o[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		o[i] = (uint8_t)(0x80 | (c & 0x3f));
	o[0] = (uint8_t)(0xf00u >> n | c);
	return n;
}

/* The character of the escape at p (checked by escape()) to o; returns the bytes of the escape. */
static size_t unescape_one(const char *p, uint8_t *o, size_t *ret_n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (p[1] != 'u') {
		*o = (uint8_t)to[strchr(from, p[1]) - from];
		*ret_n = 1;
		return 2;
	}
	uint32_t c = (uint32_t)hex4(p + 2, p + 6);
	bool pair = c >= 0xd800 && c < 0xdc00;
	if (pair)
		c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)hex4(p + 8, p + 12) - 0xdc00);
	*ret_n = put_utf8(o, c);
	return pair ? 12 : 6;
}

int json_unescape(const struct json_span *string, struct rk_buf *b)
{
	const char *p = string->p + 1, *end = string->p + string->len - 1;
	int rc = rk_buf_reserve(b, string->len); /* an escape is longer than what it stands for */
	if (rc < 0)
		return rc;
	uint8_t *o = b->data + b->len;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);
		memcpy(o, p, n);
		o += n;
		p += n;
		if (slash) {
			p += unescape_one(p, o, &n);
			o += n;
		}
	}
	b->len = (size_t)(o - b->data);
	return 0;
}

int json_minify(const struct json_span *v, struct rk_buf *b)
{
	const char *p = v->p, *end = v->p + v->len;
	int rc = rk_buf_reserve(b, v->len);
	if (rc < 0)
		return rc;
	uint8_t *o = b->data + b->len;
	while (p < end) {
		if (*p == '"') {
			struct json_scan s = {.p = p, .end = end};
			struct json_span string = {.len = 1};
			json_string(&s, &string);
			memcpy(o, p, string.len);
			o += string.len;
			p += string.len;
		} else if (is_space(*p)) {
			p++;
		} else {
			*o++ = (uint8_t)*p++;
		}
	}
	b->len = (size_t)(o - b->data);
	return 0;
}
