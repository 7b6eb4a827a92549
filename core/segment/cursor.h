/* cursor.h - walks one term's postings in blocks of up to 128 documents, with bounds to skip what cannot win.
 *
 * One interface over segments (bit-packed blocks with skip data) and memtables (chains that grow while they are read), so that scoring code is
 * written once. A cursor stands on a block: `first..last` bound its documents without decoding; load() decodes it. Nothing here allocates after
 * cursor opening. Errors are sticky in rc and end the list. Threads: one per cursor.
 */
#ifndef CORE_SEGMENT_CURSOR_H
#define CORE_SEGMENT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/bitpack.h"

typedef uint32_t docid_t; /* a document's number within its segment or memtable */
#define DOC_END UINT32_MAX

/* (largest tf, smallest length byte) pairs that no other document of the block beats in both: any score that grows with tf and falls with length
 * is at most the best over the pairs. tf 255 stands for 255 and more. */
enum { IMPACT_MAX = 4 };
struct impact {
	uint8_t tf, norm;
};

struct cursor;
struct cursor_ops {
	/* Moves, without decoding, to the first block from here on whose last document is >= target (never backwards); false at the end. */
	bool (*seek)(struct cursor *, docid_t target);
	/* Decodes docs[0..n) and, when freqs, tfs[0..n) of the current block. */
	bool (*load)(struct cursor *, bool freqs);
	/* Positions of the i-th document of the loaded block (rising); calls must have i rising within a block. Count returned = its tf. */
	int (*positions)(struct cursor *, uint32_t i, const uint32_t **ret);
	void (*done)(struct cursor *);
};

struct cursor {
	const struct cursor_ops *ops;
	uint32_t df;	   /* documents in the list, dead ones too */
	uint64_t cf;	   /* occurrences */
	docid_t last;	   /* last document of the current block; DOC_END after the end */
	uint32_t n;	   /* documents in the current block, valid after load */
	bool loaded, freqs_loaded;
	uint8_t nimpacts;	  /* of the current block */
	uint8_t nlist_impacts;	  /* of the whole list */
	struct impact impacts[IMPACT_MAX], list_impacts[IMPACT_MAX];
	int rc; /* 0, or the -errno that ended the list */
	uint32_t docs[RK_BLOCK + 8], tfs[RK_BLOCK + 8]; /* docs[n] is DOC_END */
	/* private to the implementation */
	const void *src, *p, *end, *skip;
	uint64_t a, b, c;
	uint32_t block, nblocks, d, e, f;
	void *pos; /* position state, made on first use */
};

static inline bool cursor_seek(struct cursor *c, docid_t target)
{
	return (c->last != DOC_END && c->last >= target && c->nblocks) ? true : c->ops->seek(c, target);
}

static inline bool cursor_load(struct cursor *c, bool freqs)
{
	return (c->loaded && (c->freqs_loaded || !freqs)) ? true : c->ops->load(c, freqs);
}

#endif
