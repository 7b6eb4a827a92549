/* wal_write.c - appending to the log: one write a record, one sync a group, a new file when one is full.
 *
 * Invariants: doc/format.md W2 (a record is durable before wal_sync says so), W3 (a new file is made only when every record before it is durable),
 * W4 (opening hardens what recovery read).
 *
 * Group commit, no timer: who finds no sync under way leads one for everything written so far; who comes meanwhile waits, and one of those leads the
 * next. `syncing` is the right to use and to replace `log`; a rotation takes it too.
 *
 * Latch: after a sync or write that failed nobody knows what is on the disk; the log then refuses everything for the rest of its life. Running out of
 * room (ENOSPC, EDQUOT) or of descriptors or memory is no such case: nothing counts of what was written, and the next try writes the same place.
 *
 * Locks: mu is held for moments, never over I/O. Atomics may be read by any thread.
 */
#include "core/wal/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/clock.h"
#include "core/wal/wal_scan_private.h"

struct wal {
	struct rk_dir *dir;
	uint64_t file_bytes;

	/* The writer's (whoever holds the caller's lock). */
	struct rk_buf rec; /* the record that is being made */
	uint64_t log_id, first, limit;
	uint64_t clean_entry; /* of the clean marker, when there is one */
	struct wal_files old; /* sealed ones, and those of earlier processes */

	pthread_mutex_t mu;
	pthread_cond_t changed; /* durable, syncing or latched did */
	struct rk_log *log;
	bool syncing;
	struct rk_err why; /* of the latch */

	atomic_uint_fast64_t next, written, durable, syncs, old_bytes, end;
	atomic_bool latched;
};

static uint64_t get(const atomic_uint_fast64_t *a)
{
	return atomic_load_explicit(a, memory_order_acquire);
}

static void set(atomic_uint_fast64_t *a, uint64_t v)
{
	atomic_store_explicit(a, v, memory_order_release);
}

/* ---- the latch ---- */

static bool harmless(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

static void latch_locked(struct wal *w, const struct rk_err *why)
{
	if (!atomic_load(&w->latched)) {
		w->why = *why;
		atomic_store(&w->latched, true);
	}
	pthread_cond_broadcast(&w->changed);
}

static void latch(struct wal *w, const struct rk_err *why)
{
	pthread_mutex_lock(&w->mu);
	latch_locked(w, why);
	pthread_mutex_unlock(&w->mu);
}

static int refused(struct wal *w, int rc, struct rk_err *err)
{
	pthread_mutex_lock(&w->mu);
	rk_fail(err, rc, "the log is read-only since an error: %s", w->why.msg);
	pthread_mutex_unlock(&w->mu);
	return rc;
}

/* ---- syncing ---- */

/* Waits for the right to use the log. */
static void take_locked(struct wal *w)
{
	while (w->syncing)
		pthread_cond_wait(&w->changed, &w->mu);
	w->syncing = true;
}

/* With the right, without mu: everything written so far becomes durable. */
static int sync_now(struct wal *w, struct rk_err *err)
{
	uint64_t target = get(&w->written);
	struct rk_err words = {{0}};
	if (target == get(&w->durable))
		return 0;
	int rc = w->dir->ops->log_sync(w->log, &words);
	if (rc < 0) {
		latch(w, &words);
		return rk_fail(err, -EIO, "%s", words.msg);
	}
	set(&w->durable, target);
	atomic_fetch_add(&w->syncs, 1);
	return 0;
}

static void release(struct wal *w)
{
	pthread_mutex_lock(&w->mu);
	w->syncing = false;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mu);
}

int wal_sync(struct wal *w, uint64_t entry, struct rk_err *err)
{
	if (entry <= get(&w->durable))
		return 0;
	if (atomic_load(&w->latched))
		return refused(w, -EROFS, err);
	if (entry > get(&w->written))
		return rk_fail(err, -EINVAL, "sync of entry %" PRIu64 ", the last one is %" PRIu64, entry, get(&w->written));
	pthread_mutex_lock(&w->mu);
	while (w->syncing && entry > get(&w->durable) && !atomic_load(&w->latched))
		pthread_cond_wait(&w->changed, &w->mu);
	bool done = entry <= get(&w->durable), dead = atomic_load(&w->latched);
	if (!done && !dead)
		w->syncing = true;
	pthread_mutex_unlock(&w->mu);
	if (done)
		return 0;
	if (dead)
		return refused(w, -EIO, err); /* it was refused while we waited */
	int rc = sync_now(w, err);
	release(w);
	return rc;
}

/* ---- files ---- */

static int remember_old(struct wal *w, uint64_t first, uint64_t bytes)
{
	struct wal_file *v = realloc(w->old.v, (w->old.n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	w->old.v = v;
	v[w->old.n++] = (struct wal_file){.first = first, .bytes = bytes};
	atomic_fetch_add(&w->old_bytes, bytes);
	return 0;
}

enum { FILE_BYTES_MIN = 512, FILE_BYTES_POOR = 64 << 10 };

/* A file whose first entry is the next one. Everything before is durable (W3). On a disk that is nearly full a smaller one will do: deletes need it. */
static int create(struct wal *w, uint64_t bytes, bool over, struct rk_log **ret, struct wal_head *ret_head, struct rk_err *err)
{
	char name[WAL_NAME_BYTES];
	uint8_t head[WAL_HEAD_BYTES];
	struct wal_head h = {.first = get(&w->next), .file_bytes = bytes, .created_ns = rk_wall_ns()};
	if (getrandom(&h.log_id, sizeof(h.log_id), 0) != sizeof(h.log_id))
		return rk_fail(err, -EIO, "no random number to be had");
	wal_name(name, h.first);
	for (;; h.file_bytes /= 4) {
		struct rk_err words = {{0}};
		wal_head_put(head, &h);
		int rc = w->dir->ops->log_create(w->dir, name, h.file_bytes, head, sizeof(head), over, ret, &words);
		if (rc == -ENOSPC && h.file_bytes / 4 >= FILE_BYTES_POOR && bytes == w->file_bytes)
			continue;
		*ret_head = h;
		return rc < 0 ? rk_fail(err, rc, "%s", words.msg) : 0;
	}
}

static void use(struct wal *w, struct rk_log *log, const struct wal_head *h)
{
	w->log = log;
	w->log_id = h->log_id;
	w->first = h->first;
	w->limit = h->file_bytes;
	set(&w->end, WAL_HEAD_BYTES);
}

/* With the right to use the log. The old file is sealed only when the new one is there: until then it may be the last (W6). */
static int replace(struct wal *w, uint64_t bytes, struct rk_err *err)
{
	struct rk_log *log;
	struct wal_head h;
	struct rk_err words = {{0}};
	int rc = sync_now(w, err);
	if (rc < 0)
		return rc;
	rc = remember_old(w, w->first, w->log->end);
	if (rc < 0)
		return rk_fail(err, rc, "out of memory");
	rc = create(w, bytes, false, &log, &h, &words);
	if (rc < 0) {
		atomic_fetch_sub(&w->old_bytes, w->log->end);
		w->old.n--;
		if (!harmless(rc))
			latch(w, &words);
		return rk_fail(err, harmless(rc) ? rc : -EIO, "%s", words.msg);
	}
	(void)w->dir->ops->log_seal(w->log, NULL); /* only gives room back */
	w->dir->ops->log_close(w->log);
	use(w, log, &h);
	return 0;
}

static int rotate(struct wal *w, uint64_t bytes, struct rk_err *err)
{
	if (atomic_load(&w->latched))
		return refused(w, -EROFS, err);
	pthread_mutex_lock(&w->mu);
	take_locked(w);
	bool dead = atomic_load(&w->latched);
	pthread_mutex_unlock(&w->mu);
	int rc = dead ? refused(w, -EIO, err) : replace(w, bytes, err);
	release(w);
	return rc;
}

static bool empty(const struct wal *w)
{
	return w->log->end == WAL_HEAD_BYTES;
}

int wal_rotate(struct wal *w, uint64_t *ret_first, struct rk_err *err)
{
	int rc = 0;
	if (atomic_load(&w->latched))
		return refused(w, -EROFS, err);
	if (!empty(w))
		rc = rotate(w, w->file_bytes, err);
	if (rc == 0 && ret_first)
		*ret_first = w->first;
	return rc;
}

int wal_drop(struct wal *w, uint64_t entry, struct rk_err *err)
{
	while (w->old.n > 0) {
		char name[WAL_NAME_BYTES];
		uint64_t behind = w->old.n > 1 ? w->old.v[1].first : w->first;
		if (behind > entry)
			break;
		wal_name(name, w->old.v[0].first);
		int rc = w->dir->ops->remove(w->dir, name, err); /* oldest first, each durably: the log never has a hole */
		if (rc < 0 && rc != -ENOENT)
			return rc;
		atomic_fetch_sub(&w->old_bytes, w->old.v[0].bytes);
		memmove(w->old.v, w->old.v + 1, --w->old.n * sizeof(*w->old.v));
	}
	return 0;
}

/* ---- appending ---- */

static int encode(struct wal *w, uint8_t type, const struct iovec *iov, int n, uint64_t len, struct rk_err *err)
{
	struct wal_rec h = {
		.entry = get(&w->next),
		.durable_seq = get(&w->durable),
		.log_id = w->log_id,
		.time_ns = rk_wall_ns(),
		.len = (uint32_t)len,
		.type = type,
	};
	uint64_t padded = wal_padded(len);
	w->rec.len = 0;
	if (rk_buf_reserve(&w->rec, (size_t)(WAL_RECORD_BYTES + padded)) < 0)
		return rk_fail(err, -ENOMEM, "out of memory for a record of %" PRIu64 " bytes", len);
	uint8_t *p = w->rec.data + WAL_RECORD_BYTES;
	for (int i = 0; i < n; i++) {
		if (iov[i].iov_len)
			memcpy(p, iov[i].iov_base, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	memset(p, 0, (size_t)(padded - len));
	wal_rec_put(w->rec.data, &h, w->rec.data + WAL_RECORD_BYTES);
	w->rec.len = (size_t)(WAL_RECORD_BYTES + padded);
	return 0;
}

static int write_record(struct wal *w, uint64_t *ret_entry, struct rk_err *err)
{
	enum { KEEP_BYTES = 1 << 20 };
	uint64_t entry = get(&w->next);
	struct rk_err words = {{0}};
	int rc = w->dir->ops->log_append(w->log, w->rec.data, w->rec.len, &words);
	if (w->rec.cap > KEEP_BYTES)
		rk_buf_done(&w->rec);
	if (rc < 0) {
		if (!harmless(rc))
			latch(w, &words);
		return rk_fail(err, rc, "%s", words.msg);
	}
	set(&w->end, w->log->end);
	set(&w->written, entry);
	set(&w->next, entry + 1);
	*ret_entry = entry;
	return 0;
}

int wal_append(struct wal *w, uint8_t type, const struct iovec *iov, int n, uint64_t *ret_entry, struct rk_err *err)
{
	uint64_t len = 0, entry;
	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	if (len > UINT32_MAX - WAL_ALIGN)
		return rk_fail(err, -EFBIG, "a record of %" PRIu64 " bytes", len);
	if (atomic_load(&w->latched))
		return refused(w, -EROFS, err);
	uint64_t whole = WAL_RECORD_BYTES + wal_padded(len);
	int rc = 0;
	if (w->log->end + whole > w->limit && !empty(w)) {
		uint64_t alone = WAL_HEAD_BYTES + whole;
		rc = rotate(w, alone > w->file_bytes ? alone : w->file_bytes, err);
	}
	if (rc == 0)
		rc = encode(w, type, iov, n, len, err);
	if (rc == 0)
		rc = write_record(w, &entry, err);
	if (rc == 0 && ret_entry)
		*ret_entry = entry;
	return rc;
}

int wal_clean(struct wal *w, struct rk_err *err)
{
	uint64_t entry;
	int rc = wal_sync(w, get(&w->written), err); /* first: the marker vouches for what is before it */
	if (rc == 0)
		rc = wal_append(w, WAL_TYPE_CLEAN, NULL, 0, &entry, err);
	if (rc == 0)
		rc = wal_sync(w, entry, err);
	if (rc == 0)
		w->clean_entry = entry;
	return rc;
}

/* ---- opening and closing ---- */

/* A file that begins with the entry that comes next must be empty: it is replaced at once, never removed first, so that W6 holds at any moment. */
static int adopt_empty(struct wal *w, uint64_t first, uint64_t next, struct rk_err *err)
{
	struct wal_scan s;
	struct wal_rec h;
	const uint8_t *payload;
	int rc = wal_scan_open(&s, w->dir, first, err);
	if (rc == -EUCLEAN)
		rk_fail(err, rc, "%s: %s", s.name, s.why);
	if (rc == 0)
		rc = wal_scan_next(&s, &h, &payload, err);
	if (rc > 0 || (rc == 0 && first > next))
		rc = rk_fail(err, -EINVAL, "%s is there, the log was to go on with %" PRIu64, s.name, next);
	wal_scan_done(&s);
	return rc;
}

/* The records of the last file, all in memory: no more than one file, or one record. */
static int gather(struct wal_scan *s, struct rk_buf *ret, struct rk_err *err)
{
	struct wal_rec h;
	const uint8_t *payload;
	int rc = wal_scan_open(s, s->dir, s->entry, err);
	ret->len = rc == 0 ? WAL_HEAD_BYTES : 0;
	while (rc == 0 && (rc = wal_scan_next(s, &h, &payload, err)) > 0)
		rc = rk_buf_put(ret, payload - WAL_RECORD_BYTES, WAL_RECORD_BYTES + (size_t)wal_padded(h.len));
	return rc;
}

/* W4: what recovery read may be in the cache only, after SIGKILL or after a sync that failed; and a sync now may do nothing. So it is written anew, to
 * a file that takes the old one's place at once. Not needed when the log was closed cleanly, which a seal says: it comes after the last sync. */
static int adopt_last(struct wal *w, struct wal_file *f, uint64_t next, struct rk_err *err)
{
	struct rk_buf b = {0};
	struct rk_log *log;
	struct wal_scan s = {.dir = w->dir, .entry = f->first};
	int rc = rk_buf_reserve(&b, WAL_HEAD_BYTES) < 0 ? -ENOMEM : gather(&s, &b, err);
	if (rc == 0 && s.entry > next)
		rc = rk_fail(err, -EINVAL, "%s ends before entry %" PRIu64 ", the log was to go on with %" PRIu64, s.name, s.entry, next);
	if (rc == 0 && !(s.last_clean && f->bytes < s.head.file_bytes)) {
		s.head.file_bytes = b.len;
		wal_head_put(b.data, &s.head);
		rc = w->dir->ops->log_create(w->dir, s.name, b.len, b.data, b.len, true, &log, err);
		if (rc == 0) {
			w->dir->ops->log_close(log);
			f->bytes = b.len;
		}
	}
	wal_scan_done(&s);
	rk_buf_done(&b);
	return rc == -EUCLEAN ? 0 : rc; /* no header: nothing was read of it */
}

/* What earlier processes left. */
static int adopt(struct wal *w, uint64_t next, bool *ret_over, struct rk_err *err)
{
	struct wal_files files = {0};
	int rc = wal_files_list(w->dir, &files, err);
	size_t n = files.n;
	*ret_over = rc == 0 && n && files.v[n - 1].first >= next;
	if (*ret_over)
		rc = adopt_empty(w, files.v[--n].first, next, err);
	if (rc == 0 && n)
		rc = adopt_last(w, &files.v[n - 1], next, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = remember_old(w, files.v[i].first, files.v[i].bytes);
	wal_files_done(&files);
	return rc;
}

static void wal_free(struct wal *w)
{
	wal_files_done(&w->old);
	rk_buf_done(&w->rec);
	pthread_mutex_destroy(&w->mu);
	pthread_cond_destroy(&w->changed);
	free(w);
}

int wal_open(struct rk_dir *d, uint64_t next, uint64_t file_bytes, struct wal **ret, struct rk_err *err)
{
	struct rk_log *log;
	struct wal_head h;
	if (next == 0)
		return rk_fail(err, -EINVAL, "entries are numbered from 1 on");
	struct wal *w = calloc(1, sizeof(*w));
	if (!w)
		return rk_fail(err, -ENOMEM, "out of memory");
	w->dir = d;
	w->file_bytes = file_bytes < FILE_BYTES_MIN ? FILE_BYTES_MIN : file_bytes;
	pthread_mutex_init(&w->mu, NULL);
	pthread_cond_init(&w->changed, NULL);
	set(&w->next, next);
	set(&w->written, next - 1);
	set(&w->durable, next - 1);
	bool over;
	int rc = adopt(w, next, &over, err);
	if (rc == 0)
		rc = create(w, w->file_bytes, over, &log, &h, err);
	if (rc < 0) {
		wal_free(w);
		return rk_wrap(err, rc, "opening the log");
	}
	use(w, log, &h);
	*ret = w;
	return 0;
}

/* Only a file that ends with a durable clean marker may lose its preallocation (W6). */
void wal_close(struct wal *w)
{
	if (!w)
		return;
	if (w->clean_entry && w->clean_entry == get(&w->durable) && w->clean_entry == get(&w->written))
		(void)w->dir->ops->log_seal(w->log, NULL);
	w->dir->ops->log_close(w->log);
	wal_free(w);
}

/* ---- what may be asked by any thread ---- */

uint64_t wal_next(const struct wal *w)
{
	return get(&w->next);
}

uint64_t wal_durable(const struct wal *w)
{
	return get(&w->durable);
}

bool wal_latched(const struct wal *w)
{
	return atomic_load(&w->latched);
}

uint64_t wal_syncs(const struct wal *w)
{
	return get(&w->syncs);
}

uint64_t wal_bytes(const struct wal *w)
{
	return get(&w->old_bytes) + get(&w->end);
}
