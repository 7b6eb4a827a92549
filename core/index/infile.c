/* infile.c - open descriptions of incoming/: write, truncate, flush, fsync, release, with the acknowledgement that the durability level promises.
 *
 * Each call: under the writer lock check, log, apply; without it tell on_commit, then wait for the sync. The order is what a crash needs: nothing is
 * applied that is not in the WAL, nothing acknowledged that is not durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"

static void touch(struct ifile *f)
{
	f->mtime_ns = f->ctime_ns = rk_wall_ns();
}

static int stream_write(struct index *ix, struct ifile *f, uint64_t off, const void *p, size_t n, uint64_t *ret_entry, struct rk_err *err)
{
	uint32_t flags = 0;
	if (off == 0 && f->size) { /* written again from the start */
		flags = FILE_NEW;
		f->tail.len = 0;
		f->size = f->content.len = f->line = 0;
	}
	if (off != f->size)
		return rk_fail(err, -EINVAL, "%s: a stream is written in order: offset %llu, expected %llu", f->path, (unsigned long long)off,
			       (unsigned long long)f->size);
	int rc = ifile_log(ix, f, REC_STREAM_WRITE, flags, f->line, p, n, ret_entry, err);
	if (rc < 0)
		return rc;
	f->data_entry = *ret_entry;
	f->dirty = true;
	touch(f);
	return stream_apply(ix, f, p, n, *ret_entry, err);
}

static int plain_write(struct index *ix, struct ifile *f, uint64_t off, const void *p, size_t n, bool acked, uint64_t *ret_entry, struct rk_err *err)
{
	if (off > ix->opts.max_document || n > ix->opts.max_document - off) {
		index_note_error(ix, "too-large", f->path, "over max_document = %llu bytes", (unsigned long long)ix->opts.max_document);
		return rk_fail(err, -EFBIG, "%s: larger than max_document (%llu bytes)", f->path, (unsigned long long)ix->opts.max_document);
	}
	if (f->unlinked) {
		*ret_entry = 0;
		return ifile_apply_write(ix, f, off, p, n);
	}
	int rc = f->emptied ? 0 : ifile_load(ix, f);
	uint32_t flags = (f->dirty ? 0 : f->size == 0 ? FILE_NEW : FILE_BASE) | (acked ? FILE_ACKED : 0);
	if (rc == 0 && off + n > f->content.cap)
		rc = rk_buf_reserve(&f->content, (size_t)(off + n) - f->content.len);
	if (rc == 0)
		rc = ifile_log(ix, f, REC_FILE_WRITE, flags, off, p, n, ret_entry, err);
	if (rc < 0)
		return rc;
	f->data_entry = *ret_entry;
	rc = ifile_apply_write(ix, f, off, p, n);
	if (rc == 0 && acked) {
		f->acked = true;
		f->acked_len = f->size;
	}
	touch(f);
	return rc;
}

int64_t infile_write(struct infile *h, uint64_t off, const void *p, size_t n, bool partial, bool sync, struct rk_err *err)
{
	struct index *ix = h->ix;
	struct ifile *f = h->f;
	uint64_t entry = 0;
	bool acked = sync || (partial && ix->opts.durability == DURABILITY_WRITE);
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	int rc = (h->flags & O_ACCMODE) == O_RDONLY ? -EBADF : check_writable(ix, err);
	if (rc == 0 && f->poisoned)
		rc = rk_fail(err, f->poisoned, "%s: an earlier write was refused; close the file first", f->path);
	if (rc == 0 && n)
		rc = index_make_room(ix, err);
	if (rc == 0 && n) {
		if (h->flags & O_APPEND)
			off = f->size;
		rc = f->stream ? stream_write(ix, f, off, p, n, &entry, err) : plain_write(ix, f, off, p, n, acked, &entry, err);
	}
	if (rc < 0 && rc != -EBADF && !f->stream)
		f->poisoned = rc; /* F4 */
	bool moved = ix->seq != before;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	if (entry && (rc == 0 || rc == -EINVAL) && acked) {
		int src = wal_sync(ix->wal, entry, err);
		if (src < 0)
			return src;
	}
	return rc < 0 ? rc : (int64_t)n;
}

int64_t infile_read(struct infile *h, uint64_t off, void *p, size_t n)
{
	struct index *ix = h->ix;
	struct ifile *f = h->f;
	pthread_mutex_lock(&ix->w);
	int64_t rc = 0;
	if (f->stream && f->content.len < f->size)
		rc = -EFBIG; /* too large to be kept: its documents are in docs/ */
	else if (!f->stream && !f->emptied)
		rc = ifile_load(ix, f);
	if (rc == 0 && off < f->content.len) {
		rc = (int64_t)(n < f->content.len - off ? n : f->content.len - off);
		memcpy(p, f->content.data + off, (size_t)rc);
	}
	pthread_mutex_unlock(&ix->w);
	return rc;
}

int infile_truncate(struct infile *h, uint64_t size, struct rk_err *err)
{
	struct index *ix = h->ix;
	struct ifile *f = h->f;
	uint64_t entry = 0;
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	if (rc == 0 && size > ix->opts.max_document)
		rc = rk_fail(err, -EFBIG, "%s: larger than max_document (%llu bytes)", f->path, (unsigned long long)ix->opts.max_document);
	if (rc == 0 && size == f->size)
		goto out;
	if (rc == 0 && f->stream) {
		if (size == 0) {
			f->tail.len = 0;
			f->size = f->content.len = f->line = 0;
		} else {
			rc = rk_fail(err, -EINVAL, "%s: a stream can only be emptied", f->path);
		}
		goto out;
	}
	if (rc == 0)
		rc = f->poisoned;
	if (rc == 0 && f->unlinked)
		rc = ifile_apply_truncate(ix, f, size);
	else if (rc == 0 && !f->dirty && size == 0) {
		/* As an O_TRUNC open: counts when something is written, or at the last close; until then the old version stays. */
		rc = apply_unindexed_one(ix, f);
		if (rc == 0) {
			f->content.len = 0;
			f->size = 0;
			f->loaded = f->emptied = true;
		}
	} else if (rc == 0) {
		uint32_t flags = f->dirty ? 0 : f->size == 0 ? FILE_NEW : FILE_BASE;
		rc = f->emptied ? 0 : ifile_load(ix, f);
		if (rc == 0)
			rc = ifile_log(ix, f, REC_FILE_TRUNCATE, flags, size, NULL, 0, &entry, err);
		if (rc == 0)
			rc = ifile_apply_truncate(ix, f, size);
		if (rc == 0)
			f->data_entry = entry;
		touch(f);
	}
out:
	pthread_mutex_unlock(&ix->w);
	if (entry && rc == 0 && ix->opts.durability == DURABILITY_WRITE)
		rc = wal_sync(ix->wal, entry, err);
	return rc;
}

/* Commits what is dirty; under w. */
static int commit_dirty(struct index *ix, struct ifile *f, bool last, struct rk_err *err)
{
	if (f->unlinked || !f->dirty || f->poisoned)
		return 0;
	if (f->stream) {
		f->dirty = false;
		if (f->tail.len == 0)
			return 0;
		uint64_t entry;
		int rc = ifile_log(ix, f, REC_FILE_COMMIT, last ? FILE_INTERRUPTED : 0, 0, NULL, 0, &entry, err);
		if (rc == 0)
			rc = stream_finish(ix, f, entry, last);
		f->dirty = f->tail.len != 0;
		return rc == -EINVAL ? 0 : rc;
	}
	int rc = ifile_log_commit(ix, f, err);
	if (rc < 0)
		f->poisoned = rc; /* F4: the old version stays */
	return rc;
}

int infile_flush(struct infile *h, struct rk_err *err)
{
	struct index *ix = h->ix;
	struct ifile *f = h->f;
	if ((h->flags & O_ACCMODE) == O_RDONLY)
		return 0;
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	int rc = f->dirty && !f->poisoned && !f->unlinked ? check_writable(ix, err) : 0;
	if (rc == 0)
		rc = commit_dirty(ix, f, false, err);
	uint64_t need = f->data_entry;
	bool moved = ix->seq != before;
	enum durability level = ix->opts.durability;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	if (rc == 0 && need && (level == DURABILITY_WRITE || level == DURABILITY_CLOSE) && ix->wal && wal_durable(ix->wal) < need)
		rc = wal_sync(ix->wal, need, err);
	return rc;
}

int infile_fsync(struct infile *h, struct rk_err *err)
{
	struct index *ix = h->ix;
	pthread_mutex_lock(&ix->w);
	struct ifile *f = h->f;
	int rc = 0;
	if (f->dirty && !f->stream && !f->unlinked && !f->poisoned && !(f->acked && f->acked_len == f->size)) {
		rc = check_writable(ix, err);
		if (rc == 0)
			rc = ifile_log(ix, f, REC_FILE_WRITE, FILE_ACKED, f->size, NULL, 0, &f->data_entry, err);
		f->acked = rc == 0;
		f->acked_len = f->size;
	}
	uint64_t need = f->data_entry;
	pthread_mutex_unlock(&ix->w);
	if (rc < 0)
		return rc;
	if (!ix->wal || !need || wal_durable(ix->wal) >= need)
		return 0;
	return wal_sync(ix->wal, need, err);
}

/* The last writer of a file whose writes were refused: back to the committed version. */
static void unpoison(struct index *ix, struct ifile *f)
{
	f->poisoned = 0;
	if (f->dirty && !f->unlinked && ix->wal && !ix->latched)
		ifile_log_drop(ix, f);
	f->dirty = f->emptied = f->acked = false;
	if (f->unindexed)
		apply_unindexed_one(ix, f);
	rk_buf_done(&f->content);
	f->loaded = false;
	struct seg_doc_stat st;
	if (current_exists(ix, f->path, f->node.len, &st)) {
		f->size = st.size;
	} else {
		f->size = 0;
		f->listed_until_ns = 1; /* a new file of which nothing could be kept goes */
	}
}

/* Truncated and never written: an empty file, which is no document. */
static void commit_emptied(struct index *ix, struct ifile *f)
{
	f->emptied = false;
	if (f->unlinked || (!f->unindexed && !current_exists(ix, f->path, f->node.len, NULL)))
		return;
	int rc = check_writable(ix, NULL);
	if (rc == 0)
		rc = ifile_log(ix, f, REC_FILE_TRUNCATE, FILE_NEW, 0, NULL, 0, &f->data_entry, NULL);
	f->dirty = rc == 0;
	f->poisoned = rc < 0 ? rc : 0; /* the old version stays */
}

void infile_release(struct infile *h, bool interrupted)
{
	struct index *ix = h->ix;
	struct ifile *f = h->f;
	bool writer = (h->flags & O_ACCMODE) != O_RDONLY;
	uint64_t need = 0;
	pthread_mutex_lock(&ix->w);
	uint64_t before = ix->seq;
	f->opens--;
	if (writer && --f->writers == 0) {
		f->listed_until_ns = rk_mono_ns() + (uint64_t)ix->opts.linger_s * 1000000000u;
		bool ours = f->dirty || f->unindexed;
		if (interrupted && !f->stream && !f->unlinked && f->size && !f->poisoned) {
			f->interrupted = true;
			index_note_error(ix, "interrupted", f->path, "its writer was killed; %llu bytes were kept", (unsigned long long)f->size);
			if (!ours || f->unindexed)
				f->dirty = true; /* commits once more, with the mark */
		}
		if (f->emptied && !f->poisoned)
			commit_emptied(ix, f);
		if (f->dirty && check_writable(ix, NULL) == 0 && commit_dirty(ix, f, true, NULL) == 0)
			need = f->data_entry;
		if (f->poisoned)
			unpoison(ix, f);
	}
	if (f->opens == 0 && !f->unindexed && !f->dirty && !f->stream && !f->emptied) {
		rk_buf_done(&f->content); /* the index has it */
		f->loaded = false;
	}
	ifile_settle(ix, f);
	bool moved = ix->seq != before;
	enum durability level = ix->opts.durability;
	pthread_mutex_unlock(&ix->w);
	if (moved)
		index_committed(ix);
	if (need && (level == DURABILITY_WRITE || level == DURABILITY_CLOSE) && wal_durable(ix->wal) < need)
		wal_sync(ix->wal, need, NULL); /* nobody hears of an error here; the latch does */
	free(h);
}
