/* kernels.c - plain and AVX2 forms of the inner loops; see kernels.h. */
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

/* The tables are looked up by plain loads: gather instructions are slow where processors work around "Downfall". */
AVX2 static inline __m256 ninv8(const float *ninvf, const uint8_t *norms, const uint32_t *d)
{
	return _mm256_setr_ps(ninvf[norms[d[0]]], ninvf[norms[d[1]]], ninvf[norms[d[2]]], ninvf[norms[d[3]]], ninvf[norms[d[4]]], ninvf[norms[d[5]]],
			      ninvf[norms[d[6]]], ninvf[norms[d[7]]]);
}

AVX2 static inline __m256d ninv4(const double *ninv, const uint8_t *norms, const uint32_t *d)
{
	return _mm256_setr_pd(ninv[norms[d[0]]], ninv[norms[d[1]]], ninv[norms[d[2]]], ninv[norms[d[3]]]);
}

AVX2 static uint32_t filter_avx2(const struct ranking *r, const struct cursor *c, const uint8_t *norms, uint32_t from, uint32_t to, float least,
				 uint8_t *out)
{
	uint32_t n = 0, i = from;
	for (; i + 8 <= to; i += 8) {
		__m256 ninv = ninv8(r->ninvf, norms, c->docs + i);
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
	__m256d wv = _mm256_set1_pd(w), magic = _mm256_set1_pd(r->magic);
	uint32_t i = from;
	for (; i + 4 <= to; i += 4) {
		__m128i tf = _mm_loadu_si128((const __m128i *)(const void *)(c->tfs + i));
		_mm256_storeu_pd(out + (i - from), score4(wv, magic, tf, ninv4(r->ninv, norms, c->docs + i)));
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
