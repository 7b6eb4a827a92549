/* check.c - the whole index checked: manifest, log, every segment and bitmap, and what only holds over all of them.
 *
 * Invariants are those of doc/format.md by number; X1: an id is live in at most one place; X2: the manifest's counts are those of the files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/index_private.h"
#include "core/segment/tombstones.h"

struct checker {
	void (*report)(void *arg, const char *invariant, const char *words);
	void *arg;
	int found;
};

static void finding(struct checker *c, const char *invariant, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void finding(struct checker *c, const char *invariant, const char *fmt, ...)
{
	char words[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	c->report(c->arg, invariant, words);
	c->found++;
}

static int count_record(void *arg, const struct wal_record *rec)
{
	struct checker *c = arg;
	struct rk_buf text = {0};
	if (wal_record_text(rec, &text) == 0 && memmem(text.data, text.len, "\tmalformed", 10))
		finding(c, "W", "record %llu: its payload is malformed", (unsigned long long)rec->entry);
	rk_buf_done(&text);
	return 0;
}

static void check_log(struct rk_dir *dir, const struct manifest *m, struct checker *c)
{
	struct wal_report r = {0};
	struct rk_err err = {{0}};
	int rc = wal_read(dir, m->wal_from, count_record, c, &r, &err);
	if (rc == -EUCLEAN)
		finding(c, "W", "%s at offset %llu: acknowledged entries %llu to %llu cannot be read", r.bad_file, (unsigned long long)r.bad_off,
			(unsigned long long)r.bad_entry, (unsigned long long)r.bad_last);
	else if (rc < 0 && (rc != -ENOENT || m->seq))
		finding(c, "W", "log: %s", err.msg[0] ? err.msg : strerror(-rc));
}

struct relay {
	struct checker *c;
	uint64_t id;
};

static void relay(void *arg, const char *invariant, const char *words)
{
	struct relay *r = arg;
	finding(r->c, invariant, "segment %llu: %s", (unsigned long long)r->id, words);
}

static void check_segment(struct rk_dir *dir, const struct manifest_segment *ms, bool deep, struct checker *c)
{
	struct rk_err err = {{0}};
	struct relay r = {.c = c, .id = ms->id};
	int before = c->found;
	int rc = seg_check(dir, ms->id, deep, relay, &r, &err);
	if (rc < 0 && c->found == before)
		finding(c, "S", "segment %llu: %s", (unsigned long long)ms->id, err.msg[0] ? err.msg : strerror(-rc));
	if (rc != 0)
		return;
	uint64_t *bits = calloc((ms->ndocs + 63) / 64 + 1, sizeof(*bits));
	if (!bits || !ms->tombstones) {
		free(bits);
		return;
	}
	err.msg[0] = 0;
	rc = tombstones_read(dir, ms->id, ms->tombstones, bits, ms->ndocs, &err);
	if (rc < 0) {
		finding(c, "T", "segment %llu: tombstones: %s", (unsigned long long)ms->id, err.msg[0] ? err.msg : strerror(-rc));
	} else {
		uint32_t n = 0;
		for (uint32_t i = 0; i < (ms->ndocs + 63) / 64; i++)
			n += (uint32_t)__builtin_popcountll(bits[i]);
		if (n != ms->ndead)
			finding(c, "X2", "segment %llu: %u documents are dead, the manifest says %u", (unsigned long long)ms->id, n, ms->ndead);
	}
	free(bits);
}

/* X1 and the live count, over everything that a reader would see. */
static int check_ids(struct rk_dir *dir, struct checker *c, struct rk_err *err)
{
	struct index_options o = {.read_only = true};
	struct index *ix;
	struct snapshot *s = NULL;
	struct id_iter *it = NULL;
	int rc = index_open(dir, &o, &ix, err);
	if (rc < 0)
		return rc;
	rc = index_snapshot(ix, &s, err);
	if (rc == 0)
		rc = id_iter_new(s, false, &it);
	struct rk_buf prev = {0};
	uint64_t n = 0;
	const char *id;
	size_t len;
	while (rc == 0 && (rc = id_iter_next(it, &id, &len, NULL, NULL)) == 1) {
		if (n && prev.len == len && memcmp(prev.data, id, len) == 0)
			finding(c, "X1", "the id \"%.*s\" is live twice", (int)(len > 200 ? 200 : len), id);
		prev.len = 0;
		rc = rk_buf_put(&prev, id, len);
		n++;
	}
	if (rc == 0 && n != s->nlive)
		finding(c, "X2", "%llu documents are live, the manifest and the log give %llu", (unsigned long long)n, (unsigned long long)s->nlive);
	rk_buf_done(&prev);
	id_iter_free(it);
	snapshot_unref(s);
	index_close(ix, NULL);
	return rc;
}

int index_check(struct rk_dir *dir, bool deep, void (*report)(void *, const char *, const char *), void *arg, struct rk_err *err)
{
	struct checker c = {.report = report, .arg = arg};
	struct manifest m;
	struct rk_err why = {{0}};
	int rc = manifest_load(dir, &m, &why);
	if (rc == -EUCLEAN) {
		finding(&c, "M1", "%s", why.msg);
		return c.found;
	}
	if (rc < 0) {
		return rk_fail(err, rc, "%s", why.msg);
	}
	for (uint32_t i = 0; i < m.nsegments; i++)
		check_segment(dir, &m.segments[i], deep, &c);
	check_log(dir, &m, &c);
	manifest_done(&m);
	if (c.found == 0)
		rc = check_ids(dir, &c, err);
	return rc < 0 ? rc : c.found;
}
