/* segment.h - an open, verified, mapped, reference-counted segment.
 *
 * Opening verifies header, footer, table of files, and every section of `meta` (dictionary, ids, lengths); postings, positions and stored documents are
 * verified in chunks when first touched (-EUCLEAN, sticky: `damaged` says where). Every access is bounded even if checksums were forged.
 * Threads: any number of readers.
 */
#ifndef CORE_SEGMENT_SEGMENT_H
#define CORE_SEGMENT_SEGMENT_H

#include "core/dir/directory.h"
#include "core/segment/cursor.h"
#include "core/segment/doc.h"

struct seg;
struct seg_info {
	uint64_t id;
	uint32_t ndocs;		/* all documents, staged ones too */
	uint32_t nindexed;	/* those with length > 0 */
	uint64_t total_length;	/* sum of lengths: for the average */
	uint64_t nterms, npostings, npositions;
	uint64_t bytes;		/* of all its files */
	uint64_t text_bytes;	/* of stored content, before compression */
	uint64_t first_entry, last_entry;
	int64_t created_ns;
	uint32_t version;
};

int seg_open(struct rk_dir *, uint64_t id, struct seg **ret, struct rk_err *);
struct seg *seg_ref(struct seg *);
struct seg *seg_unref(struct seg *); /* NULL is fine; returns NULL */
const struct seg_info *seg_get_info(const struct seg *);
bool seg_damaged(const struct seg *, struct rk_err *where); /* some access met bytes that are not what was written; where: the first */
/* When the last reference goes, remove the segment's files. For segments that the manifest no longer names. */
void seg_remove_when_unused(struct seg *);

/* Per-document arrays of ndocs entries, verified at open. rank: position in the byte order of the ids: equal scores compare ranks, not strings. */
const uint8_t *seg_norms(const struct seg *);
uint32_t seg_length(const struct seg *, docid_t);
uint32_t seg_rank(const struct seg *, docid_t);
docid_t seg_by_rank(const struct seg *, uint32_t rank);

int seg_find(const struct seg *, const void *id, size_t len, docid_t *ret); /* 1 found, 0 not; a filter answers most misses */
int seg_id(const struct seg *, docid_t, struct rk_buf *ret);		     /* appends the id */
uint32_t seg_lower_bound(const struct seg *, const void *id, size_t len);   /* the first rank whose id is >= */

/* A stored document: bytes live in buf (cleared first) until it changes. The mtime, size, flags, title come without decoding content from seg_doc_stat. */
struct seg_doc_stat {
	uint64_t size;
	int64_t mtime_ns;
	uint32_t flags, mode, length;
};
int seg_doc_stat(const struct seg *, docid_t, struct seg_doc_stat *ret);
int seg_doc(const struct seg *, docid_t, struct rk_buf *buf, struct rk_doc *ret, struct rk_err *);

/* Terms. seg_cursor: 1 and a cursor standing on its first block, 0 no such term, -EUCLEAN. c->ops->done(c) when finished. */
int seg_term_stats(const struct seg *, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf); /* 1, 0, -EUCLEAN */
int seg_cursor(const struct seg *, const void *term, size_t len, struct cursor *c);
struct seg_terms; /* iterator in byte order */
int seg_terms_new(const struct seg *, const void *from, size_t len, struct seg_terms **ret);
int seg_terms_next(struct seg_terms *, const char **ret, size_t *ret_len, uint32_t *ret_df, uint64_t *ret_cf); /* 1, 0 end, -EUCLEAN */
void seg_terms_free(struct seg_terms *);

/* Whole-file check: every invariant of doc/format.md by its number, every checksum, every posting decoded when deep. Calls report for each finding.
 * Returns the number of findings or -errno. */
int seg_check(struct rk_dir *, uint64_t id, bool deep, void (*report)(void *arg, const char *invariant, const char *words), void *arg, struct rk_err *);

#endif
