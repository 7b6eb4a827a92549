/* index.h - the living index: the handle that fs/ and the command line hold.
 *
 * One writer (locked), any number of read-only handles. Every change is a WAL entry; its number is the generation. Life of a change: append to the WAL
 * (writer lock) -> apply to the memtable -> wal_sync before it is acknowledged. Threads: all functions may be called from any thread.
 */
#ifndef CORE_INDEX_INDEX_H
#define CORE_INDEX_INDEX_H

#include "core/dir/directory.h"
#include "core/index/snapshot.h"

enum durability { DURABILITY_WRITE, DURABILITY_CLOSE, DURABILITY_BATCH, DURABILITY_NONE };

/* Fixed at init, kept in the manifest. */
struct index_params {
	struct analyzer_params analyzer;
};

/* May change from one opening to the next. Zero means the default. */
struct index_options {
	bool read_only;
	enum durability durability;
	unsigned batch_ms;	   /* for DURABILITY_BATCH: 200 */
	uint64_t writer_buffer;	   /* bytes of memtable before a flush: 64 MiB */
	uint64_t wal_file;	   /* bytes of one WAL file: 16 MiB */
	uint64_t max_document;	   /* 64 MiB */
	unsigned linger_s;	   /* seconds a document stays listed in incoming/: 60; UINT_MAX: 0 */
	bool no_store;		   /* segments without content (size experiments only) */
	bool foreground;	   /* no background thread: flush happens inside calls (tests, bulk load) */
	const char *holder;	   /* words for the lock: "rankfs mount, pid 12" */
	void (*on_commit)(void *arg, uint64_t generation); /* after new content became visible; never under a lock */
	void *arg;
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
};

/* The lease a writer holds while its index is open; its object says who (dir_fs). */
#define INDEX_WRITER_LOCK "writer.lock"

struct index;
int index_init(struct rk_dir *, const struct index_params *, struct rk_err *); /* -EEXIST: there is one */
/* Runs recovery. The dir stays the caller's and must outlive the index. -EAGAIN: another writer, named in err. */
int index_open(struct rk_dir *, const struct index_options *, struct index **ret, struct rk_err *);
int index_close(struct index *, struct rk_err *); /* flushes nothing, syncs, writes the clean marker; frees always */
const struct index_params *index_get_params(const struct index *);
const struct index_options *index_get_options(const struct index *); /* with the defaults filled in */
struct rk_dir *index_dir(const struct index *);			     /* what it was opened with */

/* The newest content. First indexes documents whose text was appended or replaced since (so that a loop of appends is not quadratic). */
int index_snapshot(struct index *, struct snapshot **ret, struct rk_err *);
uint64_t index_generation(const struct index *); /* of what index_snapshot would show, without doing it */

/* Whole documents; *ret_seq is what to sync. The document counts as soon as this returns. */
int index_put(struct index *, const struct rk_doc *, uint64_t *ret_seq, struct rk_err *);
int index_delete(struct index *, const void *id, size_t len, uint64_t *ret_seq, struct rk_err *); /* -ENOENT: no such document */
int index_sync(struct index *, uint64_t seq, struct rk_err *);

int index_flush(struct index *, struct rk_err *); /* memtable -> segment, now; returns when the manifest is durable */

/* Merges the smallest segments until at most max_segments are left; what was deleted before the last flush goes. Queries go on. */
int index_merge(struct index *, uint32_t max_segments, struct rk_err *);

/* Rejected input and trouble, newest last, bounded: what status/errors shows. kind: "jsonl", "io", "interrupted", ... */
void index_note_error(struct index *, const char *kind, const char *where, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int index_errors_text(struct index *, struct rk_buf *ret);

struct index_status {
	const char *health;	  /* "ok", "read-only", "degraded" */
	char health_why[480];
	uint64_t generation, durable, next_entry;
	uint64_t ndocs;		  /* live */
	uint32_t nsegments;
	uint64_t segment_bytes, text_bytes, memtable_bytes, memtable_docs, wal_bytes;
	uint64_t syncs, flushes, merges, puts, deletes, errors, uptime_ns;
	uint64_t pending_files;	  /* incoming/ files with content that is not committed yet */
	uint64_t replayed;	  /* WAL records replayed at open */
	char recovery[480];	  /* one line: what was replayed, cut, quarantined */
};
void index_get_status(struct index *, struct index_status *ret);

/* A text line per WAL record for wal/<n>; payloads of every type decoded. */
struct wal_record;
int wal_record_text(const struct wal_record *, struct rk_buf *out);

/* Check of a closed (or read-only) index: manifest, WAL, every segment, ids across segments. Findings through report. Count or -errno. */
int index_check(struct rk_dir *, bool deep, void (*report)(void *arg, const char *invariant, const char *words), void *arg, struct rk_err *);

#endif
