/* seg_write_private.h - the parts of a segment writer: a checksummed output file, the document store, the posting lists, the ids.
 *
 * Each part owns its buffers and is driven by seg_write.c; all-zero is a part that was never begun and may be `done`. Threads: one. */
#ifndef CORE_SEGMENT_SEG_WRITE_PRIVATE_H
#define CORE_SEGMENT_SEG_WRITE_PRIVATE_H

#include "core/codec/zblock.h"
#include "core/fst/fst.h"
#include "core/segment/impacts_private.h"
#include "core/segment/seg_format_private.h"
#include "core/segment/seg_write.h"

/* One file: written in order through a buffer of some chunks, each chunk summed as it leaves. */
struct seg_out {
	struct rk_dir *dir;
	struct rk_put *put;
	char name[SEG_NAME_BYTES];
	bool committed;	    /* or perhaps: the commit was tried */
	uint64_t len;	    /* bytes given so far */
	uint8_t *buf;
	size_t n;	    /* bytes in buf */
	struct rk_buf sums; /* of every finished chunk */
};

int seg_out_begin(struct seg_out *, struct rk_dir *, uint64_t id, enum seg_kind, struct rk_err *);
int seg_out_put(struct seg_out *, const void *p, size_t n, struct rk_err *);
int seg_out_commit(struct seg_out *, struct rk_err *); /* the rest, durable under its name */
void seg_out_done(struct seg_out *, bool keep);	       /* frees; unless keep nothing of the file stays */

/* Documents to compressed blocks. */
struct store_writer {
	struct zcodec *codec;
	struct zdict *zdict;
	bool direct;		/* the dictionary is decided: records go to blocks as they come */
	uint32_t first, next;	/* document numbers: the open block's first, and the next record's */
	struct rk_buf samples, sizes; /* records kept until the dictionary is trained */
	struct rk_buf record, block, packed;
	struct rk_buf table, dict; /* sections */
	int level;
};

int store_writer_init(struct store_writer *, int level);
int store_writer_doc(struct store_writer *, struct seg_out *, const struct rk_doc *, bool content, struct rk_err *);
int store_writer_finish(struct store_writer *, struct seg_out *, struct rk_err *);
void store_writer_done(struct store_writer *);

/* Terms and their lists. */
struct list_writer {
	struct fst_builder *fst;
	struct seg_out *postings, *positions;
	const uint8_t *norms;
	uint32_t ndocs;
	float weight[256];
	struct rk_buf terms, groups; /* sections */
	uint64_t nterms, npostings, npositions;
	bool open;		     /* a term has begun */
	/* the term that is being written */
	uint32_t df;
	docid_t before;		     /* the last document, UINT32_MAX before the first */
	docid_t base;		     /* the last document of the block before */
	uint64_t cf, positions_from; /* where its positions begin in their file */
	uint32_t n, npos;	     /* postings, positions buffered */
	uint32_t block_pos_off;	     /* of the buffered block's first position: group (bytes) and index */
	uint8_t block_pos_index;
	uint32_t docs[RK_BLOCK], tfs[RK_BLOCK], pos[RK_BLOCK];
	struct rk_buf data, last, skip;
	struct impacts block, list;
};

int list_writer_init(struct list_writer *, struct seg_out *postings, struct seg_out *positions);
/* Documents are complete: lists need their lengths. */
void list_writer_begin(struct list_writer *, const uint8_t *norms, uint32_t ndocs, uint32_t nindexed, uint64_t total_length);
int list_writer_term(struct list_writer *, const void *term, size_t len, struct rk_err *);
int list_writer_posting(struct list_writer *, docid_t, uint32_t tf, const uint32_t *positions, struct rk_err *);
int list_writer_end(struct list_writer *, struct rk_err *); /* of the term, if one is open */
void list_writer_done(struct list_writer *);

/* Ids as they came, then sorted into four sections. */
struct id_writer {
	struct rk_buf bytes, ends; /* ends: u64 per id, native */
	struct rk_buf sorted, groups, by_rank, rank, bloom;
	uint32_t n;
};

int id_writer_add(struct id_writer *, const void *id, size_t len);
int id_writer_finish(struct id_writer *, struct rk_err *); /* -EINVAL: an id came twice */
void id_writer_done(struct id_writer *);

#endif
