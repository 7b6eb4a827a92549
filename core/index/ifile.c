/* ifile.c - the state of one file of incoming/ and how records change it: the same functions serve live writes and replay; under the writer lock.
 *
 * Invariants. F1: an ifile that is neither dirty nor emptied holds the committed version of its id. F2: a dirty one's pieces are all in the WAL, from a
 * record with FILE_NEW or FILE_BASE on. F3: content[0..committed) does not change while the file is unindexed. F4: a refused write poisons the file:
 * what came since the last commit is dropped at the last close, and the old version stays whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"

struct ifile *ifile_find(struct index *ix, const char *path, size_t len)
{
	return (struct ifile *)pt_find(&ix->files, path, len);
}

struct ifile *ifile_new(struct index *ix, const char *path, size_t len)
{
	struct ifile *f = calloc(1, sizeof(*f));
	char *p = malloc(len + 1);
	if (!f || !p) {
		free(f);
		free(p);
		return NULL;
	}
	memcpy(p, path, len);
	p[len] = 0;
	f->path = p;
	f->node.path = p;
	f->node.len = (uint32_t)len;
	f->no = ix->next_file++;
	f->staged = inbox_is_staged(path, len);
	f->stream = inbox_is_stream(path, len);
	f->mtime_ns = f->ctime_ns = rk_wall_ns();
	f->mode = 0644;
	pt_insert(&ix->files, &f->node);
	return f;
}

void ifile_free(struct index *ix, struct ifile *f)
{
	ifile_unindex(ix, f);
	if (!f->unlinked)
		pt_remove(&ix->files, &f->node);
	rk_buf_done(&f->content);
	rk_buf_done(&f->tail);
	free(f->path);
	free(f);
}

void ifile_settle(struct index *ix, struct ifile *f)
{
	if (f->opens || f->is_dir)
		return;
	if (f->unlinked || (!f->dirty && !f->unindexed && !f->emptied && f->listed_until_ns && rk_mono_ns() >= f->listed_until_ns))
		ifile_free(ix, f);
}

int ifile_load(struct index *ix, struct ifile *f)
{
	if (f->loaded)
		return 0;
	struct rk_buf hold = {0};
	struct rk_doc d;
	int rc = current_load(ix, f->path, f->node.len, &hold, &d);
	f->content.len = 0;
	if (rc >= 0)
		rc = rk_buf_put(&f->content, d.content, (size_t)d.content_len);
	else if (rc == -ENOENT)
		rc = 0;
	rk_buf_done(&hold);
	if (rc < 0)
		return rc;
	f->loaded = true;
	f->size = f->content.len;
	return 0;
}

static int keep_committed(struct index *ix, struct ifile *f, uint64_t from)
{
	return f->unindexed && from < f->committed ? apply_unindexed_one(ix, f) : 0; /* F3 */
}

int ifile_apply_write(struct index *ix, struct ifile *f, uint64_t off, const void *p, size_t n)
{
	int rc = ifile_load(ix, f);
	if (rc == 0)
		rc = keep_committed(ix, f, off);
	if (rc == 0)
		rc = ifile_load(ix, f);
	if (rc < 0)
		return rc;
	size_t end = (size_t)off + n;
	if (end > f->content.len) {
		if (rk_buf_reserve(&f->content, end - f->content.len) < 0) {
			f->content.bad = false;
			return -ENOMEM;
		}
		if (off > f->content.len)
			memset(f->content.data + f->content.len, 0, (size_t)off - f->content.len);
		f->content.len = end;
	}
	if (n)
		memcpy(f->content.data + off, p, n);
	f->size = f->content.len;
	f->dirty = true;
	f->emptied = false;
	return 0;
}

int ifile_apply_truncate(struct index *ix, struct ifile *f, uint64_t size)
{
	int rc = ifile_load(ix, f);
	if (rc == 0)
		rc = keep_committed(ix, f, size);
	if (rc == 0)
		rc = ifile_load(ix, f);
	if (rc < 0)
		return rc;
	if (size > f->content.len)
		return ifile_apply_write(ix, f, size, NULL, 0);
	f->content.len = (size_t)size;
	f->size = size;
	f->dirty = true;
	f->emptied = false;
	return 0;
}

int ifile_apply_commit(struct index *ix, struct ifile *f, uint64_t entry)
{
	int rc = ifile_load(ix, f);
	if (rc < 0)
		return rc;
	if (f->unindexed) {
		ix->unindexed_bytes -= f->committed;
	} else {
		f->unindexed = true;
		f->unindexed_since_ns = rk_mono_ns();
		f->next_unindexed = NULL;
		*ix->unindexed_tail = f;
		ix->unindexed_tail = &f->next_unindexed;
		atomic_fetch_add(&ix->nunindexed, 1);
	}
	f->committed = f->content.len;
	ix->unindexed_bytes += f->committed;
	f->commit_entry = entry;
	f->dirty = f->emptied = f->acked = false;
	if (!f->staged) {
		ix->seq = entry;
		atomic_store(&ix->generation, entry);
		snapshot_forget(ix);
	}
	return 0;
}

static struct file_record record_of(const struct ifile *f, uint32_t flags)
{
	return (struct file_record){
		.no = f->no, .flags = flags, .path = f->path, .path_len = f->node.len, .mtime_ns = f->mtime_ns, .mode = f->mode};
}

int ifile_log(struct index *ix, struct ifile *f, uint8_t type, uint32_t flags, uint64_t off, const void *p, size_t n, uint64_t *ret, struct rk_err *err)
{
	struct file_record r = record_of(f, flags);
	r.off = off;
	struct rk_buf b = {0};
	int rc = record_put_file(&r, &b);
	if (rc == 0)
		rc = index_log(ix, type, &b, p, n, ret, err);
	rk_buf_done(&b);
	return rc;
}

void ifile_log_drop(struct index *ix, struct ifile *f)
{
	struct file_record r = record_of(f, 0);
	struct rk_buf b = {0};
	uint64_t entry;
	if (record_put_file(&r, &b) == 0 && index_log(ix, REC_FILE_DROP, &b, NULL, 0, &entry, NULL) < 0)
		index_owe(ix, REC_FILE_DROP, &b);
	rk_buf_done(&b);
}

/* When all of it was acknowledged it is a document whether its commit can be logged now or later: recovery would keep it, too. */
int ifile_log_commit(struct index *ix, struct ifile *f, struct rk_err *err)
{
	struct file_record r = record_of(f, f->interrupted ? FILE_INTERRUPTED : 0);
	struct rk_buf b = {0};
	uint64_t entry;
	int rc = record_put_file(&r, &b);
	if (rc == 0)
		rc = index_log(ix, REC_FILE_COMMIT, &b, NULL, 0, &entry, err);
	if (rc < 0 && f->acked && f->acked_len == f->size && !ix->latched) {
		entry = index_owe(ix, REC_FILE_COMMIT, &b);
		rc = 0;
	}
	rk_buf_done(&b);
	return rc < 0 ? rc : ifile_apply_commit(ix, f, entry);
}

int ifile_relog(struct index *ix, struct ifile *f, struct rk_err *err)
{
	uint64_t entry;
	if (f->stream) {
		if (f->tail.len == 0)
			return 0;
		return ifile_log(ix, f, REC_STREAM_WRITE, FILE_NEW, f->line, f->tail.data, f->tail.len, &f->data_entry, err);
	}
	if (!f->dirty || f->unlinked)
		return 0;
	/* What was acknowledged first, in a record of its own, so that recovery can still tell it from the rest. */
	size_t acked = f->acked && f->acked_len <= f->content.len ? (size_t)f->acked_len : 0;
	int rc = ifile_log(ix, f, REC_FILE_WRITE, FILE_NEW | (f->acked ? FILE_ACKED : 0), 0, f->content.data, acked, &entry, err);
	if (rc == 0 && acked < f->content.len)
		rc = ifile_log(ix, f, REC_FILE_WRITE, 0, acked, f->content.data + acked, f->content.len - acked, &entry, err);
	if (rc == 0)
		f->data_entry = entry;
	return rc;
}

/* Takes the name away from a file: what is open goes on without a name. */
static void detach(struct index *ix, struct ifile *f)
{
	ifile_unindex(ix, f);
	pt_remove(&ix->files, &f->node);
	f->unlinked = true;
	f->dirty = f->emptied = false;
	ifile_settle(ix, f);
}

int ifile_apply_unlink(struct index *ix, const char *path, size_t len, uint64_t entry)
{
	struct ifile *f = ifile_find(ix, path, len);
	bool had_commit = f && f->unindexed && f->committed;
	if (f && !f->is_dir)
		detach(ix, f);
	int rc = apply_delete(ix, path, len, entry);
	if (rc == -ENOENT && f) {
		rc = 0;
		if (had_commit) {
			ix->seq = entry;
			atomic_store(&ix->generation, entry);
			snapshot_forget(ix);
		}
	}
	return rc;
}

int ifile_rekey(struct index *ix, struct ifile *f, const char *to, size_t len)
{
	char *p = malloc(len + 1);
	if (!p)
		return -ENOMEM;
	memcpy(p, to, len);
	p[len] = 0;
	pt_remove(&ix->files, &f->node);
	free(f->path);
	f->path = p;
	f->node.path = p;
	f->node.len = (uint32_t)len;
	f->staged = inbox_is_staged(to, len);
	f->ctime_ns = rk_wall_ns();
	pt_insert(&ix->files, &f->node);
	return 0;
}

/* A plain or staged file gets the name of a stream: its content is the stream's. */
static int become_stream(struct index *ix, const char *to, size_t to_len, const struct rk_doc *d, uint64_t entry)
{
	struct ifile *s = ifile_find(ix, to, to_len);
	if (!s)
		s = ifile_new(ix, to, to_len);
	if (!s)
		return -ENOMEM;
	s->listed_until_ns = rk_mono_ns() + (uint64_t)ix->opts.linger_s * 1000000000u;
	struct rk_err err = {{0}};
	int rc = stream_apply(ix, s, d->content, (size_t)d->content_len, entry, &err);
	if (rc == 0 || rc == -EINVAL)
		rc = stream_finish(ix, s, entry, true);
	return rc == -EINVAL ? 0 : rc;
}

int ifile_apply_rename(struct index *ix, const char *from, size_t from_len, const char *to, size_t to_len, uint64_t entry)
{
	struct ifile *f = ifile_find(ix, from, from_len);
	int rc = f && f->unindexed ? apply_unindexed_one(ix, f) : 0;
	if (rc < 0)
		return rc;
	struct rk_buf hold = {0};
	struct rk_doc d;
	int had = current_load(ix, from, from_len, &hold, &d);
	if (had < 0 && had != -ENOENT) {
		rc = had;
		goto out;
	}
	bool to_stream = inbox_is_stream(to, to_len);
	if (!to_stream || !ifile_find(ix, to, to_len)) {
		rc = ifile_apply_unlink(ix, to, to_len, entry);
		if (rc < 0 && rc != -ENOENT)
			goto out;
		rc = 0;
	}
	if (had >= 0 && to_stream && !inbox_is_stream(from, from_len)) {
		rc = become_stream(ix, to, to_len, &d, entry);
	} else if (had >= 0) {
		d.id = to;
		d.id_len = (uint32_t)to_len;
		d.flags = (d.flags & ~(uint32_t)DOC_STAGED) | (inbox_is_staged(to, to_len) ? DOC_STAGED : 0);
		rc = apply_put(ix, &d, entry);
	}
	if (rc == 0 && had >= 0)
		rc = apply_delete(ix, from, from_len, entry);
	f = ifile_find(ix, from, from_len);
	if (rc == 0 && f) {
		if (to_stream && !f->stream)
			detach(ix, f);
		else
			rc = ifile_rekey(ix, f, to, to_len);
	}
out:
	rk_buf_done(&hold);
	return rc;
}
