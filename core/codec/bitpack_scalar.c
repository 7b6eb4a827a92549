/* bitpack_scalar.c - the twin in plain C, for any processor: it defines the bytes, the others must agree with it.
 *
 * Format: doc/format.md "Packed blocks". Value 4*j + l is the j-th of lane l; word w of lane l is the le32 at byte 16*w + 4*l.
 */
#include "core/base/bytes.h"
#include "core/codec/bitpack_private.h"

RK_INLINE void pack_width(const uint32_t *restrict in, unsigned width, uint8_t *restrict out)
{
	uint64_t acc[4] = {0}; /* the bits of a lane that fill no word yet */
#define STEP(j)                                                                                                                             \
	for (unsigned l = 0; l < 4; l++) {                                                                                                  \
		acc[l] |= (uint64_t)(in[4 * (j) + l] & RK_MASK(width)) << ((j) * width % 32);                                               \
		if ((j) * width % 32 + width >= 32) {                                                                                       \
			rk_put32(out + 16 * ((j) * width / 32) + 4 * l, (uint32_t)acc[l]);                                                  \
			acc[l] >>= 32;                                                                                                      \
		}                                                                                                                           \
	}
	RK_STEPS(STEP)
#undef STEP
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
#define STEP(j)                                                                                                                             \
	for (unsigned l = 0; l < 4; l++)                                                                                                    \
		out[4 * (j) + l] = value(in, width, j, l);
	RK_STEPS(STEP)
#undef STEP
}

RK_INLINE void d1_width(uint32_t base, const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
#define STEP(j)                                                                                                                             \
	for (unsigned l = 0; l < 4; l++)                                                                                                    \
		out[4 * (j) + l] = base += value(in, width, j, l) + 1;
	RK_STEPS(STEP)
#undef STEP
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

const struct bitpack_ops bitpack_scalar = {
	.name = "scalar",
	.pack = RK_TABLE(pack_),
	.unpack = RK_TABLE(unpack_),
	.d1_unpack = RK_TABLE(d1_),
};
