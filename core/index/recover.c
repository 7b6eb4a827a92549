/* recover.c - opening an index in ten named steps: lock, ids, log, temporary files, live segments, stale merges, stale handles, replay, verify, ready.
 *
 * Each step can be done again after a crash in the middle of it. Nothing is acknowledged before the last one; wal_open makes what was replayed durable
 * first (a page cache may show bytes that are not on disk) and begins a new file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/replay_private.h"
#include "core/segment/tombstones.h"

static int step_lock(struct index *ix, struct rk_err *err)
{
	if (ix->opts.read_only)
		return 0;
	int rc = ix->dir->ops->lease_take(ix->dir, INDEX_WRITER_LOCK, RK_LEASE_EXCLUSIVE, ix->opts.holder ? ix->opts.holder : "rankfs", &ix->lease, err);
	return rc == -EAGAIN ? rk_wrap(err, rc, "the index has a writer already") : rc;
}

static int step_ids(struct index *ix, struct rk_err *err)
{
	int rc = manifest_load(ix->dir, &ix->manifest, err);
	if (rc == -ENOENT)
		return rk_wrap(err, rc, "no index here (rankfs init makes one)");
	if (rc < 0)
		return rc;
	ix->params = ix->manifest.params;
	ix->seq = ix->manifest.seq;
	ix->nlive = ix->manifest.nlive;
	ix->follow_next = ix->manifest.wal_from;
	return analyzer_new(&ix->params.analyzer, &ix->analyzer, err);
}

static int step_log(struct index *ix)
{
	int rc = memtable_new(&ix->mem);
	if (rc == 0 && !(ix->order = mem_order_new(ix->mem)))
		rc = -ENOMEM;
	return rc;
}

/* Names that nothing refers to: temporary files, segments and bitmaps of flushes that were not switched to. */
struct sweep {
	struct index *ix;
	struct rk_buf names; /* NUL-terminated, one behind the other */
};

static bool is_live(const struct manifest *m, const char *name)
{
	char tomb[96];
	unsigned long long id;
	int n = 0;
	if (sscanf(name, "segments/segment_%llx/%n", &id, &n) != 1 || !n)
		return true; /* not ours to judge */
	for (uint32_t i = 0; i < m->nsegments; i++) {
		if (m->segments[i].id != id)
			continue;
		tombstones_name(id, m->segments[i].tombstones, tomb);
		return strncmp(name + n, "tombstones_", 11) != 0 || (m->segments[i].tombstones && strcmp(name, tomb) == 0);
	}
	return false;
}

static int sweep_one(void *arg, const char *name, uint64_t size)
{
	(void)size;
	struct sweep *s = arg;
	size_t n = strlen(name);
	bool temp = n > 4 && strcmp(name + n - 4, ".tmp") == 0;
	if (temp || !is_live(&s->ix->manifest, name))
		rk_buf_put(&s->names, name, n + 1);
	return s->names.bad ? -ENOMEM : 0;
}

static int step_temp_files(struct index *ix, struct rk_err *err)
{
	struct sweep s = {.ix = ix};
	if (ix->opts.read_only)
		return 0;
	int rc = ix->dir->ops->list(ix->dir, "", sweep_one, &s, err);
	for (size_t at = 0; rc == 0 && at < s.names.len; at += strlen((char *)s.names.data + at) + 1) {
		rc = ix->dir->ops->remove(ix->dir, (char *)s.names.data + at, err);
		rc = rc == -ENOENT ? 0 : rc;
	}
	rk_buf_done(&s.names);
	return rc;
}

static int step_live_segments(struct index *ix, struct rk_err *err)
{
	return index_open_segments(ix, &ix->manifest, err);
}

static int step_stale_merges(struct index *ix)
{
	(void)ix; /* this version starts no merges: step_temp_files removes what a later one may have left unfinished */
	return 0;
}

static int step_stale_handles(struct index *ix)
{
	(void)ix; /* readers hold mappings, not files of their own: nothing of a dead one is left */
	return 0;
}

static int step_replay(struct index *ix, struct wal_report *report, struct rk_err *err)
{
	int rc = wal_read(ix->dir, ix->manifest.wal_from, replay_record, ix, report, err);
	if (rc == -EUCLEAN) {
		ix->degraded = ix->latched = true;
		snprintf(ix->health_why, sizeof(ix->health_why),
			 "the log is damaged in %s at offset %llu: acknowledged entries %llu to %llu cannot be read; nothing is written until it is repaired",
			 report->bad_file, (unsigned long long)report->bad_off, (unsigned long long)report->bad_entry,
			 (unsigned long long)report->bad_last);
		index_note_error(ix, "damage", "wal", "%s", ix->health_why);
		rc = 0;
	}
	return rc == 0 ? apply_unindexed(ix, err) : rc;
}

/* Files that were being written: what was acknowledged is kept and marked, the rest was never promised. */
static int settle_files(struct index *ix, uint64_t *kept, uint64_t *dropped, struct rk_err *err)
{
	int rc = 0;
	struct pt_node *n = pt_lower(&ix->files, "", 0);
	struct rk_buf key = {0};
	while (rc == 0 && n) {
		struct ifile *f = (struct ifile *)n;
		key.len = 0;
		rk_buf_put(&key, f->path, f->node.len);
		rk_buf_u8(&key, '/');
		if (f->stream) {
			rc = stream_finish(ix, f, ix->seq, true);
			rc = rc == -EINVAL ? 0 : rc;
			f->dirty = false;
		} else if (f->dirty && f->acked) {
			f->interrupted = true;
			if (f->acked_len < f->size) {
				rc = ifile_log(ix, f, REC_FILE_TRUNCATE, 0, f->acked_len, NULL, 0, &f->data_entry, err);
				if (rc == 0)
					rc = ifile_apply_truncate(ix, f, f->acked_len);
			}
			if (rc == 0)
				rc = ifile_log_commit(ix, f, err);
			index_note_error(ix, "interrupted", f->path, "the mount ended while it was written; %llu acknowledged bytes were kept",
					 (unsigned long long)f->size);
			(*kept)++;
		} else if (f->dirty) {
			uint64_t entry;
			rc = ifile_log(ix, f, REC_FILE_DROP, 0, 0, NULL, 0, &entry, err);
			f->dirty = false;
			rk_buf_done(&f->content);
			f->loaded = false;
			(*dropped)++;
		}
		if (rc == 0 && f->unindexed)
			rc = apply_unindexed_one(ix, f);
		if (rc == 0)
			ifile_settle(ix, f);
		if (key.bad)
			rc = -ENOMEM;
		n = pt_lower(&ix->files, (char *)key.data, key.len);
	}
	rk_buf_done(&key);
	return rc;
}

static int step_verify(struct index *ix, const struct wal_report *report, struct rk_err *err)
{
	if (ix->opts.read_only || ix->latched)
		return 0;
	uint64_t next = (report->last >= ix->manifest.wal_from ? report->last : ix->manifest.wal_from - 1) + 1;
	int rc = wal_open(ix->dir, next, ix->opts.wal_file, &ix->wal, err);
	uint64_t kept = 0, dropped = 0;
	if (rc == 0) {
		ix->next_file = wal_next(ix->wal) + 1; /* above every number that the log holds */
		rc = settle_files(ix, &kept, &dropped, err);
	}
	if (rc == 0 && ix->last_append)
		rc = wal_sync(ix->wal, ix->last_append, err);
	snprintf(ix->recovery, sizeof(ix->recovery),
		 "%s: %llu records replayed, %llu bytes of an unacknowledged tail cut, %llu interrupted files kept, %llu unfinished ones dropped",
		 report->clean || !report->records ? "clean" : "recovered", (unsigned long long)ix->replayed, (unsigned long long)report->cut_bytes,
		 (unsigned long long)kept, (unsigned long long)dropped);
	return rc;
}

static int step_ready(struct index *ix, struct rk_err *err)
{
	if (memtable_bytes(ix->mem) < ix->opts.writer_buffer || !ix->wal)
		return 0;
	return flush_locked(ix, err);
}

int recover(struct index *ix, struct rk_err *err)
{
	struct wal_report report = {0};
	int rc = step_lock(ix, err);
	if (rc == 0)
		rc = step_ids(ix, err);
	if (rc == 0)
		rc = step_log(ix);
	if (rc == 0)
		rc = step_temp_files(ix, err);
	if (rc == 0)
		rc = step_live_segments(ix, err);
	if (rc == 0)
		rc = step_stale_merges(ix);
	if (rc == 0)
		rc = step_stale_handles(ix);
	if (rc == 0)
		rc = step_replay(ix, &report, err);
	if (rc == 0)
		rc = step_verify(ix, &report, err);
	if (rc == 0)
		rc = step_ready(ix, err);
	atomic_store(&ix->generation, ix->seq);
	return rc;
}

/* A read-only handle starts over from a new manifest. */
static int follow_reload(struct index *ix, struct manifest *m, struct rk_err *err)
{
	manifest_done(&ix->manifest);
	ix->manifest = *m;
	while (ix->files.root)
		ifile_free(ix, (struct ifile *)ix->files.root);
	snapshot_forget(ix);
	ix->order = mem_order_unref(ix->order);
	ix->mem = memtable_unref(ix->mem);
	dirs_done(&ix->dirs);
	ix->nlive = m->nlive;
	ix->follow_next = m->wal_from;
	int rc = step_log(ix);
	if (rc == 0)
		rc = index_open_segments(ix, &ix->manifest, err);
	return rc;
}

int follow(struct index *ix, struct rk_err *err)
{
	uint64_t now = rk_mono_ns();
	if (ix->follow_checked_ns && now - ix->follow_checked_ns < 20000000u)
		return 0;
	int rc = 0;
	/* The writer may drop a segment or a log between our two reads: then its manifest has moved on, look again. */
	for (int tries = 0; tries < 10; tries++) {
		struct manifest m;
		rc = manifest_load(ix->dir, &m, err);
		if (rc < 0)
			return rc;
		if (m.generation != ix->manifest.generation)
			rc = follow_reload(ix, &m, err);
		else
			manifest_done(&m);
		struct wal_report report;
		if (rc == 0)
			rc = wal_read(ix->dir, ix->follow_next, replay_record, ix, &report, NULL);
		if (rc != -ENOENT)
			break;
		ix->manifest.generation = 0; /* forces a reload */
	}
	if (rc == -EUCLEAN)
		rc = 0; /* the writer's next start will say so; what was read stands */
	if (rc == 0)
		rc = apply_unindexed(ix, err);
	if (ix->seq < ix->manifest.seq)
		ix->seq = ix->manifest.seq;
	atomic_store(&ix->generation, ix->seq);
	ix->follow_checked_ns = now;
	return rc;
}
