/* norm.c - a document's length as one byte: Lucene's SmallFloat.intToByte4, so that scores can be compared with Lucene's.
 *
 * Lengths up to 39 are exact, above that four significant bits. Pure functions, any thread. */
#include "core/segment/seg_write.h"

enum { FREE_VALUES = 24 }; /* 255 - small_float(INT32_MAX) */

static uint32_t small_float(uint32_t v)
{
	if (v < 8)
		return v;
	unsigned shift = 28 - (unsigned)__builtin_clz(v);
	return ((v >> shift) & 7) | (shift + 1) << 3;
}

uint8_t norm_encode(uint32_t length)
{
	if (length > INT32_MAX)
		length = INT32_MAX;
	return (uint8_t)(length < FREE_VALUES ? length : FREE_VALUES + small_float(length - FREE_VALUES));
}

uint32_t norm_decode(uint8_t norm)
{
	if (norm < FREE_VALUES)
		return norm;
	uint32_t v = norm - FREE_VALUES;
	return FREE_VALUES + (v < 16 ? v : (8 | (v & 7)) << ((v >> 3) - 1));
}
