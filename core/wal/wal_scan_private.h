/* wal_scan_private.h - the records of one log file, one after another, in bounded memory; and what lies behind the last good one. */
#ifndef CORE_WAL_WAL_SCAN_PRIVATE_H
#define CORE_WAL_WAL_SCAN_PRIVATE_H

#include "core/dir/directory.h"
#include "core/wal/wal_format.h"

struct wal_files {
	struct wal_file {
		uint64_t first, bytes;
	} *v; /* by rising first entry */
	size_t n;
};

int wal_files_list(struct rk_dir *, struct wal_files *ret, struct rk_err *); /* replaces what ret held */
void wal_files_done(struct wal_files *);

struct wal_scan {
	struct rk_dir *dir;
	char name[WAL_NAME_BYTES];
	struct wal_head head;
	uint64_t off;	   /* of the record that comes next */
	uint64_t entry;	   /* its number */
	bool last_clean;   /* the last record was a clean marker */
	const char *why;   /* after a 0 from wal_scan_next: what stands at off, in words; NULL: nothing but zeros or the end */
	struct rk_buf buf; /* a window of the file: base .. base + len */
	uint64_t base;
	bool ended; /* the window ends where the file does */
};

/* 0; -EUCLEAN: no valid header (why says so); -ENOTSUP: another version. */
int wal_scan_open(struct wal_scan *s, struct rk_dir *, uint64_t first, struct rk_err *);
/* 1 and a record (payload valid until the next call), 0 at the first that is none, -errno when reading failed. */
int wal_scan_next(struct wal_scan *s, struct wal_rec *ret, const uint8_t **ret_payload, struct rk_err *);
/* Forgets the window and reads the header again: another process may have written on, or put a shorter copy in the file's place. As wal_scan_open. */
int wal_scan_again(struct wal_scan *s, struct rk_err *err);

struct wal_tail {
	uint64_t durable; /* the highest durable_seq that a record behind off knows of; 0: none */
	uint64_t nonzero; /* bytes from off on that are not zero */
	uint64_t size;	  /* of the file */
};
int wal_scan_tail(struct wal_scan *s, struct wal_tail *ret, struct rk_err *);
void wal_scan_done(struct wal_scan *s);

#endif
