/* segment_private.h - what an open segment holds: mapped files, sections of meta, and the state of the chunks that were touched.
 *
 * Everything but `live` is written at open only. Owner: the segment; threads: any number of readers. */
#ifndef CORE_SEGMENT_SEGMENT_PRIVATE_H
#define CORE_SEGMENT_SEGMENT_PRIVATE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/rd.h"
#include "core/codec/zblock.h"
#include "core/fst/fst.h"
#include "core/segment/seg_format_private.h"
#include "core/segment/segment.h"

enum chunk_state { CHUNK_UNKNOWN, CHUNK_GOOD, CHUNK_BAD };
enum { SEG_SLOTS = 8, SEG_SLOT_BYTES = 64 << 10 };

/* A file whose chunks are verified when first touched. */
struct seg_file {
	enum seg_kind kind;
	struct rk_map map;
	uint64_t len; /* as meta says; the map has as many bytes */
	const uint8_t *sums;
	_Atomic uint8_t *state; /* enum chunk_state, one per chunk */
};

struct section {
	const uint8_t *p;
	uint64_t len;
};

/* A codec and the block it decoded last: neighbours are read without decoding again. */
struct store_slot {
	struct zcodec *codec;
	uint32_t block; /* in raw; UINT32_MAX: none */
	struct rk_buf raw;
};
void store_slot_free(struct store_slot *);

/* What readers change. */
struct seg_live {
	_Atomic unsigned refs;
	_Atomic bool remove;
	_Atomic uint64_t damage; /* 0, or kind << 56 | offset + 1 of the first damage found */
	_Atomic(struct store_slot *) slots[SEG_SLOTS]; /* idle ones */
	_Atomic uint32_t held[SEG_SLOTS];	       /* the block of each, a hint, plus one */
	_Atomic unsigned turn;
};

struct seg {
	struct rk_dir *dir;
	struct seg_live *live;
	struct seg_info info;
	uint32_t features, nblocks;
	struct rk_map meta;
	struct section sec[SEC_COUNT];
	struct seg_file store, postings, positions;
	struct fst fst;
	struct zdict *dict;
	float weight[256]; /* impacts_weights */
};

/* Remembers the first damage; returns -EUCLEAN. */
int seg_damaged_at(const struct seg *, enum seg_kind, uint64_t off);
int seg_verify_chunk(const struct seg *, const struct seg_file *, uint64_t chunk);

/* The bytes [off, off + len) of a file are there and what was written; NULL when not (then it is -EUCLEAN). */
static inline const uint8_t *seg_touch(const struct seg *s, const struct seg_file *f, uint64_t off, uint64_t len)
{
	if (off > f->len || len > f->len - off) {
		seg_damaged_at(s, f->kind, off);
		return NULL;
	}
	uint64_t last = (off + (len ? len : 1) - 1) >> SEG_CHUNK_BITS;
	for (uint64_t i = off >> SEG_CHUNK_BITS; len && i <= last; i++)
		if (atomic_load_explicit(&f->state[i], memory_order_relaxed) != CHUNK_GOOD && seg_verify_chunk(s, f, i) < 0)
			return NULL;
	return f->map.bytes + off;
}

/* One entry of the table of terms. */
struct term_entry {
	uint32_t df;
	uint64_t cf;
	uint64_t postings, postings_len;
	uint64_t positions, positions_len;
	docid_t doc;	   /* df 1 */
	uint32_t position; /* df 1, tf 1: positions_len is 0 */
};
struct term_walk { /* reads entries in order */
	struct rk_rd rd;
	uint64_t ordinal; /* of the next one */
	uint64_t postings, positions;
};
int term_walk_seek(const struct seg *, uint64_t ordinal, struct term_walk *ret);
int term_walk_next(const struct seg *, struct term_walk *, struct term_entry *ret);
int seg_term_entry(const struct seg *, const void *term, size_t len, struct term_entry *ret); /* 1, 0, -EUCLEAN */

/* A block of store decodes and holds exactly the records of its documents. */
int seg_check_block(const struct seg *, struct zcodec *, uint32_t block, struct rk_buf *buf);

int seg_cursor_of(const struct seg *, const struct term_entry *, struct cursor *c);

/* LEB128 below 2^64; most are one byte. */
static inline uint64_t seg_varint(struct rk_rd *r)
{
	if (r->p < r->end && *r->p < 0x80)
		return *r->p++;
	return rk_rd_varint(r);
}

#endif
