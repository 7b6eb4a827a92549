/* flush.c - memtable to segment: freeze, write, switch the manifest, drop the log behind it.
 *
 * Order, each step durable before the next: (1) the new WAL file, with the state of files that are still being written; (2) the segment and the
 * tombstone bitmaps; (3) the manifest; (4) old WAL files and bitmaps go. A crash before (3) leaves orphans that recovery removes; after (3) leaves old
 * files that it removes too. A failed flush keeps the frozen memtable in memory and its log on disk, and is tried again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"
#include "core/segment/seg_write.h"
#include "core/segment/tombstones.h"

static uint64_t death_of(const struct deadset *d, docid_t doc)
{
	_Atomic uint64_t *page = atomic_load(&d->pages[doc / DEADSET_PAGE]);
	return page ? atomic_load(&page[doc % DEADSET_PAGE]) : 0;
}

static int freeze(struct index *ix, struct rk_err *err)
{
	struct memtable *fresh;
	int rc = memtable_new(&fresh);
	if (rc < 0)
		return rc;
	struct mem_order *order = mem_order_new(fresh);
	uint64_t first;
	rc = order ? wal_rotate(ix->wal, &first, err) : -ENOMEM;
	if (rc < 0) {
		mem_order_unref(order);
		memtable_unref(fresh);
		return rc;
	}
	ix->frozen = (struct frozen){
		.mem = ix->mem, .order = ix->order, .dirs = ix->dirs, .seq = first - 1, .wal_from = first, .nlive = ix->nlive};
	ix->mem = fresh;
	ix->order = order;
	ix->dirs = (struct pathtree){0};
	return 0;
}

static int relog_dirty(struct index *ix, struct pt_node *n, struct rk_err *err)
{
	if (!n)
		return 0;
	int rc = ifile_relog(ix, (struct ifile *)n, err);
	if (rc == 0)
		rc = relog_dirty(ix, n->left, err);
	return rc < 0 ? rc : relog_dirty(ix, n->right, err);
}

static int write_term(struct seg_writer *w, struct memtable *m, uint32_t limit, const struct memtable_term *t, const docid_t *map, struct rk_err *err)
{
	static const struct cursor zero;
	struct cursor c = zero;
	int rc = memtable_cursor(m, limit, t->term, t->len, &c);
	if (rc <= 0)
		return rc;
	bool begun = false;
	docid_t target = 0;
	rc = 0;
	while (rc == 0 && cursor_seek(&c, target) && cursor_load(&c, true)) {
		for (uint32_t i = 0; i < c.n && rc == 0; i++) {
			if (map[c.docs[i]] == DOC_END)
				continue;
			const uint32_t *pos;
			if (!begun)
				rc = seg_write_term(w, t->term, t->len, err);
			begun = true;
			if (rc == 0 && c.ops->positions(&c, i, &pos) < 0)
				rc = c.rc < 0 ? c.rc : -ENOMEM;
			if (rc == 0)
				rc = seg_write_posting(w, map[c.docs[i]], c.tfs[i], pos, err);
		}
		target = c.last + 1;
	}
	if (rc == 0)
		rc = c.rc;
	c.ops->done(&c);
	return rc;
}

static int write_docs(struct seg_writer *w, const struct index *ix, struct memtable *m, uint32_t limit, uint64_t seq, docid_t *map, docid_t *ret_n,
		      struct rk_err *err)
{
	docid_t n = 0;
	for (uint32_t i = 0; i < limit; i++) {
		map[i] = DOC_END;
		if (deadset_is_dead(memtable_dead(m), i, seq))
			continue;
		struct rk_doc d = *memtable_doc(m, i);
		int rc = seg_write_doc(w, &d, memtable_length(m, i), err);
		if (rc < 0)
			return rc;
		map[i] = n++;
		if (ix->opts.progress && n % 4096 == 0)
			ix->opts.progress(ix->opts.arg, "flush", i, limit);
	}
	*ret_n = n;
	return 0;
}

/* Writes the frozen memtable; ret_n: documents in it (0: no segment was made). Without w: nothing here changes but what is counted or atomic. */
static int write_segment(struct index *ix, uint64_t id, docid_t *map, docid_t *ret_n, struct rk_err *err)
{
	struct memtable *m = ix->frozen.mem;
	uint32_t limit = memtable_ndocs(m);
	struct seg_write_params params = {.id = id,
					  .store_content = !ix->opts.no_store,
					  .first_entry = ix->manifest.wal_from,
					  .last_entry = ix->frozen.seq,
					  .created_ns = rk_wall_ns()};
	struct seg_writer *w;
	struct memtable_term *terms = NULL;
	size_t nterms = 0;
	int rc = seg_write_new(ix->dir, &params, &w, err);
	if (rc < 0)
		return rc;
	rc = write_docs(w, ix, m, limit, ix->frozen.seq, map, ret_n, err);
	if (rc == 0 && *ret_n)
		rc = memtable_terms(m, limit, "", 0, &terms, &nterms);
	for (size_t i = 0; i < nterms && rc == 0; i++)
		rc = write_term(w, m, limit, &terms[i], map, err);
	free(terms);
	if (rc < 0 || *ret_n == 0) {
		seg_write_abort(w);
		return rc;
	}
	return seg_write_commit(w, err);
}

static int write_tombstones(struct index *ix, struct manifest *m, struct rk_err *err)
{
	for (uint32_t i = 0; i < ix->nsegs; i++) {
		struct seg_slot *s = &ix->segs[i];
		uint32_t n = seg_get_info(s->seg)->ndocs, ndead = 0;
		uint64_t *bits = calloc((n + 63) / 64 + 1, sizeof(*bits));
		if (!bits)
			return -ENOMEM;
		for (uint32_t d = 0; d < n; d++) {
			if (deadset_is_dead(&s->dead->set, d, ix->frozen.seq)) {
				bits[d / 64] |= UINT64_C(1) << (d % 64);
				ndead++;
			}
		}
		int rc = 0;
		if (ndead != m->segments[i].ndead) {
			rc = tombstones_write(ix->dir, m->segments[i].id, ix->frozen.seq, bits, n, err);
			if (rc == -EEXIST)
				rc = 0; /* of a flush that failed after this step: the same bits */
			m->segments[i].tombstones = ix->frozen.seq;
			m->segments[i].ndead = ndead;
		}
		free(bits);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int copy_manifest(const struct manifest *from, struct manifest *ret)
{
	*ret = *from;
	ret->segments = calloc(from->nsegments + 1, sizeof(*ret->segments));
	if (!ret->segments)
		return -ENOMEM;
	if (from->nsegments)
		memcpy(ret->segments, from->segments, from->nsegments * sizeof(*ret->segments));
	return 0;
}

/* The new segment takes the frozen memtable's place; deaths that came meanwhile move over. Under w. */
static int install(struct index *ix, struct seg *seg, const docid_t *map)
{
	struct seg_slot slot = {.seg = seg};
	if (seg) {
		struct seg_slot *grown = realloc(ix->segs, (ix->nsegs + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		ix->segs = grown;
		slot.dead = segdead_new(seg_get_info(seg)->ndocs);
		if (!slot.dead)
			return -ENOMEM;
		const struct deadset *d = memtable_dead(ix->frozen.mem);
		uint32_t n = memtable_ndocs(ix->frozen.mem);
		for (uint32_t i = 0; i < n; i++) {
			uint64_t at = map[i] == DOC_END ? 0 : death_of(d, i);
			if (at && deadset_mark(&slot.dead->set, map[i], at) < 0) {
				segdead_unref(slot.dead);
				return -ENOMEM;
			}
		}
		ix->segs[ix->nsegs++] = slot;
	}
	mem_order_unref(ix->frozen.order);
	memtable_unref(ix->frozen.mem);
	dirs_done(&ix->frozen.dirs);
	ix->frozen = (struct frozen){0};
	snapshot_forget(ix);
	return 0;
}

static void remove_old_tombstones(struct index *ix, const struct manifest *old, const struct manifest *now)
{
	for (uint32_t i = 0; i < old->nsegments; i++) {
		char name[96];
		if (old->segments[i].tombstones && old->segments[i].tombstones != now->segments[i].tombstones) {
			tombstones_name(old->segments[i].id, old->segments[i].tombstones, name);
			ix->dir->ops->remove(ix->dir, name, NULL);
		}
	}
}

/* Everything after the freeze; without w until the new segment is installed. */
static int write_out(struct index *ix, struct rk_err *err)
{
	struct manifest m = {0};
	struct seg *seg = NULL;
	docid_t n = 0;
	uint64_t id = ix->manifest.next_segment, relogged = ix->last_append;
	docid_t *map = malloc((memtable_ndocs(ix->frozen.mem) + 1) * sizeof(*map));
	int rc = map ? copy_manifest(&ix->manifest, &m) : -ENOMEM;
	pthread_mutex_unlock(&ix->w);
	if (rc == 0 && relogged >= ix->frozen.wal_from)
		rc = wal_sync(ix->wal, relogged, err);
	if (rc == 0)
		rc = write_segment(ix, id, map, &n, err);
	if (rc == 0)
		rc = write_tombstones(ix, &m, err);
	if (rc == 0 && n)
		rc = seg_open(ix->dir, id, &seg, err);
	if (rc == 0) {
		if (n)
			m.segments[m.nsegments++] = (struct manifest_segment){.id = id, .ndocs = n};
		m.generation++;
		m.next_segment = n ? id + 1 : id;
		m.wal_from = ix->frozen.wal_from;
		m.seq = ix->frozen.seq;
		m.nlive = ix->frozen.nlive;
		rc = manifest_store(ix->dir, &m, err);
	}
	pthread_mutex_lock(&ix->w);
	if (rc == 0)
		rc = install(ix, seg, map);
	free(map);
	if (rc < 0) {
		/* Whether the switch took place is unknown after an error in it: the segment stays, recovery removes it if nothing names it. */
		seg_unref(seg);
		if (rc != -ENOSPC && rc != -ENOMEM && rc != -EMFILE && !ix->latched) {
			ix->latched = true;
			snprintf(ix->health_why, sizeof(ix->health_why), "a flush failed: %.400s", err && err->msg[0] ? err->msg : strerror(-rc));
		}
		ix->manifest.next_segment = id + 1;
		manifest_done(&m);
		return rc;
	}
	struct manifest old = ix->manifest;
	ix->manifest = m;
	remove_old_tombstones(ix, &old, &m);
	manifest_done(&old);
	ix->flushes++;
	uint64_t entry, payload[2] = {htole64(n ? id : 0), htole64(m.wal_from)};
	struct rk_buf none = {0};
	index_log(ix, REC_ADD_SEGMENT, &none, payload, sizeof(payload), &entry, NULL);
	(void)wal_drop(ix->wal, m.wal_from, NULL); /* what cannot be dropped now goes with the next flush */
	return 0;
}

int flush_locked(struct index *ix, struct rk_err *err)
{
	while (ix->flushing)
		pthread_cond_wait(&ix->room, &ix->w);
	ix->flushing = true;
	int rc = 0;
	while (rc == 0) {
		if (!ix->frozen.mem) {
			rc = apply_unindexed(ix, err);
			uint32_t n = memtable_ndocs(ix->mem);
			if (rc < 0 || (n == 0 && !ix->deletes_logged))
				break;
			ix->deletes_logged = false;
			rc = freeze(ix, err);
			if (rc == 0)
				rc = relog_dirty(ix, ix->files.root, err);
		}
		if (rc == 0)
			rc = write_out(ix, err);
		if (rc == 0 && (memtable_bytes(ix->mem) < ix->opts.writer_buffer || memtable_ndocs(ix->mem) == 0))
			break; /* what came meanwhile can wait */
	}
	ix->flushing = false;
	ix->flush_rc = rc;
	if (rc < 0) {
		ix->flush_retry_ns = rk_mono_ns() + 1000000000u;
		index_note_error(ix, rc == -ENOSPC ? "disk-full" : "io", "flush", "%s", err && err->msg[0] ? err->msg : strerror(-rc));
	}
	pthread_cond_broadcast(&ix->room);
	return rc;
}

static int open_one(struct index *ix, const struct manifest_segment *ms, struct seg_slot *slot, struct rk_err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < ix->nsegs && !slot->seg; i++)
		if (seg_get_info(ix->segs[i].seg)->id == ms->id)
			slot->seg = seg_ref(ix->segs[i].seg);
	if (!slot->seg)
		rc = seg_open(ix->dir, ms->id, &slot->seg, err);
	if (rc < 0)
		return rc;
	uint32_t n = seg_get_info(slot->seg)->ndocs;
	if (n != ms->ndocs)
		return rk_fail(err, -EUCLEAN, "segment %llu holds %u documents, the manifest says %u", (unsigned long long)ms->id, n, ms->ndocs);
	slot->tombstones = ms->tombstones;
	slot->dead = segdead_new(n);
	uint64_t *bits = calloc((n + 63) / 64 + 1, sizeof(*bits));
	if (!slot->dead || !bits)
		rc = -ENOMEM;
	if (rc == 0 && ms->tombstones)
		rc = tombstones_read(ix->dir, ms->id, ms->tombstones, bits, n, err);
	for (uint32_t d = 0; d < n && rc == 0; d++)
		if (bits[d / 64] >> (d % 64) & 1)
			rc = deadset_mark(&slot->dead->set, d, 1);
	free(bits);
	return rc;
}

static void close_slots(struct seg_slot *segs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		seg_unref(segs[i].seg);
		segdead_unref(segs[i].dead);
	}
	free(segs);
}

int index_open_segments(struct index *ix, const struct manifest *m, struct rk_err *err)
{
	struct seg_slot *segs = calloc(m->nsegments + 1, sizeof(*segs));
	if (!segs)
		return -ENOMEM;
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->nsegments; i++) {
		struct rk_err why = {{0}};
		int rc = open_one(ix, &m->segments[i], &segs[n], &why);
		if (rc == 0) {
			n++;
			continue;
		}
		seg_unref(segs[n].seg);
		segdead_unref(segs[n].dead);
		segs[n] = (struct seg_slot){0};
		if (rc != -EUCLEAN && !(rc == -ENOENT && !ix->opts.read_only)) {
			close_slots(segs, n);
			return rk_fail(err, rc, "segment %llu: %s", (unsigned long long)m->segments[i].id, why.msg[0] ? why.msg : strerror(-rc));
		}
		/* Damaged: the rest is served, nothing is written, so that nothing is lost for good before somebody has looked. */
		ix->degraded = ix->latched = true;
		snprintf(ix->health_why, sizeof(ix->health_why), "segment %llu (%u documents) is damaged: %.300s", (unsigned long long)m->segments[i].id,
			 m->segments[i].ndocs, why.msg);
		index_note_error(ix, "damage", "segments", "%s", ix->health_why);
	}
	index_drop_segments(ix);
	ix->segs = segs;
	ix->nsegs = n;
	return 0;
}

void index_drop_segments(struct index *ix)
{
	close_slots(ix->segs, ix->nsegs);
	ix->segs = NULL;
	ix->nsegs = 0;
}
