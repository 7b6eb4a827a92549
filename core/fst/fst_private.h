/* fst_private.h - the node: how it lies in the bytes, read with bounds by one function for builder, lookup and iterator.
 *
 * Format: doc/format.md "FST". A node is named by the address of its last byte (the head) and read downwards. F1: a target lies below the node's
 * first byte, so no path is longer than the bytes and none comes back. F2: only the root may have neither transitions nor a key.
 * Address 0 is the terminal node, a key's end without transitions; byte 0 of the FST is 0 and belongs to no node.
 */
#ifndef CORE_FST_FST_PRIVATE_H
#define CORE_FST_FST_PRIVATE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/bytes.h"

enum {
	FST_ONE = 0x80,	   /* head: one transition, no output, no key ends here */
	FST_NEXT = 0x40,   /* with FST_ONE: the target is the node that ends right below */
	FST_FINAL = 0x40,  /* without FST_ONE: a key ends here */
	FST_LOW = 0x3f,	   /* with FST_ONE the code of the label, else the number of transitions; 0: in a byte of its own */
	FST_BITMAP = 32,   /* from so many transitions on labels are a bitmap */
	FST_FOOTER = 32,
	FST_KEY_MAX = 65535,
	FST_VERSION = 1,
	FST_SLACK = 40, /* bytes behind a node that may be loaded (and are then masked): the footer, in a builder spare room */
};

#define FST_MAGIC UINT32_C(0x54534652) /* "RFST" */

struct fst_trans {
	uint64_t out, target;
	uint8_t label;
};

struct fst_node {
	const uint8_t *labels; /* n bytes, rising, or 32 bytes of bitmap */
	const uint8_t *targets, *outs;
	uint64_t final_out;
	size_t start;	   /* address of the first byte */
	size_t one_target; /* when single */
	unsigned n;
	uint8_t target_width, out_width;
	bool final, single;
};

extern const uint8_t fst_common[64]; /* labels by code; code 0 stands for none of them */

/* The address of the node written, 0 when out of memory. */
size_t fst_node_write(struct rk_buf *b, const struct fst_trans *t, unsigned n, bool final, uint64_t final_out);
bool fst_node_equals(const uint8_t *bytes, size_t at, const struct fst_trans *t, unsigned n, bool final, uint64_t final_out);
/* -EUCLEAN when it is none. Needs FST_SLACK - 8 bytes behind `at`. */
int fst_node_read(const uint8_t *bytes, size_t at, struct fst_node *ret);

/* A number of 0..8 bytes; 8 bytes are loaded. */
static inline uint64_t fst_number(const uint8_t *p, unsigned width)
{
	return width ? rk_get64(p) & (UINT64_MAX >> (64 - 8 * width)) : 0;
}

static inline uint64_t fst_node_out(const struct fst_node *node, unsigned i)
{
	return fst_number(node->outs + (size_t)i * node->out_width, node->out_width);
}

/* The i-th target, or -1 when it does not lie below the node (F1). */
static inline int64_t fst_node_target(const struct fst_node *node, unsigned i)
{
	if (node->single)
		return (int64_t)node->one_target;
	uint64_t delta = fst_number(node->targets + (size_t)i * node->target_width, node->target_width);
	if (delta >= node->start)
		return -1;
	return delta ? (int64_t)(node->start - delta) : 0;
}

/* How many bits of the bitmap lie below `label`: its transition's number. */
static inline unsigned fst_rank(const uint8_t *bitmap, unsigned label)
{
	unsigned n = 0;
	for (unsigned w = 0; w < label >> 6; w++)
		n += (unsigned)__builtin_popcountll(rk_get64(bitmap + 8 * w));
	if (label & 63)
		n += (unsigned)__builtin_popcountll(rk_get64(bitmap + 8 * (label >> 6)) << (64 - (label & 63)));
	return n;
}

static inline bool fst_bit(const uint8_t *bitmap, unsigned label)
{
	return bitmap[label >> 3] >> (label & 7) & 1;
}

#endif
