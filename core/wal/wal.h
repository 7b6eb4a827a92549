/* wal.h - the write-ahead log: a row of preallocated files wal/wal_<first entry id, 16 hex digits>.log, records with rising entry ids, group commit.
 *
 * Format: doc/format.md "WAL". Each file has a header (magic, version, random log id, first entry id, checksum); each record (entry id, type, time,
 * durable_seq = the highest entry id already synced when it was written, length, log id, checksum of header, checksum of payload). The log knows
 * record types only by number; what payloads mean is core/index's.
 *
 * Torn tail or rot: at the first bad record with entry id k, if any later valid record (in this or a later file) says durable_seq >= k, or a clean
 * marker covers k, then k was acknowledged: that is corruption (reported, never cut silently). Otherwise it is a tail nobody was promised: cut.
 *
 * Threads: append and rotate by one at a time (the caller's writer lock); sync by any number at once: whoever queues during a sync forms the next
 * group (leader and followers, no timer). After a failed sync or write the log is latched: every later append and sync gives -EROFS, the waiting
 * ones -EIO; only a new wal_open (a restart) releases it, and it starts a new file. An append that finds no room (-ENOSPC, -EDQUOT), memory or descriptor
 * latches nothing: it did not happen, and the next one may succeed.
 */
#ifndef CORE_WAL_WAL_H
#define CORE_WAL_WAL_H

#include <sys/uio.h>

#include "core/dir/directory.h"

enum { WAL_TYPE_CLEAN = 0 }; /* the log's own record: everything before it was synced and the writer closed cleanly */

struct wal;
struct wal_record {
	uint64_t entry;
	int64_t time_ns; /* wall clock, metadata only */
	uint64_t durable_seq;
	uint8_t type;
	const uint8_t *payload; /* valid during the callback */
	uint32_t len;
};

struct wal_report {
	uint64_t first, last;	  /* entry ids of the valid records seen; 0, 0 when none */
	uint64_t records, bytes;  /* read */
	uint64_t cut_bytes;	  /* of a torn, never acknowledged tail (non-zero bytes only) */
	uint64_t bad_entry;	  /* 0, or the first acknowledged entry that cannot be read */
	uint64_t bad_last;	  /* the highest entry id known to have been acknowledged behind it */
	char bad_file[64];	  /* its file and offset */
	uint64_t bad_off;
	bool clean;		  /* the last record is a clean marker */
};

/* Calls fn for every record with entry >= from, in order, over all files; stops at the first bad one. fn's negative result ends it and is returned.
 * -EUCLEAN when an acknowledged record is damaged (report says which; every record before it was delivered). -ENOENT when the log begins after `from`
 * and from != 0 and entries in between are missing, or when files were dropped while they were read. A log that another process appends to may be read:
 * everything durable when the call began is delivered. */
int wal_read(struct rk_dir *, uint64_t from, int (*fn)(void *arg, const struct wal_record *), void *arg, struct wal_report *ret, struct rk_err *);

/* Opens for appending: always starts a new file whose first entry id is `next` (> every entry read); older files stay until dropped. */
int wal_open(struct rk_dir *, uint64_t next, uint64_t file_bytes, struct wal **ret, struct rk_err *);
/* Appends a record made of the iov's bytes; not durable yet. The new entry id in ret. */
int wal_append(struct wal *, uint8_t type, const struct iovec *iov, int n, uint64_t *ret_entry, struct rk_err *);
/* Returns when every record up to `entry` is durable. */
int wal_sync(struct wal *, uint64_t entry, struct rk_err *);
/* Syncs and seals the current file and starts a new one; ret: the first entry id of the new file. */
int wal_rotate(struct wal *, uint64_t *ret_first, struct rk_err *);
/* Removes files all of whose entries are < entry. Never the current one. */
int wal_drop(struct wal *, uint64_t entry, struct rk_err *);
int wal_clean(struct wal *, struct rk_err *); /* appends and syncs the clean marker */
void wal_close(struct wal *);

uint64_t wal_next(const struct wal *);	  /* the entry id the next append gets */
uint64_t wal_durable(const struct wal *); /* highest durable entry; any thread */
bool wal_latched(const struct wal *);	  /* any thread */
uint64_t wal_syncs(const struct wal *);	  /* syncs done so far: for metrics and tests */
uint64_t wal_bytes(const struct wal *);	  /* in all files that are still there */

#endif
