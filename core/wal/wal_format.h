/* wal_format.h - the bytes of the log: file header and record header, encoded and decoded; nothing here does I/O.
 *
 * Format: doc/format.md "WAL". Threads: pure functions.
 */
#ifndef CORE_WAL_WAL_FORMAT_H
#define CORE_WAL_WAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WAL_VERSION = 1,
	WAL_HEAD_BYTES = 64,   /* in front of a file */
	WAL_RECORD_BYTES = 56, /* in front of a payload */
	WAL_ALIGN = 8,	       /* a payload is filled up with zeros to this */
	WAL_NAME_BYTES = 32,   /* "wal/wal_<16 hex digits>.log" and its NUL */
};

struct wal_head {
	uint64_t log_id, first, file_bytes;
	int64_t created_ns;
};

struct wal_rec {
	uint64_t entry, durable_seq, log_id, sum;
	int64_t time_ns;
	uint32_t len;
	uint8_t type;
};

/* Tests only: believe every byte. The simulator's checker must then find phantoms. */
extern bool wal_format_trusting;

static inline uint64_t wal_padded(uint64_t len)
{
	return (len + WAL_ALIGN - 1) & ~(uint64_t)(WAL_ALIGN - 1);
}

void wal_name(char *ret, uint64_t first);
bool wal_name_get(const char *name, uint64_t *ret_first);

void wal_head_put(uint8_t *p, const struct wal_head *h);
/* -EUCLEAN; -ENOTSUP with the version in ret_version: a whole header of another version. */
int wal_head_get(const uint8_t *p, struct wal_head *ret, uint32_t *ret_version);

/* h->sum is filled in: payload is followed by its zero padding. */
void wal_rec_put(uint8_t *p, struct wal_rec *h, const uint8_t *payload);
int wal_rec_get(const uint8_t *p, struct wal_rec *ret); /* -EUCLEAN */
bool wal_rec_sum_ok(const struct wal_rec *h, const uint8_t *payload);
bool wal_rec_likely(const uint8_t *p); /* cheap: the magic is there; looks at 8 bytes */

#endif
