/* rd.h - bounded reader over untrusted bytes: a short read makes it bad, yields 0, and it stays bad.
 *
 * So the bounds check lives here and not in every decoder: read all fields, then ask rk_rd_ok() once.
 */
#ifndef CORE_BASE_RD_H
#define CORE_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

struct rk_rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct rk_rd rk_rd_of(const void *p, size_t len)
{
	struct rk_rd r = {.p = p, .end = (const uint8_t *)p + len};
	return r;
}

static inline size_t rk_rd_left(const struct rk_rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* The next n bytes, valid as long as the bytes under the reader; NULL (and bad) when there are fewer. */
static inline const uint8_t *rk_rd_bytes(struct rk_rd *r, size_t n)
{
	if (n > rk_rd_left(r)) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	return p;
}

static inline uint8_t rk_rd_u8(struct rk_rd *r)
{
	const uint8_t *p = rk_rd_bytes(r, 1);
	return p ? *p : 0;
}

static inline uint16_t rk_rd_u16(struct rk_rd *r)
{
	const uint8_t *p = rk_rd_bytes(r, 2);
	return p ? rk_get16(p) : 0;
}

static inline uint32_t rk_rd_u32(struct rk_rd *r)
{
	const uint8_t *p = rk_rd_bytes(r, 4);
	return p ? rk_get32(p) : 0;
}

static inline uint64_t rk_rd_u64(struct rk_rd *r)
{
	const uint8_t *p = rk_rd_bytes(r, 8);
	return p ? rk_get64(p) : 0;
}

/* LEB128, at most 10 bytes; an overlong form (a last byte of 0 after the first) is refused: one value, one encoding. */
static inline uint64_t rk_rd_varint(struct rk_rd *r)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = rk_rd_u8(r);
		if (r->bad || (shift == 63 && b > 1) || (shift && b == 0)) {
			r->bad = true;
			return 0;
		}
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static inline bool rk_rd_ok(const struct rk_rd *r)
{
	return !r->bad;
}

#endif
