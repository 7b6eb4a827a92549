/* checksum.h - the one checksum of every format: XXH3 with 64 bits (libxxhash), seed 0. Detects what rots; it is no signature. */
#ifndef CORE_CODEC_CHECKSUM_H
#define CORE_CODEC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t rk_checksum(const void *p, size_t n);

#endif
