/* fst.h - the term dictionary: a minimal acyclic transducer from byte strings to u64, searched in the mapped bytes.
 *
 * Built in one pass from keys in strictly rising byte order (Daciuk et al. 2000, "Incremental construction of minimal acyclic finite-state
 * automata"; outputs pushed towards the root as in Mohri 1997). Keys are 0..65535 bytes. Rising outputs (ordinals) cost least.
 * Format: doc/format.md "FST". Readers trust nothing: any bytes give an answer or -EUCLEAN, in time bounded by the key's length (lookup) or the
 * number of bytes of the FST (scans), never a fault. Threads: readers any number.
 */
#ifndef CORE_FST_FST_H
#define CORE_FST_FST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct fst_builder;
int fst_builder_new(struct fst_builder **ret);
int fst_builder_add(struct fst_builder *, const void *key, size_t len, uint64_t value); /* -EINVAL when not rising */
int fst_builder_finish(struct fst_builder *, struct rk_buf *out); /* appends the FST's bytes */
uint64_t fst_builder_memory(const struct fst_builder *);	  /* bytes held now */
void fst_builder_free(struct fst_builder *);

/* A view; valid as long as the bytes. */
struct fst {
	const uint8_t *bytes;
	size_t len;
	uint64_t nkeys;
	size_t root;	  /* offset of the root node */
	uint32_t max_len; /* no key is longer */
};
int fst_open(const void *bytes, size_t len, struct fst *ret);
int fst_get(const struct fst *, const void *key, size_t len, uint64_t *ret); /* 1 found, 0 not, -EUCLEAN */

/* Keys in order from the first key >= `from` (from_len 0: the first of all). Iterate: while ((rc = fst_iter_next(&it)) == 1) use it->key.
 * Zero-initialised before its first seek or match; any number of seeks and matches may follow, which reuse its memory; then fst_iter_done. A whole
 * walk meets at most fst.nkeys keys (-EUCLEAN behind them), so a reader of untrusted bytes compares nkeys with a count of its own at open. */
struct fst_iter {
	const struct fst *fst;
	struct rk_buf key;   /* the current key */
	uint64_t value;
	void *stack;	     /* private */
	size_t depth, cap;
	int state;
};
int fst_iter_seek(struct fst_iter *, const struct fst *, const void *from, size_t from_len);
int fst_iter_next(struct fst_iter *); /* 1 a key, 0 the end, -EUCLEAN or -ENOMEM */
void fst_iter_done(struct fst_iter *);

/* Automaton intersection, for prefix, wildcard and Levenshtein: the iterator visits only keys whose every prefix `step` keeps alive. States are
 * small integers of the automaton's own; -1 is dead. The table is copied, `arg` must live as long as the walk. */
struct fst_automaton {
	int (*start)(void *arg);
	int (*step)(void *arg, int state, uint8_t byte);
	bool (*accepts)(void *arg, int state);
	void *arg;
};
int fst_iter_match(struct fst_iter *, const struct fst *, const struct fst_automaton *); /* then fst_iter_next as above */

#endif
