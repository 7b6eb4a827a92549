/* stream.c - JSON lines written to incoming/NAME.jsonl: each complete line is a document or a delete; under the writer lock.
 *
 * The WAL holds the raw bytes (StreamWrite), replay parses them again: the same lines are good and bad both times. A line counts once its newline has
 * come, or at a close when it is a whole JSON object as it stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/index_private.h"

static bool has_suffix(const char *path, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);
	return len > n && memcmp(path + len - n, suffix, n) == 0;
}

bool inbox_is_stream(const char *path, size_t len)
{
	return !inbox_is_staged(path, len) && (has_suffix(path, len, ".jsonl") || has_suffix(path, len, ".ndjson"));
}

/* One line. -EINVAL: bad, with the reason in err. */
static int apply_line(struct index *ix, const char *line, size_t len, uint64_t entry, struct rk_err *err)
{
	struct jsonl_line *j = &ix->json;
	int rc = jsonl_parse(line, len, j, err);
	if (rc < 0)
		return rc;
	if (j->is_blank)
		return 0;
	if (j->is_delete) {
		rc = ifile_apply_unlink(ix, j->doc.id, j->doc.id_len, entry);
		return rc == -ENOENT ? rk_fail(err, -EINVAL, "delete: no document \"%.*s\"", (int)(j->doc.id_len > 100 ? 100 : j->doc.id_len), j->doc.id)
				     : rc;
	}
	if (inbox_is_stream(j->doc.id, j->doc.id_len))
		return rk_fail(err, -EINVAL, "id: a document cannot be named like a stream (.jsonl, .ndjson)");
	return apply_put(ix, &j->doc, entry);
}

static int bad_line(struct index *ix, struct ifile *f, const char *why, struct rk_err *err)
{
	if (!err)
		return -EINVAL;
	index_note_error(ix, "jsonl", f->path, "line %llu: %s", (unsigned long long)f->line, why);
	return rk_fail(err, -EINVAL, "%s line %llu: %s", f->path, (unsigned long long)f->line, why);
}

static int one_line(struct index *ix, struct ifile *f, const char *line, size_t len, uint64_t entry, struct rk_err *err)
{
	struct rk_err why = {{0}};
	f->line++;
	int rc = len > ix->opts.max_document ? rk_fail(&why, -EINVAL, "longer than max_document") : apply_line(ix, line, len, entry, &why);
	return rc == -EINVAL ? bad_line(ix, f, why.msg, err) : rc;
}

int stream_apply(struct index *ix, struct ifile *f, const void *p, size_t n, uint64_t entry, struct rk_err *err)
{
	const char *s = p, *end = s + n;
	int worst = 0;
	if (f->size + n <= STREAM_KEEP && f->content.len == f->size)
		rk_buf_put(&f->content, p, n);
	f->size += n;
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((nl ? nl : end) - s);
		if (!nl || f->tail.len) {
			/* An endless line is cut once it is too long; what it began is still reported as one bad line. */
			size_t keep = f->tail.len + len > ix->opts.max_document + 1 ? 0 : len;
			if (keep == 0 && len)
				f->tail.len = (size_t)ix->opts.max_document + 1 <= f->tail.cap ? (size_t)ix->opts.max_document + 1 : f->tail.len;
			if (rk_buf_put(&f->tail, s, keep) < 0) {
				f->tail.bad = false;
				return -ENOMEM;
			}
		}
		if (!nl)
			break;
		int rc = f->tail.len ? one_line(ix, f, (char *)f->tail.data, f->tail.len, entry, err) : one_line(ix, f, s, len, entry, err);
		f->tail.len = 0;
		if (rc < 0 && rc != -EINVAL)
			return rc;
		worst = rc < 0 ? rc : worst;
		s = nl + 1;
	}
	return worst;
}

int stream_finish(struct index *ix, struct ifile *f, uint64_t entry, bool last)
{
	if (f->tail.len == 0)
		return 0;
	struct rk_err why = {{0}};
	struct jsonl_line probe = {0};
	int rc = jsonl_parse((char *)f->tail.data, f->tail.len, &probe, &why);
	rk_buf_done(&probe.buf);
	if (rc < 0 && !last)
		return 0; /* the rest of it may still come */
	struct rk_err words = {{0}};
	rc = one_line(ix, f, (char *)f->tail.data, f->tail.len, entry, &words);
	f->tail.len = 0;
	return rc;
}
