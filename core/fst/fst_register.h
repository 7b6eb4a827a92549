/* fst_register.h - finds a written node equal to a new one: what makes the automaton minimal.
 *
 * A set-associative table of addresses, 8 to a bucket (one cache line), newest first. It grows while a bucket overflows, up to 2^21 addresses
 * (16 MiB); from there on the oldest of a bucket is forgotten, so that memory is bounded: beyond some hundred thousand nodes the result
 * may be a little larger than minimal, never wrong.
 */
#ifndef CORE_FST_FST_REGISTER_H
#define CORE_FST_FST_REGISTER_H

#include "core/fst/fst_private.h"

struct fst_register {
	uint64_t *slots; /* 26 bits of hash above 38 bits of address; 0: free */
	unsigned bits;	 /* 2^bits buckets */
};

int fst_register_init(struct fst_register *r);
void fst_register_done(struct fst_register *r);
uint64_t fst_register_memory(const struct fst_register *r);

uint64_t fst_register_hash(const struct fst_trans *t, unsigned n, bool final, uint64_t final_out);
/* The address of an equal node, or 0. */
size_t fst_register_find(struct fst_register *r, uint64_t hash, const uint8_t *bytes, const struct fst_trans *t, unsigned n, bool final,
			 uint64_t final_out);
void fst_register_put(struct fst_register *r, uint64_t hash, size_t address); /* forgets rather than fails */

#endif
