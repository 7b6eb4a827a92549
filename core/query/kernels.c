/* kernels.c - plain and AVX2 forms of the inner loops; see kernels.h.
 *
 * The AVX2 forms fetch four or eight length bytes at once as the aligned words they lie in: such a word is in a page that holds at least one byte of
 * the array, so nothing outside is touched that could fault. */
#include "core/query/kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static uint32_t filter_plain(const struct ranking *r, const struct cursor *c, const uint8_t *norms, uint32_t from, uint32_t to, float least, uint8_t *out)
{
	uint32_t n = 0;
	for (uint32_t i = from; i < to; i++) {
		out[n] = (uint8_t)i;
		n += (float)c->tfs[i] * r->ninvf[norms[c->docs[i]]] >= least;
	}
	return n;
}

static void score_plain(const struct ranking *r, double w, const struct cursor *c, const uint8_t *norms, uint32_t from, uint32_t to, double *out)
{
	for (uint32_t i = from; i < to; i++)
		out[i - from] = rank_round(r, w - w / (1.0 + (double)c->tfs[i] * r->ninv[norms[c->docs[i]]]));
}

const struct kernels kernels_plain = {filter_plain, score_plain};

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* norms[docs[0..8)] as eight integers. base: norms rounded down to four bytes, skew: what was rounded. */
AVX2 __attribute__((no_sanitize("address", "thread"))) static inline __m256i norms8(const int *base, __m256i skew, const uint32_t *docs)
{
	__m256i at = _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(const void *)docs), skew);
	__m256i words = _mm256_i32gather_epi32(base, _mm256_srli_epi32(at, 2), 4);
	__m256i shift = _mm256_slli_epi32(_mm256_and_si256(at, _mm256_set1_epi32(3)), 3);
	return _mm256_and_si256(_mm256_srlv_epi32(words, shift), _mm256_set1_epi32(255));
}

static const int *aligned_base(const uint8_t *norms, int *ret_skew)
{
	*ret_skew = (int)((uintptr_t)norms & 3);
	return (const int *)(const void *)(norms - *ret_skew);
}

AVX2 static uint32_t filter_avx2(const struct ranking *r, const struct cursor *c, const uint8_t *norms, uint32_t from, uint32_t to, float least,
				 uint8_t *out)
{
	int skew;
	const int *base = aligned_base(norms, &skew);
	uint32_t n = 0, i = from;
	for (; i + 8 <= to; i += 8) {
		__m256 ninv = _mm256_i32gather_ps(r->ninvf, norms8(base, _mm256_set1_epi32(skew), c->docs + i), 4);
		__m256 tf = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(const void *)(c->tfs + i)));
		unsigned bits = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_mul_ps(tf, ninv), _mm256_set1_ps(least), _CMP_GE_OQ));
		for (; bits; bits &= bits - 1)
			out[n++] = (uint8_t)(i + (uint32_t)__builtin_ctz(bits));
	}
	return n + filter_plain(r, c, norms, i, to, least, out + n);
}

AVX2 static inline __m256d score4(__m256d w, __m256d magic, __m128i tf, __m256d ninv)
{
	__m256d x = _mm256_add_pd(_mm256_set1_pd(1.0), _mm256_mul_pd(_mm256_cvtepi32_pd(tf), ninv));
	__m256d s = _mm256_sub_pd(w, _mm256_div_pd(w, x));
	return _mm256_sub_pd(_mm256_add_pd(s, magic), magic);
}

AVX2 static void score_avx2(const struct ranking *r, double w, const struct cursor *c, const uint8_t *norms, uint32_t from, uint32_t to, double *out)
{
	int skew;
	const int *base = aligned_base(norms, &skew);
	__m256d wv = _mm256_set1_pd(w), magic = _mm256_set1_pd(r->magic);
	uint32_t i = from;
	for (; i + 8 <= to; i += 8) {
		__m256i norm = norms8(base, _mm256_set1_epi32(skew), c->docs + i);
		__m256i tf = _mm256_loadu_si256((const __m256i *)(const void *)(c->tfs + i));
		__m256d lo = _mm256_i32gather_pd(r->ninv, _mm256_castsi256_si128(norm), 8);
		__m256d hi = _mm256_i32gather_pd(r->ninv, _mm256_extracti128_si256(norm, 1), 8);
		_mm256_storeu_pd(out + (i - from), score4(wv, magic, _mm256_castsi256_si128(tf), lo));
		_mm256_storeu_pd(out + (i - from) + 4, score4(wv, magic, _mm256_extracti128_si256(tf, 1), hi));
	}
	score_plain(r, w, c, norms, i, to, out + (i - from));
}

const struct kernels *kernels_avx2(void)
{
	static const struct kernels avx2 = {filter_avx2, score_avx2};
	return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}
#else
const struct kernels *kernels_avx2(void)
{
	return NULL;
}
#endif

const struct kernels *kernels_get(void)
{
	static _Atomic(const struct kernels *) chosen;
	const struct kernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
	if (k)
		return k;
	const char *force = getenv("RANKFS_SIMD");
	k = force && strcmp(force, "scalar") == 0 ? NULL : kernels_avx2();
	k = k ? k : &kernels_plain;
	atomic_store_explicit(&chosen, k, memory_order_release);
	return k;
}
