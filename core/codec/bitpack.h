/* bitpack.h - blocks of 128 unsigned 32-bit integers packed with one width, four lanes interleaved (value i lives in lane i % 4), so that one
 * 128-bit register unpacks four values at a time. Layout after Lemire and Boytsov, "Decoding billions of integers per second through
 * vectorization" (2015). A block of width b takes exactly 16 * b bytes (0 <= b <= 32); width 0 takes none and means all zero.
 *
 * Pure functions: no I/O, no allocation, any thread. The scalar and the SIMD twin give identical bytes and integers; the choice is made once
 * at run time (bitpack_impl() names it; RANKFS_SIMD=scalar|sse2|avx2 in the environment forces one that is there).
 */
#ifndef CORE_CODEC_BITPACK_H
#define CORE_CODEC_BITPACK_H

#include <stddef.h>
#include <stdint.h>

enum { RK_BLOCK = 128 };

static inline size_t bitpack_bytes(unsigned width)
{
	return 16u * width;
}

unsigned bitpack_width(const uint32_t in[RK_BLOCK]); /* the fewest bits that hold the largest value */
void bitpack_pack(const uint32_t in[RK_BLOCK], unsigned width, uint8_t *out);
void bitpack_unpack(const uint8_t *in, unsigned width, uint32_t out[RK_BLOCK]);

/* Sorted document numbers: what is stored is in[i] - in[i-1] - 1, with in[-1] = base (base is UINT32_MAX, "minus one", for a first block). The
 * prefix sum is fused into the unpacking. Values must rise strictly; sums wrap modulo 2^32 on hostile input and never fault. */
unsigned bitpack_d1_width(uint32_t base, const uint32_t in[RK_BLOCK]);
void bitpack_d1_pack(uint32_t base, const uint32_t in[RK_BLOCK], unsigned width, uint8_t *out);
void bitpack_d1_unpack(uint32_t base, const uint8_t *in, unsigned width, uint32_t out[RK_BLOCK]);

const char *bitpack_impl(void); /* "scalar", "avx2", ... */

#endif
