/* records.h - what the payloads of WAL records mean: their grammar both ways, and as text for wal/<n>.
 *
 * Format: doc/format.md "WAL payloads". Decoded structs borrow the payload's bytes.
 */
#ifndef CORE_INDEX_RECORDS_H
#define CORE_INDEX_RECORDS_H

#include <sys/uio.h>

#include "core/base/buf.h"
#include "core/segment/doc.h"

/* Merge and checkpoint records (4-7) are those of the design this format follows; their writers come with merges and checkpoints. */
enum record_type {
	REC_ADD_DOCUMENT = 1,	 /* a whole document */
	REC_DELETE_DOCUMENT = 2, /* by id */
	REC_ADD_SEGMENT = 3,	 /* a flush ended: everything before `covers` is in segments */
	REC_FILE_WRITE = 16,	 /* bytes at an offset of a file of incoming/ */
	REC_FILE_TRUNCATE = 17,
	REC_FILE_COMMIT = 18,	 /* the file was closed: its content is a document now; for a stream: its unfinished line was tried */
	REC_RENAME = 19,	 /* a document or staged file got another id */
	REC_FILE_ATTR = 20,	 /* mtime, mode */
	REC_FILE_DROP = 21,	 /* unlinked before it was closed */
	REC_STREAM_WRITE = 22,	 /* bytes at the end of a .jsonl stream */
};

/* NEW: starts empty; BASE: starts as the document with this id is now; ACKED: the writer was told that all up to here is durable, so recovery keeps it
 * even without a commit. */
enum { FILE_NEW = 1, FILE_BASE = 2, FILE_INTERRUPTED = 4, FILE_ACKED = 8 };

struct file_record {
	uint64_t no;	/* number of the file, the same in all its records */
	uint32_t flags; /* FILE_* */
	const char *path; /* id of the document */
	uint32_t path_len;
	uint64_t off;	/* FILE_WRITE: where; FILE_TRUNCATE: the size */
	int64_t mtime_ns;
	uint32_t mode;
	const uint8_t *bytes;
	size_t len;
};

/* Encoders put everything but the bulk bytes into b; write b then the bulk as one record. */
int record_put_doc(const struct rk_doc *, struct rk_buf *b); /* bulk: content */
int record_get_doc(const void *p, size_t n, struct rk_doc *ret);
int record_put_file(const struct file_record *, struct rk_buf *b); /* bulk: bytes */
int record_get_file(const void *p, size_t n, struct file_record *ret);

struct rename_record {
	const char *from, *to;
	uint32_t from_len, to_len;
};
int record_put_rename(const struct rename_record *, struct rk_buf *b);
int record_get_rename(const void *p, size_t n, struct rename_record *ret);

#endif
