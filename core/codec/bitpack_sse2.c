/* bitpack_sse2.c - the twin that every x86-64 can run: one register of four values a step.
 *
 * Same bytes and integers as bitpack_scalar.c; never a byte beyond 16 * width is read. Threads: pure.
 */
#include "core/codec/bitpack_private.h"

#ifdef __x86_64__
#include <immintrin.h>

#define LOAD(in, w) _mm_loadu_si128((const __m128i *)(const void *)((in) + 16 * (w)))
#define STORE(out, i, v) _mm_storeu_si128((__m128i *)(void *)((out) + (i)), v)

RK_INLINE RK_KERNEL __m128i sse2_value(const uint8_t *in, unsigned width, unsigned j)
{
	unsigned word = j * width / 32, shift = j * width % 32;
	if (width == 0)
		return _mm_setzero_si128();
	__m128i v = _mm_srli_epi32(LOAD(in, word), (int)shift);
	if (shift + width > 32)
		v = _mm_or_si128(v, _mm_slli_epi32(LOAD(in, word + 1), (int)(32 - shift)));
	if (shift + width != 32)
		v = _mm_and_si128(v, _mm_set1_epi32((int)RK_MASK(width)));
	return v;
}

RK_INLINE RK_KERNEL void sse2_pack_width(const uint32_t *restrict in, unsigned width, uint8_t *restrict out)
{
	__m128i acc = _mm_setzero_si128();
	__m128i mask = _mm_set1_epi32((int)RK_MASK(width));
	if (width == 0)
		return;
#define STEP(j)                                                                                                                             \
	{                                                                                                                                   \
		const unsigned shift = (j) * width % 32;                                                                                    \
		__m128i v = _mm_and_si128(LOAD((const uint8_t *)in, j), mask);                                                              \
		acc = shift ? _mm_or_si128(acc, _mm_slli_epi32(v, (int)shift)) : v;                                                         \
		if (shift + width >= 32) {                                                                                                  \
			STORE(out, 16 * ((j) * width / 32), acc);                                                                           \
			acc = shift + width > 32 ? _mm_srli_epi32(v, (int)(32 - shift)) : _mm_setzero_si128();                              \
		}                                                                                                                           \
	}
	RK_STEPS(STEP)
#undef STEP
}

RK_INLINE RK_KERNEL void sse2_unpack_width(const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
#define STEP(j) STORE(out, 4 * (j), sse2_value(in, width, j));
	RK_STEPS(STEP)
#undef STEP
}

/* The chain from step to step is one addition (run += the sum of the four); the sums within the register are made beside it. */
RK_INLINE RK_KERNEL void sse2_d1_width(uint32_t base, const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
	const __m128i ones = _mm_setr_epi32(1, 2, 3, 4);
	__m128i run = _mm_add_epi32(_mm_set1_epi32((int)base), ones);
#define STEP(j)                                                                                                                             \
	{                                                                                                                                   \
		__m128i v = sse2_value(in, width, j);                                                                                       \
		v = _mm_add_epi32(v, _mm_slli_si128(v, 4));                                                                                 \
		v = _mm_add_epi32(v, _mm_slli_si128(v, 8));                                                                                 \
		STORE(out, 4 * (j), _mm_add_epi32(run, v));                                                                                 \
		run = _mm_add_epi32(run, _mm_add_epi32(_mm_shuffle_epi32(v, 0xff), _mm_set1_epi32(4)));                                     \
	}
	RK_STEPS(STEP)
#undef STEP
}

#define KERNELS(w)                                                                                                                          \
	static RK_KERNEL void sse2_pack_##w(const uint32_t *in, uint8_t *out)                                                                         \
	{                                                                                                                                   \
		sse2_pack_width(in, w, out);                                                                                                \
	}                                                                                                                                   \
	static RK_KERNEL void sse2_unpack_##w(const uint8_t *in, uint32_t *out)                                                                       \
	{                                                                                                                                   \
		sse2_unpack_width(in, w, out);                                                                                              \
	}                                                                                                                                   \
	static RK_KERNEL void sse2_d1_##w(uint32_t base, const uint8_t *in, uint32_t *out)                                                            \
	{                                                                                                                                   \
		sse2_d1_width(base, in, w, out);                                                                                            \
	}
RK_WIDTHS(KERNELS)

bitpack_pack_fn *const bitpack_sse2_pack[33] = RK_TABLE(sse2_pack_);

const struct bitpack_ops bitpack_sse2 = {
	.name = "sse2",
	.pack = bitpack_sse2_pack,
	.unpack = RK_TABLE(sse2_unpack_),
	.d1_unpack = RK_TABLE(sse2_d1_),
};

#endif
