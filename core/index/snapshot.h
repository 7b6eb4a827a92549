/* snapshot.h - what one query sees: a reference-counted set of leaves (segments and memtables) at one sequence number.
 *
 * Equal generations show equal content. Statistics (document count, df, total length) are over all leaves; documents that were deleted count until a
 * flush or merge drops them (as in Lucene). Threads: any number of readers of one snapshot.
 */
#ifndef CORE_INDEX_SNAPSHOT_H
#define CORE_INDEX_SNAPSHOT_H

#include "core/base/buf.h"
#include "core/index/memtable.h"
#include "core/segment/segment.h"

struct leaf {
	struct seg *seg;      /* one of the two */
	struct memtable *mem;
	uint32_t limit;	      /* documents visible: seg's ndocs, or the memtable's at the time */
	const struct deadset *dead;
	bool any_dead;
	const uint8_t *norms;
	uint64_t seg_id;      /* 0 for a memtable */
	struct mem_order *order; /* private: sorted ids of a memtable */
	struct segdead *segdead; /* private: owner of dead */
};

struct snapshot {
	_Atomic unsigned refs;
	uint64_t seq;	     /* last WAL entry applied: the generation */
	unsigned nleaves;
	uint32_t nindexed;   /* documents with words, over all leaves */
	uint64_t total_length;
	uint64_t nlive;	     /* live documents that docs/ shows */
	struct leaf leaves[]; /* oldest first; memtables last */
};

struct snapshot *snapshot_ref(struct snapshot *);
struct snapshot *snapshot_unref(struct snapshot *); /* returns NULL */

/* One leaf. */
static inline bool leaf_live(const struct leaf *l, docid_t doc, uint64_t seq)
{
	return !l->any_dead || !deadset_is_dead(l->dead, doc, seq);
}
int leaf_cursor(const struct leaf *, const void *term, size_t len, struct cursor *c); /* 1, 0, -errno */
int leaf_term_stats(const struct leaf *, const void *term, size_t len, uint32_t *ret_df, uint64_t *ret_cf);
int leaf_id(const struct leaf *, docid_t, struct rk_buf *ret); /* appends */
int leaf_id_cmp(const struct leaf *, docid_t, docid_t);	       /* byte order of the ids; < 0, 0, > 0 */
uint32_t leaf_length(const struct leaf *, docid_t);
int leaf_doc_stat(const struct leaf *, docid_t, struct seg_doc_stat *ret);
int leaf_doc(const struct leaf *, docid_t, struct rk_buf *buf, struct rk_doc *ret, struct rk_err *);

/* A live document by id; 1 found (staged ones only when `staged`), 0 not. */
int snapshot_find(const struct snapshot *, const void *id, size_t len, bool staged, const struct leaf **ret, docid_t *ret_doc);

/* Live ids in byte order across leaves, from the first >= `from`. For listings: seek past a prefix by seeking again. */
struct id_iter;
int id_iter_new(struct snapshot *, bool staged, struct id_iter **ret);
int id_iter_seek(struct id_iter *, const void *from, size_t len);
int id_iter_next(struct id_iter *, const char **ret, size_t *ret_len, const struct leaf **leaf, docid_t *doc); /* 1, 0, -errno */
void id_iter_free(struct id_iter *);

#endif
