/* wal_read.c - the whole log, in order, and the verdict on its end: torn tail or rot.
 *
 * Invariants: doc/format.md W1 to W9. Where the records of a file end before those of the next begin, the ones between are lost: every entry before the
 * first of a file was durable when that file was made (W3). In the last file only the tail can say (W5, W6).
 *
 * A log that another process writes to may be read: what looked like damage is read once more, with a new list of files, before it is called so.
 */
#include "core/wal/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/wal/wal_scan_private.h"

enum { RETRIES = 3 };

struct reading {
	struct rk_dir *dir;
	uint64_t from;
	int (*fn)(void *arg, const struct wal_record *);
	void *arg;
	struct wal_report *report;
	struct wal_files files;
	size_t i;   /* the file that is being read */
	bool moved; /* a new file appeared behind it: this one is read to its end, and that is all */
};

static bool is_last(const struct reading *r)
{
	return r->i + 1 >= r->files.n;
}

static uint64_t next_first(const struct reading *r)
{
	return is_last(r) ? UINT64_MAX : r->files.v[r->i + 1].first;
}

/* The highest entry that must have been acknowledged because a later file begins behind it. */
static uint64_t known_last(const struct reading *r)
{
	return is_last(r) ? 0 : r->files.v[r->files.n - 1].first - 1;
}

static int damaged(struct reading *r, const struct wal_scan *s, uint64_t last, const char *why, struct rk_err *err)
{
	struct wal_report *rep = r->report;
	rep->bad_entry = s->entry;
	rep->bad_last = last > s->entry ? last : s->entry;
	rep->bad_off = s->off;
	snprintf(rep->bad_file, sizeof(rep->bad_file), "%s", s->name);
	return rk_fail(err, -EUCLEAN, "%s at byte %" PRIu64 ": %s; acknowledged entries %" PRIu64 " to %" PRIu64 " cannot all be read", s->name, s->off,
		       why, rep->bad_entry, rep->bad_last);
}

/* The records of this file end at s->off. 0: rightly so. */
static int judge(struct reading *r, struct wal_scan *s, bool headless, struct rk_err *err)
{
	struct wal_tail t;
	if (!headless && s->entry == next_first(r))
		return 0; /* what stands behind was cut by an earlier recovery (W4) */
	const char *why = s->why ? s->why : "records are missing";
	int rc = wal_scan_tail(s, &t, err);
	if (rc < 0)
		return rc;
	if (!is_last(r) || headless)
		return damaged(r, s, known_last(r) > t.durable ? known_last(r) : t.durable, why, err);
	if (t.durable >= s->entry)
		return damaged(r, s, t.durable, why, err); /* W5 */
	if (t.size < s->head.file_bytes && !s->last_clean)
		return damaged(r, s, s->entry, "the file was cut short", err); /* W6 */
	r->report->cut_bytes = t.nonzero;
	return 0;
}

static void note(struct wal_report *rep, const struct wal_rec *h)
{
	rep->first = rep->records ? rep->first : h->entry;
	rep->last = h->entry;
	rep->records++;
	rep->bytes += WAL_RECORD_BYTES + wal_padded(h->len);
	rep->clean = h->type == WAL_TYPE_CLEAN;
}

static int deliver(struct reading *r, struct wal_scan *s, struct rk_err *err)
{
	struct wal_rec h;
	const uint8_t *payload;
	while (s->entry < next_first(r)) {
		int rc = wal_scan_next(s, &h, &payload, err);
		if (rc <= 0)
			return rc;
		note(r->report, &h);
		if (h.entry < r->from || !r->fn)
			continue;
		struct wal_record rec = {
			.entry = h.entry,
			.time_ns = h.time_ns,
			.durable_seq = h.durable_seq,
			.type = h.type,
			.payload = payload,
			.len = h.len,
		};
		rc = r->fn(r->arg, &rec);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A new list, with the same file under r->i. -ENOENT: that one is gone. */
static int relist(struct reading *r, uint64_t first, struct rk_err *err)
{
	const bool was_last = is_last(r);
	int rc = wal_files_list(r->dir, &r->files, err);
	if (rc < 0)
		return rc;
	for (r->i = 0; r->i < r->files.n; r->i++) {
		if (r->files.v[r->i].first == first) {
			r->moved = r->moved || (was_last && !is_last(r)); /* else a busy writer could lead us on for ever */
			return 0;
		}
	}
	return rk_fail(err, -ENOENT, "the log moved on while it was read");
}

static int read_records(struct reading *r, struct wal_scan *s, struct rk_err *err)
{
	for (int tries = RETRIES;;) {
		const uint64_t before = s->entry;
		struct rk_err words = {{0}};
		int rc = deliver(r, s, err);
		if (rc < 0)
			return rc;
		rc = judge(r, s, false, &words);
		tries = s->entry > before ? RETRIES : tries - 1;
		if (rc >= 0)
			return 0;
		if (rc != -EUCLEAN || tries == 0)
			return rk_fail(err, rc, "%s", words.msg);
		r->report->bad_entry = r->report->bad_last = r->report->bad_off = 0;
		r->report->bad_file[0] = '\0';
		rc = relist(r, s->head.first, err);
		if (rc == 0)
			rc = wal_scan_again(s, err);
		if (rc == -EUCLEAN)
			rk_fail(err, rc, "%s: %s", s->name, s->why);
		if (rc < 0)
			return rc;
	}
}

static int read_file(struct reading *r, struct rk_err *err)
{
	struct wal_scan s;
	int rc = wal_scan_open(&s, r->dir, r->files.v[r->i].first, err);
	if (rc == 0)
		rc = read_records(r, &s, err);
	else if (rc == -EUCLEAN) /* a log is born with its header: this is rot */
		rc = judge(r, &s, true, err);
	wal_scan_done(&s);
	return rc;
}

int wal_read(struct rk_dir *d, uint64_t from, int (*fn)(void *arg, const struct wal_record *), void *arg, struct wal_report *ret, struct rk_err *err)
{
	struct wal_report rep = {0};
	struct reading r = {.dir = d, .from = from, .fn = fn, .arg = arg, .report = &rep};
	int rc = wal_files_list(d, &r.files, err);
	if (rc == 0 && from && r.files.n && r.files.v[0].first > from)
		rc = rk_fail(err, -ENOENT, "the log begins with entry %" PRIu64 ", entries from %" PRIu64 " on are missing", r.files.v[0].first, from);
	while (rc == 0 && !is_last(&r) && next_first(&r) <= from)
		r.i++;
	while (rc == 0 && r.i < r.files.n && !r.moved) {
		rc = read_file(&r, err);
		r.i++;
	}
	wal_files_done(&r.files);
	if (ret)
		*ret = rep;
	return rc;
}
