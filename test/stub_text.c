/* stub_text.c - weak stand-ins for core/text and norm_encode until they are in the library; any real one takes their place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment/seg_write.h"
#include "core/text/analyzer.h"

struct analyzer {
	const char *text;
	size_t len, at;
	uint32_t pos;
	char term[TERM_MAX_BYTES];
};

__attribute__((weak)) int analyzer_new(const struct analyzer_params *p, struct analyzer **ret, struct rk_err *err)
{
	(void)p;
	(void)err;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

__attribute__((weak)) void analyzer_free(struct analyzer *a)
{
	free(a);
}

__attribute__((weak)) void analyzer_begin(struct analyzer *a, const char *text, size_t len)
{
	a->text = text;
	a->len = len;
	a->at = 0;
	a->pos = 0;
}

static int alnum(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

__attribute__((weak)) bool analyzer_next(struct analyzer *a, struct token *ret)
{
	while (a->at < a->len && !alnum((unsigned char)a->text[a->at]))
		a->at++;
	if (a->at == a->len)
		return false;
	ret->start = (uint32_t)a->at;
	ret->len = 0;
	for (; a->at < a->len && alnum((unsigned char)a->text[a->at]); a->at++)
		if (ret->len < sizeof(a->term))
			a->term[ret->len++] = (char)(a->text[a->at] | 0x20);
	ret->end = (uint32_t)a->at;
	ret->pos = a->pos++;
	ret->term = a->term;
	ret->cache_slot = UINT32_MAX;
	return true;
}

__attribute__((weak)) uint8_t norm_encode(uint32_t n)
{
	if (n < 40)
		return (uint8_t)n;
	unsigned i = n - 24, bits = 32 - (unsigned)__builtin_clz(i);
	return (uint8_t)(24 + ((i >> (bits - 4) & 7) | (bits - 3) << 3));
}

__attribute__((weak)) uint32_t norm_decode(uint8_t b)
{
	if (b < 24)
		return b;
	unsigned v = b - 24u, m = v & 7, shift = v >> 3;
	return 24 + (shift ? (m | 8) << (shift - 1) : m);
}
