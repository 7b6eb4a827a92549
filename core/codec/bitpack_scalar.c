/* bitpack_scalar.c - the twin in plain C, for any processor: it defines the bytes, the others must agree with it.
 *
 * Format: doc/format.md "Packed blocks". Value 4*j + l is the j-th of lane l; word w of lane l is the le32 at byte 16*w + 4*l.
 */
#include "core/base/bytes.h"
#include "core/codec/bitpack_private.h"

RK_INLINE void pack_width(const uint32_t *restrict in, unsigned width, uint8_t *restrict out)
{
	for (unsigned l = 0; l < 4; l++) {
		uint64_t acc = 0; /* the bits of the lane that fill no word yet */
		uint8_t *word = out + 4 * l;
		for (unsigned j = 0; j < 32; j++) {
			unsigned shift = j * width % 32;
			acc |= (uint64_t)(in[4 * j + l] & RK_MASK(width)) << shift;
			if (shift + width >= 32) {
				rk_put32(word, (uint32_t)acc);
				acc >>= 32;
				word += 16;
			}
		}
	}
}

RK_INLINE uint32_t value(const uint8_t *in, unsigned width, unsigned j, unsigned l)
{
	unsigned word = j * width / 32, shift = j * width % 32;
	if (width == 0)
		return 0;
	uint64_t bits = rk_get32(in + 16 * word + 4 * l);
	if (shift + width > 32)
		bits |= (uint64_t)rk_get32(in + 16 * word + 16 + 4 * l) << 32;
	return (uint32_t)(bits >> shift) & RK_MASK(width);
}

RK_INLINE void unpack_width(const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
	for (unsigned i = 0; i < RK_BLOCK; i++)
		out[i] = value(in, width, i / 4, i % 4);
}

RK_INLINE void d1_width(uint32_t base, const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
	for (unsigned i = 0; i < RK_BLOCK; i++)
		out[i] = base += value(in, width, i / 4, i % 4) + 1;
}

#define KERNELS(w)                                                                                                                          \
	static void pack_##w(const uint32_t *in, uint8_t *out)                                                                              \
	{                                                                                                                                   \
		pack_width(in, w, out);                                                                                                     \
	}                                                                                                                                   \
	static void unpack_##w(const uint8_t *in, uint32_t *out)                                                                            \
	{                                                                                                                                   \
		unpack_width(in, w, out);                                                                                                   \
	}                                                                                                                                   \
	static void d1_##w(uint32_t base, const uint8_t *in, uint32_t *out)                                                                 \
	{                                                                                                                                   \
		d1_width(base, in, w, out);                                                                                                 \
	}
RK_WIDTHS(KERNELS)

static bitpack_pack_fn *const packs[33] = RK_TABLE(pack_);

const struct bitpack_ops bitpack_scalar = {
	.name = "scalar",
	.pack = packs,
	.unpack = RK_TABLE(unpack_),
	.d1_unpack = RK_TABLE(d1_),
};
