/* merge.c - several segments into one: documents one segment behind the other, terms merged k ways over the mapped dictionaries; constant memory.
 *
 * Only documents whose death is in the manifest's bitmaps (dead at manifest.seq) are left out: the log behind the manifest may still need an older version
 * as the base of an append or the source of a rename (invariant G1). Later deaths are carried over when the new segment is installed. The manifest is
 * the one switch; old segments are removed when the last snapshot lets go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/index/index_private.h"
#include "core/segment/seg_write.h"

struct input {
	struct seg *seg;
	struct segdead *dead;
	uint32_t slot; /* in ix->segs */
	docid_t *map;  /* old document -> new, DOC_END: left out */
	struct seg_terms *terms;
	const char *term; /* NULL at the end */
	size_t len;
};

static int next_term(struct input *in)
{
	uint32_t df;
	uint64_t cf;
	int rc = seg_terms_next(in->terms, &in->term, &in->len, &df, &cf);
	if (rc != 1)
		in->term = NULL;
	return rc < 0 ? rc : 0;
}

static int term_cmp(const struct input *a, const struct input *b)
{
	int c = memcmp(a->term, b->term, a->len < b->len ? a->len : b->len);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int copy_docs(struct index *ix, struct seg_writer *w, struct input *in, unsigned n, docid_t *ret_n, struct rk_err *err)
{
	struct rk_buf buf = {0};
	docid_t out = 0;
	int rc = 0;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		uint32_t ndocs = seg_get_info(in[i].seg)->ndocs;
		for (docid_t d = 0; d < ndocs && rc == 0; d++) {
			in[i].map[d] = DOC_END;
			if (deadset_is_dead(&in[i].dead->set, d, ix->manifest.seq)) /* G1 */
				continue;
			struct rk_doc doc;
			rc = seg_doc(in[i].seg, d, &buf, &doc, err);
			if (rc >= 0)
				rc = seg_write_doc(w, &doc, seg_length(in[i].seg, d), err);
			in[i].map[d] = out++;
			if (ix->opts.progress && out % 4096 == 0)
				ix->opts.progress(ix->opts.arg, "merge", out, 0);
		}
	}
	rk_buf_done(&buf);
	*ret_n = out;
	return rc;
}

static int copy_postings(struct seg_writer *w, const struct input *in, const char *term, size_t len, bool *begun, struct rk_err *err)
{
	static const struct cursor zero;
	struct cursor c = zero;
	int rc = seg_cursor(in->seg, term, len, &c);
	if (rc <= 0)
		return rc;
	docid_t target = 0;
	rc = 0;
	while (rc == 0 && cursor_seek(&c, target) && cursor_load(&c, true)) {
		for (uint32_t i = 0; i < c.n && rc == 0; i++) {
			docid_t to = in->map[c.docs[i]];
			const uint32_t *pos;
			if (to == DOC_END)
				continue;
			if (!*begun)
				rc = seg_write_term(w, term, len, err);
			*begun = true;
			if (rc == 0 && c.ops->positions(&c, i, &pos) < 0)
				rc = c.rc < 0 ? c.rc : -EUCLEAN;
			if (rc == 0)
				rc = seg_write_posting(w, to, c.tfs[i], pos, err);
		}
		target = c.last + 1;
	}
	if (rc == 0)
		rc = c.rc;
	c.ops->done(&c);
	return rc;
}

static int copy_terms(struct seg_writer *w, struct input *in, unsigned n, struct rk_err *err)
{
	struct rk_buf term = {0};
	int rc = 0;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		rc = seg_terms_new(in[i].seg, "", 0, &in[i].terms);
		if (rc == 0)
			rc = next_term(&in[i]);
	}
	while (rc == 0) {
		const struct input *least = NULL;
		for (unsigned i = 0; i < n; i++)
			if (in[i].term && (!least || term_cmp(&in[i], least) < 0))
				least = &in[i];
		if (!least)
			break;
		term.len = 0;
		rc = rk_buf_put(&term, least->term, least->len);
		bool begun = false;
		for (unsigned i = 0; i < n && rc == 0; i++) {
			if (!in[i].term || in[i].len != term.len || memcmp(in[i].term, term.data, term.len) != 0)
				continue;
			rc = copy_postings(w, &in[i], (char *)term.data, term.len, &begun, err);
			if (rc == 0)
				rc = next_term(&in[i]);
		}
	}
	rk_buf_done(&term);
	return rc;
}

static int write_merged(struct index *ix, uint64_t id, struct input *in, unsigned n, docid_t *ret_n, struct rk_err *err)
{
	struct seg_write_params params = {.id = id,
					  .store_content = !ix->opts.no_store,
					  .first_entry = UINT64_MAX,
					  .created_ns = rk_wall_ns()};
	for (unsigned i = 0; i < n; i++) {
		const struct seg_info *info = seg_get_info(in[i].seg);
		params.first_entry = info->first_entry < params.first_entry ? info->first_entry : params.first_entry;
		params.last_entry = info->last_entry > params.last_entry ? info->last_entry : params.last_entry;
	}
	struct seg_writer *w;
	int rc = seg_write_new(ix->dir, &params, &w, err);
	if (rc < 0)
		return rc;
	rc = copy_docs(ix, w, in, n, ret_n, err);
	if (rc == 0 && *ret_n)
		rc = copy_terms(w, in, n, err);
	if (rc < 0 || *ret_n == 0) {
		seg_write_abort(w);
		return rc;
	}
	return seg_write_commit(w, err);
}

static bool chosen(const struct input *in, unsigned n, uint32_t slot)
{
	for (unsigned i = 0; i < n; i++)
		if (in[i].slot == slot)
			return true;
	return false;
}

/* The manifest without the inputs and with the new segment. */
static int merged_manifest(struct index *ix, const struct input *in, unsigned n, uint64_t id, docid_t ndocs, struct manifest *ret)
{
	*ret = ix->manifest;
	ret->segments = calloc(ix->manifest.nsegments + 1, sizeof(*ret->segments));
	if (!ret->segments)
		return -ENOMEM;
	ret->nsegments = 0;
	for (uint32_t i = 0; i < ix->manifest.nsegments; i++)
		if (!chosen(in, n, i))
			ret->segments[ret->nsegments++] = ix->manifest.segments[i];
	if (ndocs)
		ret->segments[ret->nsegments++] = (struct manifest_segment){.id = id, .ndocs = ndocs};
	ret->generation++;
	ret->next_segment = id + 1;
	return 0;
}

/* Carries deaths over and swaps the slots; under w. */
static int swap_slots(struct index *ix, struct input *in, unsigned n, struct seg *seg)
{
	struct seg_slot *segs = calloc(ix->nsegs + 1, sizeof(*segs));
	struct segdead *dead = seg ? segdead_new(seg_get_info(seg)->ndocs) : NULL;
	int rc = segs && (dead || !seg) ? 0 : -ENOMEM;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		uint32_t ndocs = seg_get_info(in[i].seg)->ndocs;
		for (docid_t d = 0; d < ndocs && rc == 0; d++) {
			_Atomic uint64_t *page = atomic_load(&in[i].dead->set.pages[d / DEADSET_PAGE]);
			uint64_t at = page ? atomic_load(&page[d % DEADSET_PAGE]) : 0;
			if (at && in[i].map[d] != DOC_END)
				rc = deadset_mark(&dead->set, in[i].map[d], at);
		}
	}
	if (rc < 0) {
		free(segs);
		segdead_unref(dead);
		return rc;
	}
	uint32_t k = 0;
	for (uint32_t i = 0; i < ix->nsegs; i++) {
		if (!chosen(in, n, i)) {
			segs[k++] = ix->segs[i];
			continue;
		}
		seg_remove_when_unused(ix->segs[i].seg);
		seg_unref(ix->segs[i].seg);
		segdead_unref(ix->segs[i].dead);
	}
	if (seg)
		segs[k++] = (struct seg_slot){.seg = seg, .dead = dead};
	free(ix->segs);
	ix->segs = segs;
	ix->nsegs = k;
	snapshot_forget(ix);
	return 0;
}

static int merge_inputs(struct index *ix, struct input *in, unsigned n, struct rk_err *err)
{
	uint64_t id = ix->manifest.next_segment;
	struct manifest m = {0};
	struct seg *seg = NULL;
	docid_t ndocs = 0;
	pthread_mutex_unlock(&ix->w);
	int rc = write_merged(ix, id, in, n, &ndocs, err);
	if (rc == 0 && ndocs)
		rc = seg_open(ix->dir, id, &seg, err);
	if (rc == 0)
		rc = merged_manifest(ix, in, n, id, ndocs, &m);
	bool switching = rc == 0;
	if (rc == 0)
		rc = manifest_store(ix->dir, &m, err);
	pthread_mutex_lock(&ix->w);
	ix->manifest.next_segment = id + 1;
	if (rc == 0)
		rc = swap_slots(ix, in, n, seg);
	if (rc == 0) {
		manifest_done(&ix->manifest);
		ix->manifest = m;
		ix->merges++;
		return 0;
	}
	if (switching && !ix->latched) { /* whether the switch took place is unknown now */
		ix->latched = true;
		snprintf(ix->health_why, sizeof(ix->health_why), "a merge failed: %.400s", err && err->msg[0] ? err->msg : strerror(-rc));
	}
	manifest_done(&m);
	if (seg && !switching)
		seg_remove_when_unused(seg);
	seg_unref(seg);
	return rc;
}

static int by_size(const void *a, const void *b)
{
	const struct input *x = a, *y = b;
	uint64_t p = seg_get_info(x->seg)->bytes, q = seg_get_info(y->seg)->bytes;
	return p < q ? -1 : p > q ? 1 : (x->slot > y->slot) - (x->slot < y->slot);
}

static int by_slot(const void *a, const void *b)
{
	const struct input *x = a, *y = b;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

int merge_smallest(struct index *ix, unsigned n, struct rk_err *err)
{
	while (ix->flushing)
		pthread_cond_wait(&ix->room, &ix->w);
	unsigned all = ix->nsegs;
	if (ix->latched || n < 2 || n > all || all != ix->manifest.nsegments)
		return 0;
	struct input *in = calloc(all, sizeof(*in));
	if (!in)
		return -ENOMEM;
	ix->flushing = true;
	for (uint32_t i = 0; i < all; i++)
		in[i] = (struct input){.seg = seg_ref(ix->segs[i].seg), .dead = ix->segs[i].dead, .slot = i};
	for (uint32_t i = 0; i < all; i++)
		atomic_fetch_add(&in[i].dead->refs, 1);
	qsort(in, all, sizeof(*in), by_size);
	qsort(in, n, sizeof(*in), by_slot);
	int rc = 0;
	for (uint32_t i = 0; i < n; i++) {
		in[i].map = malloc((seg_get_info(in[i].seg)->ndocs + 1) * sizeof(docid_t));
		rc = in[i].map ? rc : -ENOMEM;
	}
	if (rc == 0)
		rc = merge_inputs(ix, in, n, err);
	for (uint32_t i = 0; i < all; i++) {
		seg_terms_free(in[i].terms);
		free(in[i].map);
		seg_unref(in[i].seg);
		segdead_unref(in[i].dead);
	}
	free(in);
	ix->flushing = false;
	if (rc < 0)
		index_note_error(ix, rc == -ENOSPC ? "disk-full" : "io", "merge", "%s", err && err->msg[0] ? err->msg : strerror(-rc));
	pthread_cond_broadcast(&ix->room);
	return rc;
}

int index_merge(struct index *ix, uint32_t max_segments, struct rk_err *err)
{
	pthread_mutex_lock(&ix->w);
	int rc = check_writable(ix, err);
	uint32_t max = max_segments ? max_segments : 1;
	if (rc == 0 && ix->nsegs > max)
		rc = merge_smallest(ix, ix->nsegs - max + 1, err);
	pthread_mutex_unlock(&ix->w);
	return rc;
}
