/* memtable.h - the newest documents, inverted in memory: one writer appends, any number of readers search, without a lock on the read path.
 *
 * A reader passes `limit`, the number of documents its snapshot may see; what the writer appended since is invisible to it, statistics included.
 * Postings are chains of growing slices in an arena; the term table only grows, and is replaced by a larger one by one atomic store (the old stays
 * until the memtable goes). Per-document arrays are reserved once and never move. Reference-counted; frozen ones are never written again.
 */
#ifndef CORE_INDEX_MEMTABLE_H
#define CORE_INDEX_MEMTABLE_H

#include "core/index/deadset.h"
#include "core/segment/cursor.h"
#include "core/segment/doc.h"
#include "core/text/analyzer.h"

enum { MEMTABLE_MAX_DOCS = 1 << 22 };

struct memtable;
int memtable_new(struct memtable **ret);
struct memtable *memtable_ref(struct memtable *);
struct memtable *memtable_unref(struct memtable *); /* returns NULL */

/* Writer. Copies the document, analyses title then content (a gap of 100 positions between), appends, and publishes it as the last step. Staged
 * documents and those without words have length 0 and no postings. The analyzer of earlier adds must still live when another is used. All or nothing on -ENOMEM; -ENOSPC when MEMTABLE_MAX_DOCS is reached. */
int memtable_add(struct memtable *, struct analyzer *, const struct rk_doc *, docid_t *ret);
size_t memtable_bytes(const struct memtable *); /* memory held */

/* Readers. */
uint32_t memtable_ndocs(const struct memtable *); /* published so far: take it once as `limit` */
struct memtable_stats {
	uint32_t nindexed; /* documents with length > 0 */
	uint64_t total_length;
	uint64_t content_bytes;
};
void memtable_stats(const struct memtable *, uint32_t limit, struct memtable_stats *ret);
const struct rk_doc *memtable_doc(const struct memtable *, docid_t); /* valid as long as the memtable */
uint32_t memtable_length(const struct memtable *, docid_t);
const uint8_t *memtable_norms(const struct memtable *); /* array, never moves */
struct deadset *memtable_dead(const struct memtable *);
/* The newest document < limit with this id, dead or alive; 1 found, 0 not. */
int memtable_find(const struct memtable *, uint32_t limit, const void *id, size_t len, docid_t *ret);

int memtable_term_stats(const struct memtable *, uint32_t limit, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf); /* 1, 0 */
int memtable_cursor(const struct memtable *, uint32_t limit, const void *term, size_t len, struct cursor *c);			    /* 1, 0, -ENOMEM */
/* Every term with a document < limit, in byte order; freed by the caller with free(). For flush, prefix scans and dumps. */
struct memtable_term {
	const char *term;
	uint32_t len;
	uint32_t no; /* private: finds the term again without hashing */
};
int memtable_terms(const struct memtable *, uint32_t limit, const void *prefix, size_t prefix_len, struct memtable_term **ret, size_t *ret_n);
int memtable_term_cursor(const struct memtable *, uint32_t limit, const struct memtable_term *, struct cursor *c); /* as memtable_cursor */

#endif
