/* bitpack.c - chooses the twin once, and what all twins share: widths, differences.
 *
 * Threads: the choice is idempotent; two that race store the same pointer.
 */
#include "core/codec/bitpack.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec/bitpack_private.h"

static _Atomic(const struct bitpack_ops *) chosen;

const struct bitpack_ops *bitpack_x86(const char *want)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2") && (!want || strcmp(want, "avx2") == 0))
		return &bitpack_avx2;
	if (!want || strcmp(want, "sse2") == 0)
		return &bitpack_sse2;
#endif
	(void)want;
	return NULL;
}

static __attribute__((noinline)) const struct bitpack_ops *choose(void)
{
	const char *want = getenv("RANKFS_SIMD");
	const struct bitpack_ops *o = NULL;
	if (want && strcmp(want, "scalar") == 0)
		o = &bitpack_scalar;
	if (!o && want)
		o = bitpack_x86(want);
	if (!o)
		o = bitpack_x86(NULL); /* not forced, or to what is not here */
	if (!o)
		o = &bitpack_scalar;
	atomic_store_explicit(&chosen, o, memory_order_relaxed);
	return o;
}

static inline const struct bitpack_ops *ops(void)
{
	const struct bitpack_ops *o = atomic_load_explicit(&chosen, memory_order_relaxed);
	return o ? o : choose();
}

static unsigned bits_of(uint32_t v)
{
	return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

unsigned bitpack_width(const uint32_t in[RK_BLOCK])
{
	uint32_t any = 0;
	for (unsigned i = 0; i < RK_BLOCK; i++)
		any |= in[i];
	return bits_of(any);
}

void bitpack_pack(const uint32_t in[RK_BLOCK], unsigned width, uint8_t *out)
{
	assert(width <= 32);
	ops()->pack[width](in, out);
}

void bitpack_unpack(const uint8_t *in, unsigned width, uint32_t out[RK_BLOCK])
{
	assert(width <= 32);
	ops()->unpack[width](in, out);
}

static void differences(uint32_t base, const uint32_t in[RK_BLOCK], uint32_t out[RK_BLOCK])
{
	out[0] = in[0] - base - 1;
	for (unsigned i = 1; i < RK_BLOCK; i++)
		out[i] = in[i] - in[i - 1] - 1;
}

unsigned bitpack_d1_width(uint32_t base, const uint32_t in[RK_BLOCK])
{
	uint32_t any = in[0] - base - 1;
	for (unsigned i = 1; i < RK_BLOCK; i++)
		any |= in[i] - in[i - 1] - 1;
	return bits_of(any);
}

void bitpack_d1_pack(uint32_t base, const uint32_t in[RK_BLOCK], unsigned width, uint8_t *out)
{
	uint32_t gaps[RK_BLOCK];
	assert(width <= 32);
	differences(base, in, gaps);
	ops()->pack[width](gaps, out);
}

void bitpack_d1_unpack(uint32_t base, const uint8_t *in, unsigned width, uint32_t out[RK_BLOCK])
{
	assert(width <= 32);
	ops()->d1_unpack[width](base, in, out);
}

const char *bitpack_impl(void)
{
	return ops()->name;
}
