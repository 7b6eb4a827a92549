/* kernels.h - the inner loops over a block of postings: which can reach a score, what each gives, where a document stands.
 *
 * Each has a plain and an AVX2 form (chosen once at run time; RANKFS_SIMD=scalar in the environment forces the plain one) with the same results to the
 * last bit: every step is one that IEEE 754 rounds alike. Pure functions; documents must be below the length of `norms`. */
#ifndef CORE_QUERY_KERNELS_H
#define CORE_QUERY_KERNELS_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/query/rank.h"
#include "core/segment/cursor.h"

struct kernels {
	/* Numbers i in [from, to) with tfs[i] / K(norm) >= least into out, rising; returns how many. May give some that are slightly below. */
	uint32_t (*filter)(const struct ranking *, const struct cursor *, const uint8_t *norms, uint32_t from, uint32_t to, float least, uint8_t *out);
	/* rank_score of postings [from, to) by BM25. */
	void (*score)(const struct ranking *, double w, const struct cursor *, const uint8_t *norms, uint32_t from, uint32_t to, double *out);
};
const struct kernels *kernels_get(void);
extern const struct kernels kernels_plain;
const struct kernels *kernels_avx2(void); /* NULL: not on this machine */

/* The first index >= i with docs[index] >= d, in docs[0..n] with n <= RK_BLOCK and docs[n] DOC_END. Looks at up to 8 entries at a time: the array has
 * that many behind n. */
static inline uint32_t docs_find(const uint32_t *docs, uint32_t i, docid_t d)
{
#ifdef __SSE2__
	const __m128i bias = _mm_set1_epi32(INT32_MIN), want = _mm_xor_si128(_mm_set1_epi32((int)d), bias);
	for (;; i += 8) {
		__m128i a = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(docs + i)), bias);
		__m128i b = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(docs + i + 4)), bias);
		int below = _mm_movemask_epi8(_mm_packs_epi32(_mm_cmplt_epi32(a, want), _mm_cmplt_epi32(b, want)));
		if (below != 0xffff)
			return i + (uint32_t)__builtin_ctz(~(unsigned)below) / 2;
	}
#else
	while (docs[i] < d)
		i++;
	return i;
#endif
}

#endif
