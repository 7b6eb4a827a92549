/* fst_get.c - opening, and the lookup of one key: one look at each node on its path, nothing allocated.
 *
 * Bounds: every address is below the footer by fst_open and F1, every node ends at byte 1 or above; loads of 8 (numbers) and 32 bytes (labels)
 * that begin within a node end within the footer at the latest.
 */
#include "core/fst/fst.h"

#include <errno.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/base/rd.h"
#include "core/fst/fst_private.h"

int fst_open(const void *bytes, size_t len, struct fst *ret)
{
	struct fst f = {.bytes = bytes, .len = len};
	struct fst_node root;
	if (len < FST_FOOTER + 2)
		return -EUCLEAN;
	struct rk_rd r = rk_rd_of(f.bytes + len - FST_FOOTER, FST_FOOTER);
	f.nkeys = rk_rd_u64(&r);
	uint64_t at = rk_rd_u64(&r);
	f.max_len = rk_rd_u32(&r);
	uint32_t zero = rk_rd_u32(&r), version = rk_rd_u32(&r), magic = rk_rd_u32(&r);
	if (magic != FST_MAGIC || version != FST_VERSION || zero || f.bytes[0] || f.max_len > FST_KEY_MAX)
		return -EUCLEAN;
	if (at != len - FST_FOOTER - 1 || fst_node_read(f.bytes, at, &root) < 0) /* the root is written last */
		return -EUCLEAN;
	if ((f.nkeys == 0) != (root.n == 0 && !root.final))
		return -EUCLEAN;
	f.root = at;
	*ret = f;
	return 0;
}

/* The number of the transition with this label among fewer than 32, or -1. */
static int find_label(const uint8_t *labels, unsigned n, uint8_t label)
{
#ifdef __SSE2__
	__m128i want = _mm_set1_epi8((char)label);
	__m128i low = _mm_cmpeq_epi8(want, _mm_loadu_si128((const __m128i *)(const void *)labels));
	__m128i high = _mm_cmpeq_epi8(want, _mm_loadu_si128((const __m128i *)(const void *)(labels + 16)));
	uint32_t hits = (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
	hits &= (UINT32_C(1) << n) - 1;
	return hits ? __builtin_ctz(hits) : -1;
#else
	for (unsigned i = 0; i < n; i++) {
		if (labels[i] == label)
			return (int)i;
	}
	return -1;
#endif
}

/* Follows one transition of a "many" node: 1 and the new address, 0 when there is none, -EUCLEAN. */
static inline int many_step(const uint8_t *bytes, uint8_t label, size_t *at, uint64_t *out)
{
	size_t p = *at;
	unsigned head = bytes[p], n = head & FST_LOW;
	if (p < 3) /* the smallest has three bytes */
		return -EUCLEAN;
	if (!n) {
		n = bytes[--p] + 1u;
		if (n <= FST_LOW)
			return n == 1 ? 0 : -EUCLEAN; /* none; or a number that the head could hold */
	}
	unsigned sizes = bytes[--p], tw = sizes >> 4, ow = sizes & 15;
	size_t nlabels = n < FST_BITMAP ? n : 32;
	size_t below = nlabels + (size_t)n * (tw + ow) + (head & FST_FINAL ? ow : 0);
	if (tw > 8 || ow > 8 || below >= p)
		return -EUCLEAN;
	const uint8_t *labels = bytes + p - nlabels;
	int i = n < FST_BITMAP ? find_label(labels, n, label) : fst_bit(labels, label) ? (int)fst_rank(labels, label) : -1;
	if (i < 0)
		return 0;
	if ((unsigned)i >= n) /* a bitmap with more labels than transitions */
		return -EUCLEAN;
	size_t start = p - below;
	uint64_t delta = fst_number(labels - (size_t)(n - (unsigned)i) * tw, tw);
	if (delta >= start) /* F1 */
		return -EUCLEAN;
	*out += fst_number(bytes + start + (size_t)i * ow, ow);
	*at = delta ? start - delta : 0;
	return 1;
}

static inline int one_step(const uint8_t *bytes, uint8_t label, size_t *at)
{
	size_t p = *at;
	unsigned head = bytes[p], code = head & FST_LOW;
	uint8_t have = code ? fst_common[code] : bytes[--p];
	if (p == 0)
		return -EUCLEAN;
	if (have != label)
		return 0;
	if (head & FST_NEXT) {
		*at = p - 1;
		return 1;
	}
	uint64_t delta = 0;
	uint8_t b;
	unsigned shift = 0;
	do {
		if (--p == 0 || shift > 56)
			return -EUCLEAN;
		b = bytes[p];
		delta |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	if (delta >= p)
		return -EUCLEAN;
	*at = delta ? p - delta : 0;
	return 1;
}

int fst_get(const struct fst *f, const void *key, size_t len, uint64_t *ret)
{
	const uint8_t *k = key, *bytes = f->bytes;
	size_t at = f->root;
	uint64_t out = 0;
	if (len > f->max_len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (at == 0)
			return 0;
		int rc = bytes[at] & FST_ONE ? one_step(bytes, k[i], &at) : many_step(bytes, k[i], &at, &out);
		if (rc <= 0)
			return rc;
	}
	if (at) {
		struct fst_node node;
		if (bytes[at] & FST_ONE || !(bytes[at] & FST_FINAL))
			return 0;
		if (fst_node_read(bytes, at, &node) < 0)
			return -EUCLEAN;
		out += node.final_out;
	}
	*ret = out;
	return 1;
}
