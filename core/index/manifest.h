/* manifest.h - which segments are live and where the log begins: the one object that is switched, "manifest".
 *
 * Format: doc/format.md "Manifest". Owner: the writer; readers read it whole. Threads: a struct manifest by one at a time.
 */
#ifndef CORE_INDEX_MANIFEST_H
#define CORE_INDEX_MANIFEST_H

#include "core/dir/directory.h"
#include "core/index/index.h"

enum { MANIFEST_VERSION = 1, MANIFEST_MAX_SEGMENTS = 1 << 16 };

struct manifest_segment {
	uint64_t id;
	uint64_t tombstones; /* version of its bitmap, 0: none dead */
	uint32_t ndocs, ndead;
};

struct manifest {
	uint64_t generation;   /* of the manifest itself: rises by one at every switch */
	uint64_t wal_from;     /* first entry id that is not in a segment */
	uint64_t seq;	       /* last entry id that is */
	uint64_t next_segment; /* id of the next segment to be written */
	uint64_t nlive;	       /* live, unstaged documents in the segments */
	struct index_params params;
	uint32_t nsegments;
	struct manifest_segment *segments; /* owned */
};

int manifest_encode(const struct manifest *, struct rk_buf *out);
int manifest_decode(const void *bytes, size_t len, struct manifest *ret, struct rk_err *);
int manifest_load(struct rk_dir *, struct manifest *ret, struct rk_err *);	     /* -ENOENT: no index here */
int manifest_store(struct rk_dir *, const struct manifest *, struct rk_err *);	     /* generation g replaces g - 1 */
void manifest_done(struct manifest *);

#endif
