/* replay.c - one WAL record applied again: the same functions as live writes, without logging; under the writer lock.
 *
 * A record that cannot be applied because of its own content (it was refused when it was written, too) is passed over; -ENOMEM ends the replay.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/replay_private.h"

static struct ifile *file_of(struct index *ix, const struct file_record *r)
{
	struct ifile *f = ifile_find(ix, r->path, r->path_len);
	if (!f) {
		f = ifile_new(ix, r->path, r->path_len);
		struct seg_doc_stat st;
		if (f && current_exists(ix, r->path, r->path_len, &st))
			f->size = st.size;
	}
	if (f) {
		f->no = r->no;
		f->listed_until_ns = 1; /* listings begin anew with the process */
	}
	return f;
}

/* FILE_NEW and FILE_BASE: where the pieces that follow start from. */
static int start(struct index *ix, struct ifile *f, uint32_t flags)
{
	if (!(flags & (FILE_NEW | FILE_BASE)))
		return 0;
	if (f->dirty || (flags & FILE_NEW)) {
		int rc = apply_unindexed_one(ix, f);
		if (rc < 0)
			return rc;
		f->content.len = 0;
		f->loaded = flags & FILE_NEW;
		f->size = 0;
	}
	f->dirty = f->emptied = f->acked = false;
	return 0;
}

static int drop(struct index *ix, struct ifile *f)
{
	int rc = apply_unindexed_one(ix, f);
	f->dirty = f->emptied = f->acked = false;
	rk_buf_done(&f->content);
	f->loaded = false;
	return rc;
}

static int replay_file(struct index *ix, const struct wal_record *rec)
{
	struct file_record r;
	int rc = record_get_file(rec->payload, rec->len, &r);
	struct ifile *f = rc == 0 ? file_of(ix, &r) : NULL;
	if (rc < 0)
		return rc;
	if (!f)
		return -ENOMEM;
	switch (rec->type) {
	case REC_FILE_WRITE:
	case REC_FILE_TRUNCATE:
		rc = start(ix, f, r.flags);
		if (rc == 0 && r.off + r.len > UINT32_MAX)
			return -EUCLEAN;
		if (rc == 0)
			rc = rec->type == REC_FILE_WRITE ? ifile_apply_write(ix, f, r.off, r.bytes, r.len) : ifile_apply_truncate(ix, f, r.off);
		f->mtime_ns = r.mtime_ns;
		f->mode = r.mode;
		if (rc == 0 && (r.flags & FILE_ACKED)) {
			f->acked = true;
			f->acked_len = f->size;
		}
		return rc;
	case REC_FILE_COMMIT:
		if (f->stream)
			return stream_finish(ix, f, rec->entry, r.flags & FILE_INTERRUPTED);
		f->mtime_ns = r.mtime_ns;
		f->mode = r.mode;
		f->interrupted = r.flags & FILE_INTERRUPTED;
		return ifile_apply_commit(ix, f, rec->entry);
	case REC_FILE_ATTR:
		f->mtime_ns = r.mtime_ns;
		f->mode = r.mode;
		return ifile_apply_commit(ix, f, rec->entry);
	case REC_FILE_DROP:
		return drop(ix, f);
	case REC_STREAM_WRITE:
		f->stream = true;
		f->staged = false;
		if (r.flags & FILE_NEW) {
			f->tail.len = 0;
			f->size = f->content.len = 0;
		}
		f->line = r.off;
		return stream_apply(ix, f, r.bytes, r.len, rec->entry, NULL);
	}
	return -EUCLEAN;
}

static int replay_one(struct index *ix, const struct wal_record *rec)
{
	struct rk_doc d;
	struct rename_record n;
	int rc;
	switch (rec->type) {
	case WAL_TYPE_CLEAN:
	case REC_ADD_SEGMENT:
		return 0;
	case REC_ADD_DOCUMENT:
		rc = record_get_doc(rec->payload, rec->len, &d);
		return rc < 0 ? rc : apply_put(ix, &d, rec->entry);
	case REC_DELETE_DOCUMENT:
		return rec->len ? ifile_apply_unlink(ix, (const char *)rec->payload, rec->len, rec->entry) : -EUCLEAN;
	case REC_RENAME:
		rc = record_get_rename(rec->payload, rec->len, &n);
		return rc < 0 ? rc : ifile_apply_rename(ix, n.from, n.from_len, n.to, n.to_len, rec->entry);
	case REC_FILE_WRITE:
	case REC_FILE_TRUNCATE:
	case REC_FILE_COMMIT:
	case REC_FILE_ATTR:
	case REC_FILE_DROP:
	case REC_STREAM_WRITE:
		return replay_file(ix, rec);
	}
	return -EUCLEAN;
}

int replay_record(void *arg, const struct wal_record *rec)
{
	struct index *ix = arg;
	int rc = replay_one(ix, rec);
	if (rc == -ENOMEM || rc == -ENOSPC)
		return rc;
	if (rc == -EUCLEAN)
		index_note_error(ix, "damage", "wal", "record %llu is not understood (type %u)", (unsigned long long)rec->entry, rec->type);
	ix->replayed += rec->type != WAL_TYPE_CLEAN;
	ix->follow_next = rec->entry + 1;
	if (ix->unindexed_bytes > (4u << 20))
		return apply_unindexed(ix, NULL);
	return 0;
}
