/* memtable_private.h - how a memtable lies in memory; for the memtable's own files.
 *
 *   term table (hash -> number) -> struct mt_term (64 bytes) -> two streams of varints in chained slices:
 *     docs:      (document - previous) * 2 + (tf == 1), then tf when it is not 1
 *     positions: position - previous within the document, tf of them a document
 *   slice: data bytes, then the offset (4 bytes) of the next slice; sizes follow SLICE_DATA by level.
 *
 * M1: what a reader with `limit` follows was written before `ndocs` (or a term's df, or a table's slot) was stored with release.
 * M2: a term's last_doc is stored before its cf and df: totals that are read before a last_doc < limit are those of the limit.
 * M3: nothing moves; tables that were replaced stay until the memtable goes. */
#ifndef CORE_INDEX_MEMTABLE_PRIVATE_H
#define CORE_INDEX_MEMTABLE_PRIVATE_H

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/index/memtable.h"

enum {
	MT_CHUNK_BITS = 20,
	MT_CHUNK = 1 << MT_CHUNK_BITS,
	MT_CHUNKS = 4095, /* offsets have 32 bits and never wrap: 4 GiB of postings */
	MT_LEVELS = 10,
	MT_SLICE_MAX = 4096 + 4,
	MT_TERM_BITS = 14,
	MT_TERM_BLOCK = 1 << MT_TERM_BITS,
	MT_TERM_BLOCKS = 4096,
	MT_TITLE_GAP = 100, /* positions between title and content: no phrase crosses */
};

/* Hash -> number + 1 with the hash's upper half as a tag: linear probing, at most half full. */
struct mt_table {
	struct mt_table *older;
	uint32_t mask, used;
	_Atomic uint64_t slots[];
};

struct mt_stream {
	uint32_t head, tail; /* offsets; 0: nothing yet */
	uint16_t left;	     /* bytes left in the tail's slice */
	uint8_t level, pad;
};

struct mt_term {
	uint32_t hash, name; /* name: offset of a length byte and the term */
	_Atomic uint32_t df, last_doc;
	_Atomic uint64_t cf;
	_Atomic uint64_t impacts; /* up to four (tf, norm) pairs, a pair with tf 0 is none */
	struct mt_stream docs, positions;
	uint32_t cur_tf, cur_pos; /* the document that is being added */
};

struct mt_doc {
	struct rk_doc doc;
	uint32_t length, older; /* older: number + 1 of the document before with this id */
	uint32_t nindexed;	/* sums up to and with this document */
	uint64_t total_length, content_bytes;
};

struct mt_occurrence {
	uint32_t term, delta; /* delta: at first the position */
};

struct memtable {
	_Atomic unsigned refs;
	_Atomic uint32_t ndocs;
	_Atomic size_t bytes;
	_Atomic(struct mt_table *) terms, ids;
	struct mt_doc **docs; /* docs, then norms: reserved once */
	uint8_t *norms;
	struct deadset dead;
	struct rk_arena store; /* documents */
	struct mt_term *blocks[MT_TERM_BLOCKS];
	uint8_t *chunks[MT_CHUNKS];
	/* the writer's */
	uint32_t nterms, nchunks, next; /* next: offset of free room in the chunks */
	struct mt_occurrence *occ;
	size_t nocc, occ_cap;
	uint32_t *touched;
	size_t ntouched, touched_cap;
	uint32_t *slot_terms; /* the analyzer's cache slot -> number + 1 */
	const struct analyzer *slots_of;
	uint32_t slots_generation;
};

static const uint16_t MT_SLICE_DATA[MT_LEVELS] = {8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

static inline uint64_t mt_hash(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

static inline uint8_t *mt_at(const struct memtable *m, uint32_t off)
{
	return m->chunks[off >> MT_CHUNK_BITS] + (off & (MT_CHUNK - 1));
}

static inline struct mt_term *mt_term_at(const struct memtable *m, uint32_t no)
{
	return &m->blocks[no >> MT_TERM_BITS][no & (MT_TERM_BLOCK - 1)];
}

static inline bool mt_term_is(const struct memtable *m, const struct mt_term *t, const void *p, size_t len)
{
	const uint8_t *name = mt_at(m, t->name);
	return name[0] == len && memcmp(name + 1, p, len) == 0;
}

static inline uint32_t mt_level_after(uint32_t level)
{
	return level + 1 < MT_LEVELS ? level + 1 : MT_LEVELS - 1;
}

int mt_table_new(struct memtable *, uint32_t nslots, struct mt_table **ret);
int mt_table_room(struct memtable *, _Atomic(struct mt_table *) *); /* one more entry will fit */
void mt_table_put(struct mt_table *, uint64_t hash, uint32_t no);   /* a new entry */
struct mt_term *mt_find_term(const struct memtable *, const void *term, size_t len);
_Atomic uint64_t *mt_find_id(const struct memtable *, uint64_t hash, const void *id, size_t len);

#endif
