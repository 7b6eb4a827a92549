/* apply.c - changes to what queries see: a document in, its older version dead; under the writer lock.
 *
 * Invariant A1: at most one version of an id is live over unindexed files, memtables and segments. A2: deaths carry the entry that caused them, so
 * snapshots taken before still see the document.
 */
#include <errno.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"

/* The newest live version: in which set it can be marked dead. */
struct place {
	struct memtable *mem;
	struct seg_slot *slot;
	docid_t doc;
};

static bool in_memtable(struct memtable *m, const void *id, size_t len, struct place *ret)
{
	docid_t doc;
	if (!m || memtable_find(m, memtable_ndocs(m), id, len, &doc) != 1 || deadset_is_dead(memtable_dead(m), doc, UINT64_MAX))
		return false;
	*ret = (struct place){.mem = m, .doc = doc};
	return true;
}

static int locate(struct index *ix, const void *id, size_t len, struct place *ret)
{
	if (in_memtable(ix->mem, id, len, ret) || in_memtable(ix->frozen.mem, id, len, ret))
		return 1;
	for (uint32_t i = ix->nsegs; i-- > 0;) {
		docid_t doc;
		int rc = seg_find(ix->segs[i].seg, id, len, &doc);
		if (rc < 0)
			return rc;
		if (rc == 1 && !deadset_is_dead(&ix->segs[i].dead->set, doc, UINT64_MAX)) {
			*ret = (struct place){.slot = &ix->segs[i], .doc = doc};
			return 1;
		}
	}
	return 0;
}

static uint32_t place_flags(const struct place *p)
{
	struct seg_doc_stat st = {0};
	if (p->mem)
		return memtable_doc(p->mem, p->doc)->flags;
	return seg_doc_stat(p->slot->seg, p->doc, &st) == 0 ? st.flags : 0;
}

static int kill_place(struct index *ix, const struct place *p, uint64_t seq)
{
	int rc = deadset_mark(p->mem ? memtable_dead(p->mem) : &p->slot->dead->set, p->doc, seq);
	if (rc == 0 && p->mem) {
		const struct rk_doc *d = memtable_doc(p->mem, p->doc);
		dirs_count(p->mem == ix->mem ? &ix->dirs : &ix->frozen.dirs, d->id, d->id_len, -1);
	}
	if (rc == 0 && !(place_flags(p) & DOC_STAGED))
		ix->nlive--;
	return rc;
}

static void moved_on(struct index *ix, uint64_t seq, bool visible)
{
	if (!visible)
		return;
	if (seq > ix->seq)
		ix->seq = seq;
	atomic_store(&ix->generation, ix->seq);
	snapshot_forget(ix);
}

static int put_now(struct index *ix, const struct rk_doc *d, uint64_t seq)
{
	struct place old;
	int had = locate(ix, d->id, d->id_len, &old);
	if (had < 0)
		return had;
	bool visible = !(d->flags & DOC_STAGED) || (had && !(place_flags(&old) & DOC_STAGED));
	docid_t doc;
	int rc = dirs_count(&ix->dirs, d->id, d->id_len, 1);
	if (rc == 0)
		rc = memtable_add(ix->mem, ix->analyzer, d, &doc);
	if (rc == 0 && had)
		rc = kill_place(ix, &old, seq);
	if (rc < 0)
		return rc;
	if (!(d->flags & DOC_STAGED))
		ix->nlive++;
	ix->puts++;
	moved_on(ix, seq, visible);
	return 0;
}

/* A change of the document that came by another way than its file: the file's own commit goes first, its copy is stale after. */
static int file_first(struct index *ix, const void *id, size_t len)
{
	struct ifile *f = ifile_find(ix, id, len);
	if (!f || f->is_dir || f->stream)
		return 0;
	int rc = apply_unindexed_one(ix, f);
	if (rc == 0 && !f->dirty && !f->emptied) {
		rk_buf_done(&f->content);
		f->loaded = false;
	}
	return rc;
}

int apply_put(struct index *ix, const struct rk_doc *d, uint64_t seq)
{
	int rc = file_first(ix, d->id, d->id_len);
	if (rc == 0)
		rc = put_now(ix, d, seq);
	struct ifile *f = rc == 0 ? ifile_find(ix, d->id, d->id_len) : NULL;
	if (f && !f->dirty && !f->emptied && !f->is_dir && !f->stream) {
		f->size = d->content_len;
		f->mtime_ns = d->mtime_ns;
	}
	return rc;
}

int apply_delete(struct index *ix, const void *id, size_t len, uint64_t seq)
{
	struct place old;
	int had = locate(ix, id, len, &old);
	if (had <= 0)
		return had < 0 ? had : -ENOENT;
	bool visible = !(place_flags(&old) & DOC_STAGED);
	int rc = kill_place(ix, &old, seq);
	if (rc < 0)
		return rc;
	ix->deletes++;
	ix->deletes_logged = true;
	moved_on(ix, seq, visible);
	return 0;
}

void ifile_unindex(struct index *ix, struct ifile *f)
{
	if (!f->unindexed)
		return;
	for (struct ifile **at = &ix->unindexed; *at; at = &(*at)->next_unindexed) {
		if (*at != f)
			continue;
		*at = f->next_unindexed;
		if (ix->unindexed_tail == &f->next_unindexed)
			ix->unindexed_tail = at;
		break;
	}
	f->next_unindexed = NULL;
	f->unindexed = false;
	ix->unindexed_bytes -= f->committed;
	atomic_fetch_sub(&ix->nunindexed, 1);
}

int apply_unindexed_one(struct index *ix, struct ifile *f)
{
	if (!f->unindexed)
		return 0;
	int rc;
	if (f->committed == 0) { /* an empty file is no document */
		rc = apply_delete(ix, f->path, f->node.len, f->commit_entry);
		rc = rc == -ENOENT ? 0 : rc;
	} else {
		struct rk_doc d = {
			.id = f->path,
			.id_len = f->node.len,
			.flags = (f->staged ? DOC_STAGED : 0) | (f->interrupted ? DOC_INTERRUPTED : 0),
			.content = f->content.data,
			.content_len = f->committed,
			.mtime_ns = f->mtime_ns,
			.mode = f->mode,
		};
		rc = put_now(ix, &d, f->commit_entry);
	}
	if (rc < 0)
		return rc;
	ifile_unindex(ix, f);
	/* The memtable holds the content now; a copy stays only for those who are writing. */
	if (!f->dirty && f->writers == 0 && !f->emptied && f->committed == f->content.len) {
		rk_buf_done(&f->content);
		f->loaded = false;
	}
	return 0;
}

int apply_unindexed(struct index *ix, struct rk_err *err)
{
	while (ix->unindexed) {
		struct ifile *f = ix->unindexed;
		int rc = apply_unindexed_one(ix, f);
		if (rc < 0)
			return rk_fail(err, rc, "indexing %.200s: %s", f->path, strerror(-rc));
		ifile_settle(ix, f);
	}
	return 0;
}

bool current_exists(struct index *ix, const void *id, size_t len, struct seg_doc_stat *ret)
{
	struct place p;
	if (locate(ix, id, len, &p) != 1)
		return false;
	if (!ret)
		return true;
	if (!p.mem)
		return seg_doc_stat(p.slot->seg, p.doc, ret) == 0;
	const struct rk_doc *d = memtable_doc(p.mem, p.doc);
	*ret = (struct seg_doc_stat){.size = d->content_len,
				     .mtime_ns = d->mtime_ns,
				     .flags = d->flags,
				     .mode = d->mode,
				     .length = memtable_length(p.mem, p.doc)};
	return true;
}

int current_load(struct index *ix, const void *id, size_t len, struct rk_buf *hold, struct rk_doc *ret)
{
	struct place p;
	int had = locate(ix, id, len, &p);
	if (had <= 0)
		return had < 0 ? had : -ENOENT;
	if (!p.mem)
		return seg_doc(p.slot->seg, p.doc, hold, ret, NULL);
	*ret = *memtable_doc(p.mem, p.doc);
	return 0;
}

bool current_below(struct index *ix, const char *dir, size_t len)
{
	if (pt_find(&ix->dirs, dir, len) || pt_find(&ix->frozen.dirs, dir, len))
		return true;
	struct rk_buf prefix = {0}, id = {0};
	rk_buf_put(&prefix, dir, len);
	rk_buf_u8(&prefix, '/');
	bool found = false;
	for (uint32_t i = 0; i < ix->nsegs && !found && !prefix.bad; i++) {
		struct seg *s = ix->segs[i].seg;
		uint32_t n = seg_get_info(s)->ndocs;
		for (uint32_t r = seg_lower_bound(s, prefix.data, prefix.len); r < n; r++) {
			docid_t doc = seg_by_rank(s, r);
			id.len = 0;
			if (seg_id(s, doc, &id) < 0 || id.len < prefix.len || memcmp(id.data, prefix.data, prefix.len) != 0)
				break;
			if (!deadset_is_dead(&ix->segs[i].dead->set, doc, UINT64_MAX)) {
				found = true;
				break;
			}
		}
	}
	rk_buf_done(&prefix);
	rk_buf_done(&id);
	return found;
}
