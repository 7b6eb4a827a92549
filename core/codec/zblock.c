/* zblock.c - one block: a header of 17 bytes and a zstd frame or the bytes themselves.
 *
 * Format: doc/format.md "zblock". Z1: the checksum covers everything behind it. Z2: a block says which dictionary it needs by the low half of
 * that dictionary's checksum, so a wrong dictionary is refused and never gives other text. Z3: a frame is smaller than what it holds.
 * Owner: contexts belong to the codec, one thread at a time. A dictionary's compressing half is made at the first put, by whoever wins.
 */
#include "core/codec/zblock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/base/bytes.h"
#include "core/base/rd.h"
#include "core/codec/checksum.h"

enum {
	AT_SUM = 0,   /* 00-07: checksum of all bytes from 08 on */
	AT_RAW = 8,   /* 08-11: bytes of the content */
	AT_DICT = 12, /* 12-15: tag of the dictionary, 0 without one */
	AT_FLAGS = 16,
	HEADER = 17,
};

enum { F_FRAME = 1, F_DICT = 2 }; /* F_DICT only with F_FRAME; all other bits are 0 */

struct zdict {
	uint8_t *bytes;
	size_t len;
	int level;
	uint32_t tag;
	ZSTD_DDict *d;
	_Atomic(ZSTD_CDict *) c; /* NULL until the first put: readers never pay for it */
};

struct zcodec {
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
	int level;
};

static int zstd_errno(size_t code, int otherwise)
{
	return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? -ENOMEM : otherwise;
}

int zdict_train(const void *samples, const size_t *sizes, unsigned n, size_t capacity, struct rk_buf *ret)
{
	if (n == 0)
		return -ENODATA;
	if (rk_buf_reserve(ret, capacity) < 0)
		return -ENOMEM;
	size_t got = ZDICT_trainFromBuffer(ret->data + ret->len, capacity, samples, sizes, n);
	if (ZDICT_isError(got))
		return zstd_errno(got, -ENODATA);
	ret->len += got;
	return 0;
}

int zdict_new(const void *bytes, size_t len, int level, struct zdict **ret)
{
	struct zdict *z = calloc(1, sizeof(*z));
	if (!z)
		return -ENOMEM;
	z->level = level;
	z->len = len;
	z->tag = (uint32_t)rk_checksum(bytes, len);
	z->bytes = malloc(len + 1);
	if (z->bytes && len)
		memcpy(z->bytes, bytes, len);
	z->d = z->bytes ? ZSTD_createDDict(bytes, len) : NULL;
	if (!z->d) {
		/* zstd does not say why. A dictionary that carries the magic but no header that can be read is bad bytes. */
		bool magic = len >= 8 && rk_get32(bytes) == ZSTD_MAGIC_DICTIONARY;
		bool rotten = z->bytes && magic && ZDICT_isError(ZDICT_getDictHeaderSize(bytes, len));
		zdict_free(z);
		return rotten ? -EUCLEAN : -ENOMEM;
	}
	*ret = z;
	return 0;
}

void zdict_free(struct zdict *z)
{
	if (!z)
		return;
	ZSTD_freeDDict(z->d);
	ZSTD_freeCDict(atomic_load(&z->c));
	free(z->bytes);
	free(z);
}

static ZSTD_CDict *compressing_half(const struct zdict *dict)
{
	struct zdict *z = (struct zdict *)dict; /* const to the caller: what it means does not change */
	ZSTD_CDict *have = atomic_load_explicit(&z->c, memory_order_acquire);
	if (have)
		return have;
	ZSTD_CDict *mine = ZSTD_createCDict(z->bytes, z->len, z->level);
	if (mine && !atomic_compare_exchange_strong(&z->c, &have, mine)) {
		ZSTD_freeCDict(mine);
		return have;
	}
	return mine;
}

int zcodec_new(int level, struct zcodec **ret)
{
	struct zcodec *z = calloc(1, sizeof(*z));
	if (!z)
		return -ENOMEM;
	z->level = level; /* contexts come with their first use: a reader needs no compressor */
	*ret = z;
	return 0;
}

void zcodec_free(struct zcodec *z)
{
	if (!z)
		return;
	ZSTD_freeCCtx(z->c);
	ZSTD_freeDCtx(z->d);
	free(z);
}

static int compressor(struct zcodec *z)
{
	if (z->c)
		return 0;
	z->c = ZSTD_createCCtx();
	if (!z->c)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_compressionLevel, z->level);
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_dictIDFlag, 0); /* the header has our own tag */
	return 0;
}

/* The frame's length, 0 when it is not smaller than the content, or an error. */
static int64_t make_frame(struct zcodec *z, const struct zdict *dict, const void *p, size_t n, uint8_t *out)
{
	if (compressor(z) < 0)
		return -ENOMEM;
	ZSTD_CDict *half = dict ? compressing_half(dict) : NULL;
	if (dict && !half)
		return -ENOMEM;
	size_t len = ZSTD_CCtx_refCDict(z->c, half);
	if (!ZSTD_isError(len))
		len = ZSTD_compress2(z->c, out, n - 1, p, n);
	/* A compression that failed (no smaller) leaves its session open, and an open session keeps its dictionary: close it first. */
	ZSTD_CCtx_reset(z->c, ZSTD_reset_session_only);
	ZSTD_CCtx_refCDict(z->c, NULL); /* the dictionary may die before the codec */
	if (!ZSTD_isError(len))
		return (int64_t)len;
	return ZSTD_getErrorCode(len) == ZSTD_error_dstSize_tooSmall ? 0 : zstd_errno(len, -EINVAL);
}

int zblock_put(struct zcodec *z, const struct zdict *dict, const void *p, size_t n, struct rk_buf *out)
{
	if (n > UINT32_MAX)
		return -EINVAL;
	if (rk_buf_reserve(out, HEADER + n) < 0)
		return -ENOMEM;
	uint8_t *b = out->data + out->len;
	int64_t len = n > 1 ? make_frame(z, dict, p, n, b + HEADER) : 0;
	if (len < 0)
		return (int)len;
	bool framed = len > 0;
	if (!framed) {
		len = (int64_t)n;
		if (n)
			memcpy(b + HEADER, p, n);
	}
	rk_put32(b + AT_RAW, (uint32_t)n);
	rk_put32(b + AT_DICT, framed && dict ? dict->tag : 0);
	b[AT_FLAGS] = framed ? (uint8_t)(F_FRAME | (dict ? F_DICT : 0)) : 0;
	rk_put64(b + AT_SUM, rk_checksum(b + AT_RAW, HEADER - AT_RAW + (size_t)len));
	out->len += HEADER + (size_t)len;
	return 0;
}

struct header {
	uint64_t sum;
	uint32_t raw, tag;
	uint8_t flags;
};

/* Everything that can be known without the content: sizes, flags, checksum, dictionary. */
static int read_header(const uint8_t *in, size_t len, const struct zdict *dict, size_t limit, struct header *ret)
{
	struct rk_rd r = rk_rd_of(in, len);
	struct header h;
	h.sum = rk_rd_u64(&r);
	h.raw = rk_rd_u32(&r);
	h.tag = rk_rd_u32(&r);
	h.flags = rk_rd_u8(&r);
	if (!rk_rd_ok(&r) || h.raw > limit || h.sum != rk_checksum(in + AT_RAW, len - AT_RAW)) /* Z1 */
		return -EUCLEAN;
	size_t payload = rk_rd_left(&r);
	switch (h.flags) {
	case 0:
		if (h.tag || payload != h.raw)
			return -EUCLEAN;
		break;
	case F_FRAME:
		if (h.tag || payload >= h.raw) /* Z3 */
			return -EUCLEAN;
		break;
	case F_FRAME | F_DICT:
		if (!dict || h.tag != dict->tag || payload >= h.raw) /* Z2, Z3 */
			return -EUCLEAN;
		break;
	default:
		return -EUCLEAN;
	}
	*ret = h;
	return 0;
}

int zblock_get(struct zcodec *z, const struct zdict *dict, const uint8_t *in, size_t len, size_t limit, struct rk_buf *out)
{
	struct header h;
	int rc = read_header(in, len, dict, limit, &h);
	if (rc < 0)
		return rc;
	if (!(h.flags & F_FRAME))
		return rk_buf_put(out, in + HEADER, h.raw);
	if (!z->d && !(z->d = ZSTD_createDCtx()))
		return -ENOMEM;
	if (rk_buf_reserve(out, h.raw) < 0)
		return -ENOMEM;
	const uint8_t *frame = in + HEADER;
	size_t got = h.flags & F_DICT ? ZSTD_decompress_usingDDict(z->d, out->data + out->len, h.raw, frame, len - HEADER, dict->d)
				      : ZSTD_decompressDCtx(z->d, out->data + out->len, h.raw, frame, len - HEADER);
	if (ZSTD_isError(got))
		return zstd_errno(got, -EUCLEAN);
	if (got != h.raw)
		return -EUCLEAN;
	out->len += h.raw;
	return 0;
}
