/* buf.c - growable byte buffer; see buf.h. */
#include "core/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"

int rk_buf_reserve(struct rk_buf *b, size_t more)
{
	if (more <= b->cap - b->len)
		return 0;
	size_t want = b->len + more;
	size_t cap = b->cap + b->cap / 2 + 64;
	if (want < b->len)
		goto fail;
	if (cap < want)
		cap = want;
	uint8_t *p = realloc(b->data, cap);
	if (!p)
		goto fail;
	b->data = p;
	b->cap = cap;
	return 0;
fail:
	b->bad = true;
	return -ENOMEM;
}

int rk_buf_put(struct rk_buf *b, const void *p, size_t n)
{
	if (n == 0)
		return 0;
	if (rk_buf_reserve(b, n) < 0)
		return -ENOMEM;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

int rk_buf_u8(struct rk_buf *b, uint8_t v)
{
	return rk_buf_put(b, &v, 1);
}

int rk_buf_u16(struct rk_buf *b, uint16_t v)
{
	uint8_t t[2];
	rk_put16(t, v);
	return rk_buf_put(b, t, sizeof(t));
}

int rk_buf_u32(struct rk_buf *b, uint32_t v)
{
	uint8_t t[4];
	rk_put32(t, v);
	return rk_buf_put(b, t, sizeof(t));
}

int rk_buf_u64(struct rk_buf *b, uint64_t v)
{
	uint8_t t[8];
	rk_put64(t, v);
	return rk_buf_put(b, t, sizeof(t));
}

int rk_buf_varint(struct rk_buf *b, uint64_t v)
{
	uint8_t t[10];
	size_t n = 0;
	while (v >= 0x80) {
		t[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	t[n++] = (uint8_t)v;
	return rk_buf_put(b, t, n);
}

int rk_buf_str(struct rk_buf *b, const char *s)
{
	return rk_buf_put(b, s, strlen(s));
}

int rk_buf_printf(struct rk_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	int rc = n < 0 ? -EINVAL : rk_buf_reserve(b, (size_t)n + 1);
	if (rc == 0) {
		vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return rc;
}

int rk_buf_escaped(struct rk_buf *b, const void *p, size_t n)
{
	const uint8_t *s = p;
	size_t plain = 0; /* start of the run that needs no escape */
	for (size_t i = 0; i < n; i++) {
		if (s[i] >= 0x20 && s[i] != '\\' && s[i] != 0x7f)
			continue;
		rk_buf_put(b, s + plain, i - plain);
		plain = i + 1;
		switch (s[i]) {
		case '\t':
			rk_buf_str(b, "\\t");
			break;
		case '\n':
			rk_buf_str(b, "\\n");
			break;
		case '\\':
			rk_buf_str(b, "\\\\");
			break;
		default:
			rk_buf_printf(b, "\\x%02x", s[i]);
		}
	}
	rk_buf_put(b, s + plain, n - plain);
	return b->bad ? -ENOMEM : 0;
}

void rk_buf_done(struct rk_buf *b)
{
	free(b->data);
	*b = (struct rk_buf){0};
}
