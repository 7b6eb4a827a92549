/* pfor_private.h - 128 integers packed with the width that fits most of them, the few larger ones patched (Zukowski et al. 2006, "Super-scalar
 * RAM-CPU cache compression").
 *
 * A group: width u8 (0..32), patches u8 (number << 2 | size code), the packed low bits, the patched indexes (u8, rising), their high bits (1, 2 or 4
 * bytes each by the code, never 0). Its size follows from its first two bytes. Pure functions, any thread. */
#ifndef CORE_SEGMENT_PFOR_PRIVATE_H
#define CORE_SEGMENT_PFOR_PRIVATE_H

#include "core/codec/bitpack.h"

enum { PFOR_MAX_PATCHES = 16, PFOR_MAX_BYTES = 2 + 16 * 32 + PFOR_MAX_PATCHES * 5 };

size_t pfor_put(const uint32_t in[RK_BLOCK], uint8_t out[PFOR_MAX_BYTES]); /* the bytes written */
int pfor_bytes(const uint8_t *in, size_t left);				   /* of the group at in, at most left; -EUCLEAN */
int pfor_get(const uint8_t *in, size_t left, uint32_t out[RK_BLOCK]);	   /* bytes read, or -EUCLEAN */

#endif
