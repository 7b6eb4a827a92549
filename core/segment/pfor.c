/* pfor.c - patched groups of 128 integers; see pfor_private.h. */
#include "core/segment/pfor_private.h"

#include <errno.h>

#include "core/base/bytes.h"

static const uint8_t patch_bytes[] = {1, 2, 4};

static unsigned bits_of(uint32_t v)
{
	return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

static unsigned code_for(unsigned high_bits)
{
	return high_bits <= 8 ? 0 : high_bits <= 16 ? 1 : 2;
}

/* The cheapest width: packed bytes and patches together. The widest is always allowed. */
static unsigned choose(const uint32_t in[RK_BLOCK], unsigned *ret_max, unsigned *ret_patches)
{
	uint8_t count[33] = {0};
	uint32_t all = 0;
	for (unsigned i = 0; i < RK_BLOCK; i++)
		all |= in[i];
	unsigned max = bits_of(all), best = max, best_patches = 0, patches = 0;
	*ret_max = max;
	*ret_patches = 0;
	if (max == 0)
		return 0;
	for (unsigned i = 0; i < RK_BLOCK; i++)
		count[bits_of(in[i])]++;
	size_t cost = 16u * max;
	for (unsigned w = max; w-- > 0;) {
		patches += count[w + 1];
		if (patches > PFOR_MAX_PATCHES)
			break;
		size_t c = 16u * w + patches * (1u + patch_bytes[code_for(max - w)]);
		if (c < cost) {
			cost = c;
			best = w;
			best_patches = patches;
		}
	}
	*ret_patches = best_patches;
	return best;
}

size_t pfor_put(const uint32_t in[RK_BLOCK], uint8_t out[PFOR_MAX_BYTES])
{
	unsigned max, patches, w = choose(in, &max, &patches);
	unsigned code = patches ? code_for(max - w) : 0;
	out[0] = (uint8_t)w;
	out[1] = (uint8_t)(patches << 2 | code);
	uint8_t *at = out + 2 + bitpack_bytes(w);
	if (!patches) {
		bitpack_pack(in, w, out + 2);
		return (size_t)(at - out);
	}
	uint32_t low[RK_BLOCK], mask = (uint32_t)((UINT64_C(1) << w) - 1);
	uint8_t *high = at + patches;
	for (unsigned i = 0; i < RK_BLOCK; i++) {
		low[i] = in[i] & mask;
		uint32_t h = in[i] >> w;
		if (!h)
			continue;
		uint8_t t[4];
		rk_put32(t, h);
		*at++ = (uint8_t)i;
		memcpy(high, t, patch_bytes[code]);
		high += patch_bytes[code];
	}
	bitpack_pack(low, w, out + 2);
	return (size_t)(high - out);
}

int pfor_bytes(const uint8_t *in, size_t left)
{
	if (left < 2 || in[0] > 32 || (in[1] & 3) > 2 || (in[1] && (in[1] >> 2 == 0 || in[0] == 32)) || in[1] >> 2 > PFOR_MAX_PATCHES)
		return -EUCLEAN;
	size_t n = 2 + bitpack_bytes(in[0]) + (size_t)(in[1] >> 2) * (1u + patch_bytes[in[1] & 3]);
	return n <= left ? (int)n : -EUCLEAN;
}

int pfor_get(const uint8_t *in, size_t left, uint32_t out[RK_BLOCK])
{
	int n = pfor_bytes(in, left);
	if (n < 0)
		return n;
	unsigned w = in[0], patches = in[1] >> 2, size = patch_bytes[in[1] & 3];
	bitpack_unpack(in + 2, w, out);
	const uint8_t *index = in + 2 + bitpack_bytes(w), *high = index + patches;
	int before = -1;
	for (unsigned i = 0; i < patches; i++, high += size) {
		uint8_t t[4] = {0};
		memcpy(t, high, size);
		uint32_t h = rk_get32(t);
		if (index[i] >= RK_BLOCK || index[i] <= before || h == 0 || h > UINT32_MAX >> w)
			return -EUCLEAN;
		before = index[i];
		out[index[i]] |= h << w;
	}
	return n;
}
