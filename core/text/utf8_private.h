/* utf8_private.h - single steps over bytes that are already known to be UTF-8 (u8_check came before). Nothing here checks. */
#ifndef CORE_TEXT_UTF8_PRIVATE_H
#define CORE_TEXT_UTF8_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

static inline unsigned utf8_len(uint8_t first)
{
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static inline unsigned utf8_get(const uint8_t *p, uint32_t *ret)
{
	unsigned n = utf8_len(p[0]);
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (unsigned i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	*ret = c;
	return n;
}

static inline unsigned utf8_put(uint8_t *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	unsigned n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (unsigned i = n - 1; i; i--, c >>= 6)
		p[i] = (uint8_t)(0x80 | (c & 0x3f));
	p[0] = (uint8_t)(0xf00u >> n | c);
	return n;
}

/* The longest prefix of at most max bytes that ends between two characters. */
static inline size_t utf8_cut(const uint8_t *p, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max && (p[max] & 0xc0) == 0x80)
		max--;
	return max;
}

#endif
