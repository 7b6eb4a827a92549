/* index_private.h - what the rooms of core/index share: the handle's inside.
 *
 * Lock order: `w` (the writer lock: WAL appends, inbox, memtable, view changes) before `v` (the pointer to the current snapshot) before `e` (the error
 * ring). wal_sync and on_commit are called with none of them held.
 */
#ifndef CORE_INDEX_INDEX_PRIVATE_H
#define CORE_INDEX_INDEX_PRIVATE_H

#include <pthread.h>

#include "core/index/index.h"
#include "core/index/inbox.h"
#include "core/index/jsonl.h"
#include "core/index/manifest.h"
#include "core/index/pathtree.h"
#include "core/index/records.h"
#include "core/wal/wal.h"

/* A file of incoming/, while it is open or listed. Guarded by w. */
struct ifile {
	struct pt_node node; /* first: path, len; in index.files unless unlinked */
	char *path;	     /* owned, NUL behind */
	uint64_t no;
	unsigned opens, writers; /* open descriptions; those that may write */
	bool is_dir, staged, stream, unlinked;
	int poisoned;	     /* errno of a write that was refused: what came since the last commit is dropped at the last close; 0: none */
	bool interrupted;

	/* Content. loaded: `content` holds all of it; else the index's newest document does. */
	bool loaded;
	struct rk_buf content;
	uint64_t size;

	bool dirty;	     /* pieces are in the WAL that no commit covers yet */
	bool emptied;	     /* truncated by open, nothing logged yet: counts at the last close */
	bool unindexed;	     /* content[0..committed) is committed, but not in the memtable */
	uint64_t committed;
	uint64_t commit_entry;
	struct ifile *next_unindexed;
	uint64_t unindexed_since_ns;

	bool acked;	     /* a piece was promised to be durable: recovery keeps content[0..acked_len) */
	uint64_t acked_len;
	uint64_t data_entry; /* last WAL entry that carries bytes of it */
	uint32_t mode;
	uid_t uid;
	gid_t gid;
	int64_t mtime_ns, ctime_ns;
	uint64_t listed_until_ns; /* monotonic; 0: as long as it is there */

	/* Streams: `content` is kept while size <= STREAM_KEEP; the unfinished line is apart. */
	struct rk_buf tail;
	uint64_t line; /* complete lines so far */
};

enum { STREAM_KEEP = 4 << 20 };

struct infile {
	struct index *ix;
	struct ifile *f;
	int flags;
};

struct seg_slot {
	struct seg *seg;
	struct segdead *dead;
	uint64_t tombstones; /* version on disk */
	uint32_t persisted_dead;
};

/* Deaths of a segment, shared by snapshots that outlive the slot. */
struct segdead {
	_Atomic unsigned refs;
	struct deadset set;
};
struct segdead *segdead_new(uint32_t ndocs);
struct segdead *segdead_unref(struct segdead *);

/* Live ids of a memtable in byte order, made lazily and extended, shared by snapshots. */
struct mem_order;
struct mem_order *mem_order_new(struct memtable *);
struct mem_order *mem_order_ref(struct mem_order *);
struct mem_order *mem_order_unref(struct mem_order *);

struct frozen {
	struct memtable *mem; /* NULL: none */
	struct mem_order *order;
	struct pathtree dirs;
	uint64_t seq;	      /* last entry applied to it */
	uint64_t wal_from;    /* first entry not in it */
	uint64_t nlive;	      /* live documents when it was frozen, over everything */
};

struct index {
	struct rk_dir *dir;
	struct index_params params;
	struct index_options opts;
	struct rk_lease *lease;
	struct analyzer *analyzer; /* the writer's */
	uint64_t opened_ns;

	pthread_mutex_t w;
	pthread_cond_t room;	/* a flush ended */
	pthread_cond_t work;	/* for the background thread */
	struct wal *wal;	/* NULL when read-only */
	struct manifest manifest;
	struct seg_slot *segs;
	uint32_t nsegs;
	struct memtable *mem;
	struct mem_order *order;
	struct pathtree dirs;	 /* folders above live documents of mem, counted */
	struct frozen frozen;
	bool flushing;
	bool deletes_logged; /* since the last flush: it is worth one even without new documents */
	uint64_t seq;		 /* last entry that changed what queries see */
	_Atomic uint64_t generation; /* = seq, readable without the lock */
	_Atomic unsigned nunindexed;
	struct ifile *unindexed, **unindexed_tail;
	uint64_t unindexed_bytes;
	uint64_t nlive;
	struct pathtree files;
	uint64_t next_file;
	bool latched;		 /* no more writes: health_why says it */
	bool degraded;
	char health_why[480];
	struct jsonl_line json;  /* reused by streams */
	uint64_t puts, deletes, flushes, merges, replayed;
	char recovery[480];
	uint64_t last_append;	 /* for inbox_sync */
	struct rk_buf owed;	 /* small records that could not be logged when they were due */
	unsigned nowed;
	int flush_rc;		 /* of the last flush that failed; 0 */
	uint64_t flush_retry_ns, merge_retry_ns;

	pthread_mutex_t v;
	struct snapshot *current; /* cached newest, or NULL */

	pthread_mutex_t e;
	struct rk_buf errors;
	uint64_t nerrors;

	pthread_t thread;
	bool has_thread, stop;

	/* Read-only handles follow a live writer. */
	uint64_t follow_next;	 /* first WAL entry not applied yet */
	uint64_t follow_checked_ns;
};

/* A folder with live documents of a memtable below it, so that "is this a folder" costs no sorting. */
struct dirnode {
	struct pt_node node;
	uint32_t count;
	char path[];
};
int dirs_count(struct pathtree *, const char *id, size_t len, int by);
void dirs_done(struct pathtree *);

/* apply.c: changes to what queries see; under w. */
int apply_put(struct index *, const struct rk_doc *, uint64_t seq);
int apply_delete(struct index *, const void *id, size_t len, uint64_t seq); /* -ENOENT */
int apply_unindexed(struct index *, struct rk_err *); /* every committed file into the memtable */
int apply_unindexed_one(struct index *, struct ifile *);
bool current_exists(struct index *, const void *id, size_t len, struct seg_doc_stat *ret); /* the newest live version, unindexed files apart */
int current_load(struct index *, const void *id, size_t len, struct rk_buf *hold, struct rk_doc *ret); /* valid while hold and w are; -ENOENT */
void ifile_unindex(struct index *, struct ifile *); /* off the list of what is to be indexed */
bool current_below(struct index *, const char *dir, size_t len); /* a live document, staged or not, lies below the folder */

/* index.c */
int check_writable(struct index *, struct rk_err *);
int index_log(struct index *, uint8_t type, const struct rk_buf *head, const void *bulk, size_t n, uint64_t *ret_entry, struct rk_err *);
uint64_t index_owe(struct index *, uint8_t type, const struct rk_buf *payload); /* logged before the next record; the entry it will get */
int index_settle(struct index *, uint64_t entry, struct rk_err *); /* without w: waits for the entry as opts.durability asks at a write */
int index_make_room(struct index *, struct rk_err *); /* under w: waits or flushes when the memtable is full */
void index_committed(struct index *); /* without w: tells on_commit */

/* flush.c */
int flush_locked(struct index *, struct rk_err *); /* under w, which it lets go while it writes */
int merge_smallest(struct index *, unsigned n, struct rk_err *); /* under w, which it lets go while it writes */
int index_open_segments(struct index *, const struct manifest *, struct rk_err *);
void index_drop_segments(struct index *);

/* snapshot.c */
int snapshot_build(struct index *, struct snapshot **ret); /* under w */
void snapshot_forget(struct index *);			   /* drops the cached one */

/* inbox.c, infile.c, stream.c: under w */
struct ifile *ifile_find(struct index *, const char *path, size_t len);
struct ifile *ifile_new(struct index *, const char *path, size_t len);
void ifile_free(struct index *, struct ifile *); /* unlinks */
void ifile_settle(struct index *, struct ifile *); /* frees it when nothing needs it any more */
void inbox_expire(struct index *, uint64_t now_ns);
int ifile_load(struct index *, struct ifile *);
int ifile_apply_write(struct index *, struct ifile *, uint64_t off, const void *p, size_t n);
int ifile_apply_truncate(struct index *, struct ifile *, uint64_t size);
int ifile_apply_commit(struct index *, struct ifile *, uint64_t entry);
int ifile_log(struct index *, struct ifile *, uint8_t type, uint32_t flags, uint64_t off, const void *p, size_t n, uint64_t *ret, struct rk_err *);
void ifile_log_drop(struct index *, struct ifile *); /* now, or before the next record that can be logged */
int ifile_log_commit(struct index *, struct ifile *, struct rk_err *);
int ifile_relog(struct index *, struct ifile *, struct rk_err *); /* a dirty file's whole state into the current WAL file */
int ifile_apply_rename(struct index *, const char *from, size_t from_len, const char *to, size_t to_len, uint64_t entry);
int ifile_apply_unlink(struct index *, const char *path, size_t len, uint64_t entry);
int ifile_rekey(struct index *, struct ifile *, const char *to, size_t len);
int inbox_stat_locked(struct index *, const char *path, size_t len, struct in_attr *ret);
int inbox_check_name(const char *path, size_t len, struct rk_err *err);
int inbox_check_parent(struct index *, const char *path, size_t len);
bool inbox_below(struct index *, const char *dir, size_t len); /* a listed name or a document */
int stream_apply(struct index *, struct ifile *, const void *p, size_t n, uint64_t entry, struct rk_err *err); /* -EINVAL: bad lines, noted when err */
int stream_finish(struct index *, struct ifile *, uint64_t entry, bool last);

/* recover.c */
int recover(struct index *, struct rk_err *);
int follow(struct index *, struct rk_err *); /* under w: a read-only handle catches up */

#endif
