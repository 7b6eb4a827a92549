/* index.c - the handle: open, close, whole documents, the newest snapshot, the log's front door, the background thread.
 *
 * See index.h for the contract and index_private.h for the lock order.
 */
#include "core/index/index.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/rd.h"
#include "core/index/index_private.h"

/* MERGE_AT segments: the MERGE_OF smallest become one, so that a document is written about log(n) / log(MERGE_OF) times. */
enum { UNINDEXED_BYTES = 4 << 20, UNINDEXED_HARD = 32 << 20, TICK_MS = 200, MERGE_AT = 16, MERGE_OF = 10 };

int index_init(struct rk_dir *dir, const struct index_params *params, struct rk_err *err)
{
	struct manifest m = {.generation = 1, .wal_from = 1, .next_segment = 1, .params = *params};
	struct analyzer *a;
	int rc = analyzer_new(&params->analyzer, &a, err);
	if (rc < 0)
		return rc;
	analyzer_free(a);
	rc = manifest_store(dir, &m, err);
	return rc == -ESTALE ? rk_fail(err, -EEXIST, "there is an index already") : rc;
}

static void defaults(struct index_options *o)
{
	if (!o->batch_ms)
		o->batch_ms = 200;
	if (!o->writer_buffer)
		o->writer_buffer = UINT64_C(64) << 20;
	if (!o->wal_file)
		o->wal_file = UINT64_C(16) << 20;
	if (!o->max_document)
		o->max_document = UINT64_C(64) << 20;
	if (o->max_document > UINT64_C(1) << 30)
		o->max_document = UINT64_C(1) << 30;
	if (!o->linger_s)
		o->linger_s = 60;
	if (o->linger_s == UINT_MAX)
		o->linger_s = 0;
}

int check_writable(struct index *ix, struct rk_err *err)
{
	if (ix->opts.read_only)
		return rk_fail(err, -EROFS, "the index is open read-only");
	if (!ix->latched && ix->wal && wal_latched(ix->wal)) {
		ix->latched = true;
		snprintf(ix->health_why, sizeof(ix->health_why), "a sync of the log failed: nothing is accepted until the index is opened again");
		index_note_error(ix, "io", "wal", "%s", ix->health_why);
	}
	return ix->latched ? rk_fail(err, -EROFS, "%s", ix->health_why) : 0;
}

/* Records that could not be logged when they were due go before anything else: without a FileDrop a crash would bring back what a refusal dropped. */
static int log_owed(struct index *ix, struct rk_err *err)
{
	while (ix->owed.len) {
		struct rk_rd r = rk_rd_of(ix->owed.data, ix->owed.len);
		uint8_t type = rk_rd_u8(&r);
		uint32_t n = rk_rd_u32(&r);
		struct iovec iov = {.iov_base = ix->owed.data + 5, .iov_len = n};
		uint64_t entry;
		int rc = wal_append(ix->wal, type, &iov, 1, &entry, err);
		if (rc < 0)
			return rc;
		memmove(ix->owed.data, ix->owed.data + 5 + n, ix->owed.len - 5 - n);
		ix->owed.len -= 5 + n;
		ix->nowed--;
	}
	return 0;
}

uint64_t index_owe(struct index *ix, uint8_t type, const struct rk_buf *payload)
{
	uint64_t entry = wal_next(ix->wal) + ix->nowed;
	if (rk_buf_reserve(&ix->owed, payload->len + 5) < 0)
		return entry;
	rk_buf_u8(&ix->owed, type);
	rk_buf_u32(&ix->owed, (uint32_t)payload->len);
	rk_buf_put(&ix->owed, payload->data, payload->len);
	ix->nowed++;
	return entry;
}

int index_log(struct index *ix, uint8_t type, const struct rk_buf *head, const void *bulk, size_t n, uint64_t *ret_entry, struct rk_err *err)
{
	struct iovec iov[2] = {{head->data, head->len}, {(void *)(uintptr_t)bulk, n}};
	int rc = log_owed(ix, err);
	if (rc == 0)
		rc = wal_append(ix->wal, type, iov, 2, ret_entry, err);
	if (rc == 0)
		ix->last_append = *ret_entry;
	else
		index_note_error(ix, rc == -ENOSPC ? "disk-full" : "io", "wal", "%s", err ? err->msg : strerror(-rc));
	return rc;
}

int index_settle(struct index *ix, uint64_t entry, struct rk_err *err)
{
	if (ix->opts.durability == DURABILITY_BATCH || ix->opts.durability == DURABILITY_NONE)
		return 0;
	return wal_sync(ix->wal, entry, err);
}

void index_committed(struct index *ix)
{
	if (ix->opts.on_commit)
		ix->opts.on_commit(ix->opts.arg, atomic_load(&ix->generation));
}

/* The writer buffer bounds all memtables together: with a thread that flushes in the background each of the two gets half. An empty one is never full,
 * however small the buffer is. */
static bool full(struct index *ix)
{
	uint32_t n = memtable_ndocs(ix->mem);
	return n && (memtable_bytes(ix->mem) >= ix->opts.writer_buffer / (ix->has_thread ? 2 : 1) || n >= MEMTABLE_MAX_DOCS - 1);
}

int index_make_room(struct index *ix, struct rk_err *err)
{
	int rc = 0;
	if (ix->unindexed_bytes > UNINDEXED_HARD)
		rc = apply_unindexed(ix, err);
	while (rc == 0 && full(ix)) {
		if (ix->flush_rc < 0 && rk_mono_ns() < ix->flush_retry_ns) {
			if (memtable_bytes(ix->mem) < 2 * ix->opts.writer_buffer)
				return 0; /* some more fits; the disk may have room again */
			return rk_fail(err, ix->flush_rc, "the last flush failed (%s) and the writer buffer is full", strerror(-ix->flush_rc));
		}
		if (ix->has_thread) {
			pthread_cond_signal(&ix->work);
			if (!ix->flushing && !ix->frozen.mem)
				return 0; /* it begins now; meanwhile there is room */
			pthread_cond_wait(&ix->room, &ix->w);
		} else {
			rc = flush_locked(ix, err);
			if (rc == 0 && ix->nsegs >= MERGE_AT)
				rc = merge_smallest(ix, MERGE_OF, err);
		}
	}
	return rc;
}

static void *background(void *arg)
{
	struct index *ix = arg;
	uint64_t expired = 0;
	pthread_mutex_lock(&ix->w);
	while (!ix->stop) {
		struct timespec until;
		uint64_t ms = ix->opts.durability == DURABILITY_BATCH && ix->opts.batch_ms < TICK_MS ? ix->opts.batch_ms : TICK_MS;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += (long)(ms % 1000) * 1000000;
		until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&ix->work, &ix->w, &until);
		uint64_t now = rk_mono_ns();
		if (ix->unindexed && (ix->unindexed_bytes > UNINDEXED_BYTES || now - ix->unindexed->unindexed_since_ns > 1000000000u))
			apply_unindexed(ix, NULL);
		uint64_t work = ix->flushes + ix->merges;
		if (!ix->latched && full(ix) && now >= ix->flush_retry_ns)
			flush_locked(ix, NULL);
		if (!ix->latched && ix->nsegs >= MERGE_AT && now >= ix->merge_retry_ns && merge_smallest(ix, MERGE_OF, NULL) < 0)
			ix->merge_retry_ns = now + 10000000000u;
		if (ix->flushes + ix->merges != work)
			malloc_trim(0); /* what they needed is a good part of all memory */
		if (now - expired > 1000000000u) {
			inbox_expire(ix, now);
			expired = now;
		}
		if (ix->opts.durability == DURABILITY_BATCH && ix->wal && ix->last_append > wal_durable(ix->wal)) {
			uint64_t entry = ix->last_append;
			pthread_mutex_unlock(&ix->w);
			wal_sync(ix->wal, entry, NULL);
			pthread_mutex_lock(&ix->w);
		}
	}
	pthread_mutex_unlock(&ix->w);
	return NULL;
}

static int start_thread(struct index *ix)
{
	if (ix->opts.foreground || ix->opts.read_only)
		return 0;
	ix->has_thread = true; /* before it runs: it asks */
	int rc = -pthread_create(&ix->thread, NULL, background, ix);
	if (rc < 0)
		ix->has_thread = false;
	return rc;
}

static void destroy(struct index *ix)
{
	snapshot_forget(ix);
	wal_close(ix->wal);
	while (ix->files.root)
		ifile_free(ix, (struct ifile *)ix->files.root);
	mem_order_unref(ix->order);
	memtable_unref(ix->mem);
	mem_order_unref(ix->frozen.order);
	memtable_unref(ix->frozen.mem);
	dirs_done(&ix->dirs);
	dirs_done(&ix->frozen.dirs);
	index_drop_segments(ix);
	manifest_done(&ix->manifest);
	analyzer_free(ix->analyzer);
	rk_buf_done(&ix->errors);
	rk_buf_done(&ix->owed);
	rk_buf_done(&ix->json.buf);
	if (ix->lease)
		ix->dir->ops->lease_drop(ix->lease);
	pthread_mutex_destroy(&ix->w);
	pthread_mutex_destroy(&ix->v);
	pthread_mutex_destroy(&ix->e);
	pthread_cond_destroy(&ix->room);
	pthread_cond_destroy(&ix->work);
	free(ix);
}

static int open_once(struct rk_dir *dir, const struct index_options *opts, struct index **ret, bool *ret_again, struct rk_err *err)
{
	struct index *ix = calloc(1, sizeof(*ix));
	if (!ix)
		return -ENOMEM;
	ix->dir = dir;
	ix->opts = *opts;
	defaults(&ix->opts);
	ix->opened_ns = rk_mono_ns();
	ix->unindexed_tail = &ix->unindexed;
	ix->next_file = 1;
	pthread_mutex_init(&ix->w, NULL);
	pthread_mutex_init(&ix->v, NULL);
	pthread_mutex_init(&ix->e, NULL);
	pthread_cond_init(&ix->room, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ix->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&ix->w);
	int rc = recover(ix, err);
	pthread_mutex_unlock(&ix->w);
	if (rc == 0)
		rc = start_thread(ix);
	if (rc < 0) {
		*ret_again = rc == -ENOENT && ix->opts.read_only && ix->manifest.generation;
		destroy(ix);
		return rc;
	}
	*ret = ix;
	return 0;
}

/* A reader may find that the writer has dropped what the manifest named a moment ago: then there is a newer one. */
int index_open(struct rk_dir *dir, const struct index_options *opts, struct index **ret, struct rk_err *err)
{
	struct rk_err words = {{0}};
	int rc = -ENOENT;
	bool again = true;
	for (int tries = 0; again && tries < 10; tries++) {
		again = false;
		words.msg[0] = 0;
		rc = open_once(dir, opts, ret, &again, &words);
	}
	return rc < 0 ? rk_fail(err, rc, "%s", words.msg[0] ? words.msg : strerror(-rc)) : 0;
}

int index_close(struct index *ix, struct rk_err *err)
{
	if (!ix)
		return 0;
	if (ix->has_thread) {
		pthread_mutex_lock(&ix->w);
		ix->stop = true;
		pthread_cond_signal(&ix->work);
		pthread_mutex_unlock(&ix->w);
		pthread_join(ix->thread, NULL);
		ix->has_thread = false;
	}
	int rc = 0;
	if (ix->wal && !ix->latched && !wal_latched(ix->wal))
		rc = log_owed(ix, err);
	if (rc == 0 && ix->wal && !ix->latched && !wal_latched(ix->wal))
		rc = wal_clean(ix->wal, err);
	destroy(ix);
	return rc;
}

const struct index_params *index_get_params(const struct index *ix)
{
	return &ix->params;
}

struct rk_dir *index_dir(const struct index *ix)
{
	return ix->dir;
}

const struct index_options *index_get_options(const struct index *ix)
{
	return &ix->opts;
}

uint64_t index_generation(const struct index *ix)
{
	return atomic_load(&ix->generation);
}

int index_snapshot(struct index *ix, struct snapshot **ret, struct rk_err *err)
{
	*ret = NULL;
	if (!ix->opts.read_only && atomic_load(&ix->nunindexed) == 0) {
		pthread_mutex_lock(&ix->v);
		if (ix->current && ix->current->seq == atomic_load(&ix->generation))
			*ret = snapshot_ref(ix->current);
		pthread_mutex_unlock(&ix->v);
		if (*ret)
			return 0;
	}
	pthread_mutex_lock(&ix->w);
	int rc = ix->opts.read_only ? follow(ix, err) : apply_unindexed(ix, err);
	if (rc == 0 && ix->current)
		*ret = snapshot_ref(ix->current);
	else if (rc == 0)
		rc = snapshot_build(ix, ret);
	if (rc == 0 && !ix->current) {
		pthread_mutex_lock(&ix->v);
		ix->current = snapshot_ref(*ret);
		pthread_mutex_unlock(&ix->v);
	}
	pthread_mutex_unlock(&ix->w);
	return rc < 0 ? rk_fail(err, rc, "taking a snapshot: %s", strerror(-rc)) : 0;
}

int index_put(struct index *ix, const struct rk_doc *d, uint64_t *ret_seq, struct rk_err *err)
{
	if (d->id_len == 0 || d->id_len > DOC_ID_MAX || memchr(d->id, 0, d->id_len))
		return rk_fail(err, -EINVAL, "an id has 1 to %d bytes and no NUL", DOC_ID_MAX);
	if (d->content_len > ix->opts.max_document)
		return rk_fail(err, -EFBIG, "%.*s: larger than max_document (%llu bytes)", (int)(d->id_len > 200 ? 200 : d->id_len), d->id,
			       (unsigned long long)ix->opts.max_document);
	struct rk_buf b = {0};
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = index_make_room(ix, err);
	if (rc == 0)
		rc = record_put_doc(d, &b);
	if (rc == 0)
		rc = index_log(ix, REC_ADD_DOCUMENT, &b, d->content, (size_t)d->content_len, ret_seq, err);
	if (rc == 0)
		rc = apply_put(ix, d, *ret_seq);
	pthread_mutex_unlock(&ix->w);
	rk_buf_done(&b);
	if (rc == 0)
		index_committed(ix);
	return rc;
}

int index_delete(struct index *ix, const void *id, size_t len, uint64_t *ret_seq, struct rk_err *err)
{
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	struct ifile *f = ifile_find(ix, id, len);
	if (rc == 0 && !(f && f->unindexed && f->committed) && !current_exists(ix, id, len, NULL))
		rc = rk_fail(err, -ENOENT, "%.*s: no such document", (int)(len > 200 ? 200 : len), (const char *)id);
	struct rk_buf b = {0};
	if (rc == 0)
		rc = index_log(ix, REC_DELETE_DOCUMENT, &b, id, len, ret_seq, err);
	if (rc == 0)
		rc = ifile_apply_unlink(ix, id, len, *ret_seq);
	pthread_mutex_unlock(&ix->w);
	if (rc == 0)
		index_committed(ix);
	return rc;
}

int index_sync(struct index *ix, uint64_t seq, struct rk_err *err)
{
	return ix->wal && wal_durable(ix->wal) < seq ? wal_sync(ix->wal, seq, err) : 0;
}

int index_flush(struct index *ix, struct rk_err *err)
{
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	if (rc == 0)
		rc = flush_locked(ix, err);
	pthread_mutex_unlock(&ix->w);
	return rc;
}
