/* model.c - random changes beside a plain map; see model.h. */
#include "test/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *m, uint64_t seed)
{
	*m = (struct model){.rng = seed * 0x9E3779B97F4A7C15u + 1};
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void forget_alts(struct model_doc *d)
{
	while (d->nalts)
		free(d->alts[--d->nalts]);
}

void model_copy(const struct model *m, struct model *ret)
{
	*ret = *m;
	for (unsigned i = 0; i < MODEL_IDS; i++) {
		ret->docs[i].content = copy(m->docs[i].content);
		for (unsigned a = 0; a < m->docs[i].nalts; a++)
			ret->docs[i].alts[a] = copy(m->docs[i].alts[a]);
	}
}

void model_done(struct model *m)
{
	for (unsigned i = 0; i < MODEL_IDS; i++) {
		free(m->docs[i].content);
		forget_alts(&m->docs[i]);
	}
}

uint32_t model_rand(struct model *m, uint32_t n)
{
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 7;
	m->rng ^= m->rng << 17;
	return (uint32_t)((m->rng >> 11) % n);
}

void model_id(unsigned i, char id[64])
{
	static const char *const shape[] = {"d%u", "dir/d%u", "a/b/d%u.txt", "dir.x/%u"};
	snprintf(id, 64, shape[i % 4], i);
}

int model_write_file(struct index *ix, const char *path, int flags, const char *content, unsigned pieces, unsigned *ret_pieces)
{
	struct infile *h;
	size_t n = strlen(content), at = 0;
	unsigned p = 0;
	int rc = inbox_open(ix, path, strlen(path), flags, 0644, 0, 0, &h, NULL);
	if (ret_pieces)
		*ret_pieces = 0;
	if (rc < 0)
		return rc;
	rc = infile_flush(h, NULL); /* the shell's, before any byte */
	for (; p < pieces && rc == 0; p++) {
		size_t len = p + 1 == pieces ? n - at : n / pieces;
		int64_t w = infile_write(h, at, content + at, len, true, false, NULL);
		rc = w < 0 ? (int)w : 0;
		if (w < 0)
			break;
		at += len;
	}
	int frc = infile_flush(h, NULL);
	infile_release(h, false);
	if (ret_pieces)
		*ret_pieces = p;
	return rc < 0 ? rc : frc;
}

static char *random_text(struct model *m, unsigned i)
{
	char *s = malloc(MODEL_MAX + 64);
	int n = sprintf(s, "doc%u op%llu", i, (unsigned long long)m->ops);
	unsigned words = model_rand(m, 30);
	for (unsigned w = 0; w < words; w++)
		n += sprintf(s + n, " w%u", model_rand(m, 60));
	return s;
}

static void set(char **at, char *s)
{
	free(*at);
	*at = s;
}

/* The outcome of a change to `content` (NULL: gone), which it takes. */
static int settle(struct model_doc *d, int rc, char *content)
{
	if (rc == 0) {
		set(&d->content, content);
		d->sticky = false;
		forget_alts(d);
	} else
		d->alts[d->nalts++] = content;
	return rc;
}

/* A document written in pieces: those acknowledged are kept by a crash, the one in flight may be. A refusal while the mount lives keeps the old whole. */
static int settle_pieces(struct model_doc *d, int rc, char *content, unsigned pieces, unsigned acked)
{
	size_t n = strlen(content);
	if (rc < 0 && pieces > 1) {
		size_t upto = acked + 1 >= pieces ? n : (n / pieces) * (acked + 1);
		d->alts[d->nalts++] = strndup(content, upto);
		d->sticky = acked > 0;
		if (acked) {
			upto = acked == pieces ? n : (n / pieces) * acked;
			d->alts[d->nalts++] = strndup(content, upto);
		}
		free(content);
		return rc;
	}
	return settle(d, rc, content);
}

static int put_whole(struct index *ix, const char *id, const char *content)
{
	struct rk_doc d = {.id = id,
			   .id_len = (uint32_t)strlen(id),
			   .content = (const uint8_t *)content,
			   .content_len = strlen(content),
			   .mtime_ns = 1};
	uint64_t seq;
	int rc = index_put(ix, &d, &seq, NULL);
	return rc < 0 ? rc : index_sync(ix, seq, NULL);
}

static int append(struct index *ix, struct model_doc *d, const char *id, unsigned i, struct model *m)
{
	char *tail = random_text(m, i), *all = malloc(2 * MODEL_MAX + 200);
	const char *old = d->content && strlen(d->content) < MODEL_MAX ? d->content : "";
	int flags = O_WRONLY | O_CREAT | (*old ? O_APPEND : O_TRUNC);
	sprintf(all, "%s%s", old, tail);
	int rc = model_write_file(ix, id, flags, tail, 1, NULL);
	free(tail);
	return settle(d, rc, all);
}

static int stream(struct index *ix, struct model_doc *d, const char *id, unsigned i, struct model *m)
{
	char *text = random_text(m, i), line[MODEL_MAX + 200];
	snprintf(line, sizeof(line), "{\"id\":\"%s\",\"text\":\"%s\"}\n", id, text);
	return settle(d, model_write_file(ix, "s.jsonl", O_WRONLY | O_CREAT | O_APPEND, line, 1, NULL), text);
}

static int rename_to(struct index *ix, struct model *m, unsigned i, const char *id)
{
	unsigned j = (i + 4 * (1 + model_rand(m, MODEL_IDS / 4 - 1))) % MODEL_IDS; /* the same shape, so that folders are there */
	struct model_doc *d = &m->docs[i], *e = &m->docs[j];
	char to[64];
	model_id(j, to);
	if (!d->content || e->nalts || e == d)
		return 0;
	int rc = inbox_rename(ix, id, strlen(id), to, strlen(to), false, NULL);
	settle(e, rc, strdup(d->content));
	settle(d, rc, NULL);
	return rc;
}

static int staged_then_renamed(struct index *ix, struct model_doc *d, const char *id, unsigned i, struct model *m)
{
	char temp[80], *text = random_text(m, i);
	const char *slash = strrchr(id, '/');
	int dir = slash ? (int)(slash - id + 1) : 0;
	snprintf(temp, sizeof(temp), "%.*s.%s.x", dir, id, id + dir);
	int rc = model_write_file(ix, temp, O_WRONLY | O_CREAT | O_TRUNC, text, 2, NULL);
	if (rc == 0)
		rc = inbox_rename(ix, temp, strlen(temp), id, strlen(id), false, NULL);
	return settle(d, rc, text);
}

static void make_folders(struct index *ix)
{
	static const char *const dirs[] = {"dir", "a", "a/b", "dir.x"};
	for (int i = 0; i < 4; i++)
		inbox_mkdir(ix, dirs[i], strlen(dirs[i]), 0755, 0, 0, NULL);
}

int model_step(struct model *m, struct index *ix)
{
	unsigned i = model_rand(m, MODEL_IDS);
	struct model_doc *d = &m->docs[i];
	char id[64], *text;
	uint64_t seq;
	unsigned pieces, acked;
	int rc;
	model_id(i, id);
	m->ops++;
	make_folders(ix);
	if (d->nalts > (d->sticky ? MODEL_ALTS - 2 : 0))
		return 0; /* its state is not known until the next compare */
	switch (model_rand(m, 12)) {
	case 0:
		return d->content ? settle(d, inbox_unlink(ix, id, strlen(id), NULL), NULL) : 0;
	case 1:
		if (!d->content)
			return 0;
		rc = index_delete(ix, id, strlen(id), &seq, NULL);
		return settle(d, rc < 0 ? rc : index_sync(ix, seq, NULL), NULL);
	case 2:
	case 3:
		return append(ix, d, id, i, m);
	case 4:
		return stream(ix, d, id, i, m);
	case 5:
		return rename_to(ix, m, i, id);
	case 6:
		return staged_then_renamed(ix, d, id, i, m);
	case 7:
		text = random_text(m, i);
		return settle(d, put_whole(ix, id, text), text);
	default:
		text = random_text(m, i);
		pieces = 1 + model_rand(m, 3);
		rc = model_write_file(ix, id, O_WRONLY | O_CREAT | O_TRUNC, text, pieces, &acked);
		return settle_pieces(d, rc, text, pieces, acked);
	}
}

static int unknown_id(struct model *m, struct snapshot *s, char words[512])
{
	struct id_iter *it;
	const char *id;
	size_t len;
	int rc = id_iter_new(s, false, &it);
	unsigned n = 0, live = 0;
	while (rc == 0 && (rc = id_iter_next(it, &id, &len, NULL, NULL)) == 1) {
		bool known = false;
		for (unsigned i = 0; i < MODEL_IDS && !known; i++) {
			char x[64];
			model_id(i, x);
			known = m->docs[i].content && strlen(x) == len && memcmp(x, id, len) == 0;
		}
		if (!known) {
			snprintf(words, 512, "phantom: the index shows \"%.*s\"", (int)len, id);
			id_iter_free(it);
			return -1;
		}
		n++;
		rc = 0;
	}
	id_iter_free(it);
	for (unsigned i = 0; i < MODEL_IDS; i++)
		live += m->docs[i].content != NULL;
	if (rc < 0 || n != live) {
		snprintf(words, 512, "listing: rc %d, %u of %u documents", rc, n, live);
		return -1;
	}
	if (s->nlive != live) {
		snprintf(words, 512, "live count %llu, there are %u", (unsigned long long)s->nlive, live);
		return -1;
	}
	return 0;
}

static bool same(const char *want, const struct rk_doc *got)
{
	if (!want || !got)
		return !want == !got;
	return strlen(want) == got->content_len && memcmp(want, got->content, got->content_len) == 0;
}

static int compare_one(struct model *m, struct snapshot *s, unsigned i, char words[512])
{
	struct model_doc *d = &m->docs[i];
	struct rk_buf buf = {0};
	struct rk_doc doc;
	const struct leaf *leaf;
	docid_t n;
	char id[64];
	model_id(i, id);
	int rc = snapshot_find(s, id, strlen(id), false, &leaf, &n);
	const struct rk_doc *got = NULL;
	if (rc == 1 && leaf_doc(leaf, n, &buf, &doc, NULL) >= 0)
		got = &doc;
	bool fine = same(d->content, got);
	for (unsigned a = 0; a < d->nalts && !fine; a++) {
		if (!same(d->alts[a], got))
			continue;
		fine = true;
		set(&d->content, copy(d->alts[a]));
	}
	if (!fine)
		snprintf(words, 512, "%s: expected %s%.120s (or one of %u attempts: %.120s), got %s%.*s", id, d->content ? "" : "nothing",
			 d->content ? d->content : "", d->nalts, d->nalts && d->alts[0] ? d->alts[0] : "", got ? "" : "nothing",
			 got ? (int)(got->content_len > 120 ? 120 : got->content_len) : 0, got ? (const char *)got->content : "");
	if (!d->sticky)
		forget_alts(d);
	rk_buf_done(&buf);
	return fine ? 0 : -1;
}

int model_compare(struct model *m, struct index *ix, char words[512])
{
	struct snapshot *s;
	struct rk_err err = {{0}};
	if (index_snapshot(ix, &s, &err) < 0) {
		snprintf(words, 512, "snapshot: %s", err.msg);
		return -1;
	}
	int bad = 0;
	for (unsigned i = 0; i < MODEL_IDS && !bad; i++)
		bad = compare_one(m, s, i, words);
	if (!bad)
		bad = unknown_id(m, s, words);
	snapshot_unref(s);
	return bad;
}
