/* bitpack_avx2.c - the twin for processors with AVX2: step j is the eight values 8*j .. 8*j+7, two registers of SSE2 beside each other.
 *
 * Same bytes and integers as bitpack_scalar.c; never a byte beyond 16 * width is read. Blocks are written by bitpack_sse2.c: writing is rare.
 * Threads: pure. Compiled with a target attribute, called only where the processor has it.
 */
#include "core/codec/bitpack_private.h"

#ifdef __x86_64__
#include <immintrin.h>

#define LOAD(in, w) _mm_loadu_si128((const __m128i *)(const void *)((in) + 16 * (w)))
#define AVX2 __attribute__((target("avx2")))

/* Words a and b (b is a or a + 1, both below width) as the two halves. */
RK_INLINE RK_KERNEL AVX2 __m256i avx2_words(const uint8_t *in, unsigned a, unsigned b)
{
	if (a == b)
		return _mm256_broadcastsi128_si256(LOAD(in, a));
	return _mm256_loadu_si256((const __m256i *)(const void *)(in + 16 * a));
}

RK_INLINE RK_KERNEL AVX2 __m256i avx2_value(const uint8_t *in, unsigned width, unsigned j)
{
	unsigned at0 = 2 * j * width, at1 = at0 + width;
	unsigned w0 = at0 / 32, s0 = at0 % 32, w1 = at1 / 32, s1 = at1 % 32;
	if (width == 0)
		return _mm256_setzero_si256();
	__m256i v = avx2_words(in, w0, w1);
	if (s0 == s1)
		v = _mm256_srli_epi32(v, (int)s0);
	else
		v = _mm256_srlv_epi32(v, _mm256_setr_epi32((int)s0, (int)s0, (int)s0, (int)s0, (int)s1, (int)s1, (int)s1, (int)s1));
	if (s0 + width > 32 || s1 + width > 32) {
		/* A half that does not cross takes any word: what it gets lies above its width or is shifted out. */
		unsigned n0 = s0 + width > 32 ? w0 + 1 : w1, n1 = s1 + width > 32 ? w1 + 1 : w1;
		__m256i next = avx2_words(in, n0, n1);
		int up0 = (int)(32 - s0), up1 = (int)(32 - s1);
		v = _mm256_or_si256(v, _mm256_sllv_epi32(next, _mm256_setr_epi32(up0, up0, up0, up0, up1, up1, up1, up1)));
	}
	if (width < 32)
		v = _mm256_and_si256(v, _mm256_set1_epi32((int)RK_MASK(width)));
	return v;
}

#define STORE256(out, i, v) _mm256_storeu_si256((__m256i *)(void *)((out) + (i)), v)

RK_INLINE RK_KERNEL AVX2 void avx2_unpack_width(const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
#define STEP(j) STORE256(out, 8 * (j), avx2_value(in, width, j));
	RK_STEPS16(STEP)
#undef STEP
}

RK_INLINE RK_KERNEL AVX2 void avx2_d1_width(uint32_t base, const uint8_t *restrict in, unsigned width, uint32_t *restrict out)
{
	const __m256i ones = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8), last = _mm256_set1_epi32(7);
	__m256i run = _mm256_add_epi32(_mm256_set1_epi32((int)base), ones);
#define STEP(j)                                                                                                                             \
	{                                                                                                                                   \
		__m256i v = avx2_value(in, width, j);                                                                                       \
		v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));                                                                           \
		v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));                                                                           \
		__m256i low = _mm256_permute2x128_si256(v, v, 0x08); /* the low half's sums, moved up; zeros below */                       \
		v = _mm256_add_epi32(v, _mm256_shuffle_epi32(low, 0xff));                                                                   \
		STORE256(out, 8 * (j), _mm256_add_epi32(run, v));                                                                           \
		run = _mm256_add_epi32(run, _mm256_add_epi32(_mm256_permutevar8x32_epi32(v, last), _mm256_set1_epi32(8)));                  \
	}
	RK_STEPS16(STEP)
#undef STEP
}

#define KERNELS(w)                                                                                                                          \
	static RK_KERNEL AVX2 void avx2_unpack_##w(const uint8_t *in, uint32_t *out)                                                                  \
	{                                                                                                                                   \
		avx2_unpack_width(in, w, out);                                                                                              \
	}                                                                                                                                   \
	static RK_KERNEL AVX2 void avx2_d1_##w(uint32_t base, const uint8_t *in, uint32_t *out)                                                       \
	{                                                                                                                                   \
		avx2_d1_width(base, in, w, out);                                                                                            \
	}
RK_WIDTHS(KERNELS)

const struct bitpack_ops bitpack_avx2 = {
	.name = "avx2",
	.pack = bitpack_sse2_pack,
	.unpack = RK_TABLE(avx2_unpack_),
	.d1_unpack = RK_TABLE(avx2_d1_),
};

#endif
