/* seg_format_private.h - the numbers of a segment's files, and the header that all of them begin with.
 *
 * Format: doc/format.md "Segment"; the tables there and the enums here say the same. Shared by writer, reader and checker. */
#ifndef CORE_SEGMENT_SEG_FORMAT_PRIVATE_H
#define CORE_SEGMENT_SEG_FORMAT_PRIVATE_H

#include <stdint.h>
#include <stdio.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"
#include "core/segment/cursor.h"

enum seg_kind { SEG_META = 1, SEG_STORE, SEG_POSTINGS, SEG_POSITIONS, SEG_TOMBSTONES };

enum {
	SEG_VERSION = 1,
	SEG_HEADER_BYTES = 32,
	SEG_FOOTER_BYTES = 32,
	SEG_ENTRY_BYTES = 32, /* of the table of sections */
	SEG_CHUNK_BITS = 14,
	SEG_CHUNK = 1 << SEG_CHUNK_BITS,
	SEG_INFO_BYTES = 104,
	SEG_STAT_BYTES = 16,
	SEG_BLOCK_ENTRY_BYTES = 16,
	SEG_TERM_GROUP = 16,
	SEG_TERM_ANCHOR_BYTES = 20,
	SEG_ID_GROUP = 16,
	SEG_STORE_BLOCK = 16 << 10,
	SEG_BLOOM_BITS_PER_ID = 10,
	SEG_BLOOM_BLOCK = 64, /* bytes */
	SEG_SKIP_INFO = 12,   /* of a block: data offset u32, four impact pairs */
	SEG_BLOCK_HEADER = 6, /* positions offset u32, index in its group u8, width of the documents u8 */
	SEG_TAIL_HEADER = 5,  /* the first two of these */
	SEG_NAME_BYTES = 96,
	SEG_STORES_CONTENT = 1, /* flag in info */
};
#define SEG_MAX_DOCS (UINT32_C(1) << 31)
#define SEG_MAX_TF (UINT32_C(1) << 31)
#define SEG_MAX_CONTENT (UINT64_C(1) << 31)
#define SEG_MAGIC UINT64_C(0x676573666b6e6172)	   /* "rankfseg" */
#define SEG_END_MAGIC UINT64_C(0x646e65666b6e6172) /* "rankfend" */

/* Sections of meta, in this order, all present. */
enum seg_section {
	SEC_INFO,
	SEC_FST,
	SEC_TERMS,
	SEC_TERM_GROUPS,
	SEC_IDS,
	SEC_ID_GROUPS,
	SEC_BY_RANK,
	SEC_RANK,
	SEC_BLOOM,
	SEC_NORMS,
	SEC_LENGTHS,
	SEC_STATS,
	SEC_BLOCKS,
	SEC_DICT,
	SEC_SUMS_STORE,
	SEC_SUMS_POSTINGS,
	SEC_SUMS_POSITIONS,
	SEC_COUNT
};

static inline void seg_header_put(uint8_t out[SEG_HEADER_BYTES], enum seg_kind kind, uint64_t id)
{
	rk_put64(out, SEG_MAGIC);	  /* 00-07 */
	rk_put32(out + 8, SEG_VERSION);	  /* 08-11 */
	rk_put32(out + 12, (uint32_t)kind); /* 12-15 */
	rk_put64(out + 16, id);		  /* 16-23 */
	rk_put64(out + 24, rk_checksum(out, 24));
}

static inline const char *seg_kind_name(enum seg_kind kind)
{
	static const char *const names[] = {"?", "meta", "store", "postings", "positions", "tombstones"};
	return names[kind <= SEG_TOMBSTONES ? kind : 0];
}

static inline void seg_file_name(uint64_t id, enum seg_kind kind, char name[SEG_NAME_BYTES])
{
	snprintf(name, SEG_NAME_BYTES, "segments/segment_%016llx/%s", (unsigned long long)id, seg_kind_name(kind));
}

/* The bits that an id sets: seven in one block of 64 bytes, which the upper half of the hash chooses. */
static inline uint32_t seg_bloom_block(uint64_t hash, uint32_t nblocks)
{
	return (uint32_t)(((hash >> 32) * nblocks) >> 32);
}

static inline uint64_t seg_bloom_probes(uint64_t hash)
{
	return hash * UINT64_C(0x9e3779b97f4a7c15); /* seven numbers of nine bits, the lowest first */
}

#endif
