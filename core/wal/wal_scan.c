/* wal_scan.c - the records of one log file; see wal_scan_private.h. Reads by large pieces and never maps: the writer cuts the preallocation off a file
 * that it seals, under the eyes of readers. */
#include "core/wal/wal_scan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/wal/wal.h"

enum { WINDOW_MIN = 4 << 10, WINDOW_MAX = 1 << 20 }; /* it doubles: most logs that are read are short */

/* ---- the list of files ---- */

static int add_file(void *arg, const char *name, uint64_t size)
{
	struct wal_files *f = arg;
	uint64_t first;
	if (!wal_name_get(name, &first))
		return 0;
	struct wal_file *v = realloc(f->v, (f->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	f->v = v;
	v[f->n++] = (struct wal_file){.first = first, .bytes = size};
	return 0;
}

int wal_files_list(struct rk_dir *d, struct wal_files *ret, struct rk_err *err)
{
	wal_files_done(ret);
	return d->ops->list(d, "wal/", add_file, ret, err); /* in byte order, which is the order of entries */
}

void wal_files_done(struct wal_files *f)
{
	free(f->v);
	*f = (struct wal_files){0};
}

/* ---- the window ---- */

/* The bytes at off: at least want, unless the file ends before. Their count in ret_n. */
static int window(struct wal_scan *s, uint64_t off, size_t want, const uint8_t **ret, size_t *ret_n, struct rk_err *err)
{
	const uint64_t end = s->base + s->buf.len;
	if (off < s->base || off > end || (off + want > end && !s->ended)) {
		size_t n = s->buf.cap < WINDOW_MIN ? WINDOW_MIN : s->buf.cap < WINDOW_MAX / 2 ? 2 * s->buf.cap : WINDOW_MAX;
		n = n < want ? want : n;
		s->buf.len = 0;
		if (rk_buf_reserve(&s->buf, n) < 0)
			return rk_fail(err, -ENOMEM, "%s: out of memory for a record of %zu bytes", s->name, want);
		int64_t got = s->dir->ops->read(s->dir, s->name, off, s->buf.data, n, err);
		if (got < 0)
			return (int)got;
		s->base = off;
		s->buf.len = (size_t)got;
		s->ended = s->buf.len < n;
	}
	*ret = s->buf.data + (off - s->base);
	*ret_n = s->buf.len - (size_t)(off - s->base);
	return 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

/* ---- records ---- */

static int read_head(struct wal_scan *s, uint64_t first, struct rk_err *err)
{
	const uint8_t *p;
	size_t n;
	uint32_t version = 0;
	int rc = window(s, 0, WAL_HEAD_BYTES, &p, &n, err);
	if (rc < 0)
		return rc;
	s->why = "the header is damaged";
	rc = n < WAL_HEAD_BYTES ? -EUCLEAN : wal_head_get(p, &s->head, &version);
	if (rc == -ENOTSUP)
		return rk_fail(err, rc, "%s: version %u of the log, this program knows version %d", s->name, version, WAL_VERSION);
	if (rc < 0 || s->head.first != first)
		return -EUCLEAN;
	s->why = NULL;
	return 0;
}

int wal_scan_open(struct wal_scan *s, struct rk_dir *d, uint64_t first, struct rk_err *err)
{
	*s = (struct wal_scan){.dir = d, .entry = first};
	wal_name(s->name, first);
	int rc = read_head(s, first, err);
	s->off = rc == 0 ? WAL_HEAD_BYTES : 0;
	return rc;
}

int wal_scan_again(struct wal_scan *s, struct rk_err *err)
{
	s->base = s->buf.len = 0;
	s->ended = false;
	return read_head(s, s->head.first, err);
}

int wal_scan_next(struct wal_scan *s, struct wal_rec *ret, const uint8_t **ret_payload, struct rk_err *err)
{
	const uint8_t *p;
	size_t n;
	struct wal_rec h;
	int rc = window(s, s->off, WAL_RECORD_BYTES, &p, &n, err);
	if (rc < 0)
		return rc;
	s->why = NULL;
	if (n < WAL_RECORD_BYTES || all_zero(p, WAL_RECORD_BYTES)) {
		s->why = all_zero(p, n < WAL_RECORD_BYTES ? n : WAL_RECORD_BYTES) ? NULL : "cut off";
		return 0;
	}
	s->why = "the record's header is damaged";
	if (wal_rec_get(p, &h) < 0 || h.entry != s->entry)
		return 0;
	s->why = "a record of another log";
	if (h.log_id != s->head.log_id)
		return 0;

	uint64_t whole = WAL_RECORD_BYTES + wal_padded(h.len);
	if (n < whole) { /* ask for the file's size first: a length is no reason to take memory */
		int64_t size = s->dir->ops->size(s->dir, s->name, err);
		if (size < 0)
			return (int)size;
		s->why = "the file ends inside the record";
		if ((uint64_t)size < s->off || (uint64_t)size - s->off < whole)
			return 0;
		rc = window(s, s->off, (size_t)whole, &p, &n, err);
		if (rc < 0)
			return rc;
		if (n < whole)
			return 0;
	}
	s->why = "the record's payload is damaged";
	if (!wal_rec_sum_ok(&h, p + WAL_RECORD_BYTES))
		return 0;
	s->why = NULL;
	s->off += whole;
	s->entry++;
	s->last_clean = h.type == WAL_TYPE_CLEAN;
	*ret = h;
	*ret_payload = p + WAL_RECORD_BYTES;
	return 1;
}

/* ---- behind the last good record ---- */

/* A header alone is evidence: what it says was true when it was written. */
static void look_at(struct wal_scan *s, const uint8_t *p, struct wal_tail *t)
{
	struct wal_rec h;
	if (wal_rec_likely(p) && wal_rec_get(p, &h) == 0 && (h.log_id == s->head.log_id || s->off == 0) && h.entry >= s->entry &&
	    h.durable_seq > t->durable)
		t->durable = h.durable_seq;
}

int wal_scan_tail(struct wal_scan *s, struct wal_tail *ret, struct rk_err *err)
{
	struct wal_tail t = {0};
	uint64_t at = s->off;
	for (;;) {
		const uint8_t *p;
		size_t n;
		int rc = window(s, at, WAL_RECORD_BYTES, &p, &n, err);
		if (rc < 0)
			return rc;
		bool end = n < WAL_RECORD_BYTES;
		size_t stop = end ? n : (n - WAL_RECORD_BYTES) / WAL_ALIGN * WAL_ALIGN + WAL_ALIGN;
		for (size_t i = 0; i < stop; i += WAL_ALIGN) {
			uint8_t word[WAL_ALIGN] = {0};
			memcpy(word, p + i, stop - i < WAL_ALIGN ? stop - i : WAL_ALIGN);
			if (rk_get64(word) == 0)
				continue;
			for (size_t k = 0; k < WAL_ALIGN; k++)
				t.nonzero += word[k] != 0;
			if (!end)
				look_at(s, p + i, &t);
		}
		at += stop;
		if (end)
			break;
	}
	t.size = at;
	*ret = t;
	return 0;
}

void wal_scan_done(struct wal_scan *s)
{
	rk_buf_done(&s->buf);
}
