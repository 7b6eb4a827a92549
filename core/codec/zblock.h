/* zblock.h - a checksummed zstd block, optionally with a trained dictionary; stored as it is when that is smaller.
 *
 * Format: doc/format.md "zblock". Bounded: the size it claims is checked against `limit` before anything is allocated.
 * Threads: a codec is used by one at a time; a dictionary by any number.
 */
#ifndef CORE_CODEC_ZBLOCK_H
#define CORE_CODEC_ZBLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

struct zdict; /* a digested dictionary for both directions; NULL means none */
struct zcodec; /* reusable contexts */

int zdict_train(const void *samples, const size_t *sizes, unsigned n, size_t capacity, struct rk_buf *ret); /* -ENODATA: too few samples */
int zdict_new(const void *bytes, size_t len, int level, struct zdict **ret);
void zdict_free(struct zdict *);

int zcodec_new(int level, struct zcodec **ret);
void zcodec_free(struct zcodec *);

/* Appends one block holding p[0..n) to out. */
int zblock_put(struct zcodec *, const struct zdict *, const void *p, size_t n, struct rk_buf *out);
/* Decodes the block that fills in[0..len) exactly, appending its content to out. -EUCLEAN when checksum, sizes or content are wrong or the
 * content would be larger than limit. */
int zblock_get(struct zcodec *, const struct zdict *, const uint8_t *in, size_t len, size_t limit, struct rk_buf *out);

#endif
