/* bitpack_private.h - what the twins of bitpack share: the table of one implementation, and the macros that write out widths and steps.
 *
 * A kernel is one always-inlined function over a constant width, its steps written out by RK_STEPS where SIMD needs constant shifts;
 * RK_WIDTHS makes one function of it per width, RK_TABLE the table of them. So 33 widths cost no text.
 */
#ifndef CORE_CODEC_BITPACK_PRIVATE_H
#define CORE_CODEC_BITPACK_PRIVATE_H

#include "core/codec/bitpack.h"

typedef void bitpack_pack_fn(const uint32_t *in, uint8_t *out);
typedef void bitpack_unpack_fn(const uint8_t *in, uint32_t *out);
typedef void bitpack_d1_fn(uint32_t base, const uint8_t *in, uint32_t *out);

struct bitpack_ops {
	const char *name;
	bitpack_pack_fn *const *pack; /* [33]: twins may share it */
	bitpack_unpack_fn *unpack[33];
	bitpack_d1_fn *d1_unpack[33];
};

extern const struct bitpack_ops bitpack_scalar;
#ifdef __x86_64__
extern bitpack_pack_fn *const bitpack_sse2_pack[33];
extern const struct bitpack_ops bitpack_sse2, bitpack_avx2;
#endif
const struct bitpack_ops *bitpack_x86(const char *want); /* the best that this processor has, or the one called `want`; NULL: none */

/* Sanitizers would check each of some ten thousand written-out loads, and compile for minutes; t_bitpack has guard pages instead. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
#define RK_KERNEL __attribute__((no_sanitize("address", "undefined", "thread")))
#else
#define RK_KERNEL
#endif

#define RK_INLINE static inline __attribute__((always_inline))
#define RK_MASK(w) ((w) >= 32 ? UINT32_MAX : (UINT32_C(1) << ((w) & 31)) - 1)

#define RK_STEPS4(X, j) X(j) X((j) + 1) X((j) + 2) X((j) + 3)
#define RK_STEPS8(X, j) RK_STEPS4(X, j) RK_STEPS4(X, (j) + 4)
#define RK_STEPS16(X) RK_STEPS8(X, 0) RK_STEPS8(X, 8)
#define RK_STEPS(X) RK_STEPS16(X) RK_STEPS8(X, 16) RK_STEPS8(X, 24)

#define RK_WIDTHS(X)                                                                                                                        \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22)     \
	X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32)

#define RK_TABLE(p)                                                                                                                         \
	{p##0,	p##1,  p##2,  p##3,  p##4,  p##5,  p##6,  p##7,	 p##8,	p##9,  p##10, p##11, p##12, p##13, p##14, p##15, p##16,             \
	 p##17, p##18, p##19, p##20, p##21, p##22, p##23, p##24, p##25, p##26, p##27, p##28, p##29, p##30, p##31, p##32}

#endif
