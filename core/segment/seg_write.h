/* seg_write.h - writes one immutable segment: first all documents, then all terms in byte order, then commit.
 *
 * Format: doc/format.md "Segment". Files under segments/segment_<id, 16 hex>/: store, postings, positions, meta (dictionary, ids, lengths, table of
 * files with sizes and checksums, footer last). Nothing is visible before seg_write_commit returned 0: `meta` is written last and a folder without it is
 * no segment. Memory is bounded: dictionary and per-document tables only. Threads: one.
 */
#ifndef CORE_SEGMENT_SEG_WRITE_H
#define CORE_SEGMENT_SEG_WRITE_H

#include "core/dir/directory.h"
#include "core/segment/cursor.h"
#include "core/segment/doc.h"

struct seg_writer;
struct seg_write_params {
	uint64_t id;
	bool store_content; /* false: ids, titles, fields and lengths only (size experiments) */
	int zstd_level;	    /* 0: the default, 1; from 2 on a dictionary is trained, smaller and slower */
	uint64_t first_entry, last_entry; /* WAL entries it covers: kept in info */
	int64_t created_ns;
};

int seg_write_new(struct rk_dir *, const struct seg_write_params *, struct seg_writer **ret, struct rk_err *);
/* Documents get 0, 1, 2, ...; length = tokens indexed (0: not counted in the statistics). Ids must be unique in a segment. */
int seg_write_doc(struct seg_writer *, const struct rk_doc *, uint32_t length, struct rk_err *);
/* Terms rise in byte order; then its postings with docs rising; positions: tf numbers that rise. */
int seg_write_term(struct seg_writer *, const void *term, size_t len, struct rk_err *);
int seg_write_posting(struct seg_writer *, docid_t doc, uint32_t tf, const uint32_t *positions, struct rk_err *);
int seg_write_commit(struct seg_writer *, struct rk_err *); /* frees, also on error */
void seg_write_abort(struct seg_writer *);		    /* frees, removes what was written */

/* Lucene's SmallFloat: lengths 0..39 exact, then 4 significant bits; decode gives the smallest length of its class. Monotone. */
uint8_t norm_encode(uint32_t length);
uint32_t norm_decode(uint8_t norm);

#endif
