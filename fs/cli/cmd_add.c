/* cmd_add.c - rankfs add: bulk load. Whole documents go straight to index_put, one sync for many; the ids are those cp would give in
 * incoming/.
 *
 * A plain file's id is its name, --tree DIR gives DIR/below/..., a JSON stream names each document. What cannot be taken is said with its
 * place and left out, the rest goes on, and the exit code is 1. Nothing is acknowledged before the last sync: exit 0 means all of it is on
 * disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/index/inbox.h"
#include "core/index/jsonl.h"
#include "fs/cli/progress.h"
#include "fs/cli/session.h"

enum { READ_CHUNK = 1 << 20, SYNC_EVERY = 64 << 20 };

struct add_args {
	bool jsonl, tree;
	const char *id;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "jsonl", NULL, "every PATH is a stream: one JSON document a line (so are *.jsonl and *.ndjson)", OPT_FLAG,
	 offsetof(struct add_args, jsonl)},
	{0, "tree", NULL, "folders with everything below, ids as cp -r gives them", OPT_FLAG, offsetof(struct add_args, tree)},
	{0, "id", "ID", "the id of the one PATH (or of standard input)", OPT_VALUE, offsetof(struct add_args, id)},
	SESSION_OPT(offsetof(struct add_args, o)),
	{0},
};

struct add {
	struct session s;
	struct progress progress;
	uint64_t max_document, seq, unsynced;
	uint64_t taken, refused;
	struct rk_buf content; /* of one file */
	struct jsonl_line line;
};

/* The input is bad, not the index: said, counted, and the work goes on. */
static void refuse(struct add *a, const char *where, uint64_t line, const char *why)
{
	progress_clear(&a->progress);
	if (line)
		say("add: %s:%llu: %s", where, (unsigned long long)line, why);
	else
		say("add: %s: %s", where, why);
	a->refused++;
}

static int sync_now(struct add *a)
{
	struct rk_err err = {{0}};
	int rc = a->seq ? index_sync(a->s.index, a->seq, &err) : 0;
	if (rc < 0)
		session_say(&a->s, rc, &err);
	a->unsynced = 0;
	return rc;
}

/* 0, also when the document was refused; -errno when the index cannot go on. */
static int taken(struct add *a, int rc, const struct rk_err *err, uint64_t bytes, const char *where, uint64_t line)
{
	if (rc == -EFBIG || rc == -EINVAL || rc == -ENAMETOOLONG) {
		refuse(a, where, line, err->msg[0] ? err->msg : strerror(-rc));
		return 0;
	}
	if (rc < 0) {
		progress_clear(&a->progress);
		session_say(&a->s, rc, err);
		return rc;
	}
	a->taken++;
	a->progress.docs++;
	a->unsynced += bytes;
	return a->unsynced >= SYNC_EVERY ? sync_now(a) : 0;
}

static int add_line(struct add *a, const char *path, uint64_t no, const char *text, size_t len)
{
	struct rk_err err = {{0}};
	int rc = jsonl_parse(text, len, &a->line, &err);
	if (rc < 0) {
		refuse(a, path, no, err.msg[0] ? err.msg : strerror(-rc));
		return rc == -ENOMEM ? rc : 0;
	}
	if (a->line.is_blank)
		return 0;
	const struct rk_doc *d = &a->line.doc;
	if (a->line.is_delete) {
		rc = index_delete(a->s.index, d->id, d->id_len, &a->seq, &err);
		return rc == -ENOENT ? 0 : taken(a, rc, &err, d->id_len, path, no);
	}
	rc = d->content_len > a->max_document ? rk_fail(&err, -EFBIG, "the text is over max_document")
					      : index_put(a->s.index, d, &a->seq, &err);
	return taken(a, rc, &err, d->content_len + d->title_len + d->fields_len, path, no);
}

/* Lines of any length up to what a document may have in its longest spelling (six bytes a byte); a longer one is skipped to its end. */
static int add_stream(struct add *a, const char *path, int fd)
{
	struct rk_buf b = {0};
	uint64_t no = 1;
	bool skipping = false;
	int rc = 0;
	for (ssize_t got = 1; got > 0 && rc == 0;) {
		rc = rk_buf_reserve(&b, READ_CHUNK);
		got = rc == 0 ? read(fd, b.data + b.len, READ_CHUNK) : 0;
		if (got < 0) {
			refuse(a, path, 0, strerror(errno));
			break;
		}
		if (got == 0 && b.len && rc == 0)
			b.data[b.len++] = '\n'; /* the last line has none; there is room, nothing was read */
		size_t start = 0, from = got ? b.len : b.len ? b.len - 1 : 0;
		b.len += (size_t)got;
		a->progress.bytes += (uint64_t)got;
		for (uint8_t *nl; rc == 0 && from < b.len && (nl = memchr(b.data + from, '\n', b.len - from)); start = from) {
			from = (size_t)(nl - b.data) + 1;
			if (!skipping)
				rc = add_line(a, path, no, (const char *)b.data + start, from - 1 - start);
			skipping = false;
			no++;
		}
		memmove(b.data, b.data + start, b.len - start);
		b.len -= start;
		if (b.len > 6 * a->max_document + (1 << 20)) {
			if (!skipping)
				refuse(a, path, no, "the line is over max_document");
			skipping = true;
			b.len = 0;
		}
		progress_tick(&a->progress);
	}
	rk_buf_done(&b);
	return rc;
}

static int read_whole(struct add *a, int fd)
{
	struct rk_buf *b = &a->content;
	b->len = 0;
	for (ssize_t got = 1; got > 0; b->len += (size_t)got) {
		int rc = b->len > a->max_document ? -EFBIG : rk_buf_reserve(b, READ_CHUNK / 16);
		if (rc < 0)
			return rc;
		got = read(fd, b->data + b->len, b->cap - b->len);
		if (got < 0)
			return -errno;
	}
	return b->len > a->max_document ? -EFBIG : 0;
}

static int add_whole(struct add *a, const char *path, const char *id, int fd)
{
	struct stat st;
	struct rk_err err = {{0}};
	int rc = fstat(fd, &st) < 0 ? -errno : read_whole(a, fd);
	if (rc < 0) {
		refuse(a, path, 0, rc == -EFBIG ? "over max_document" : strerror(-rc));
		return rc == -ENOMEM ? rc : 0;
	}
	size_t len = strlen(id);
	if (len > DOC_ID_MAX) {
		refuse(a, path, 0, "the id is too long");
		return 0;
	}
	struct rk_doc d = {.id = id,
			   .id_len = (uint32_t)len,
			   .content = a->content.data,
			   .content_len = a->content.len,
			   .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
			   .mode = S_ISREG(st.st_mode) ? st.st_mode & 07777 : 0,
			   .flags = inbox_is_staged(id, len) ? DOC_STAGED : 0};
	a->progress.bytes += d.content_len;
	rc = taken(a, index_put(a->s.index, &d, &a->seq, &err), &err, d.content_len, path, 0);
	progress_tick(&a->progress);
	return rc;
}

static int add_path(struct add *a, const struct add_args *args, const char *path, const char *id)
{
	bool in = !strcmp(path, "-");
	int fd = in ? 0 : open(path, O_RDONLY | O_CLOEXEC), rc;
	if (fd < 0) {
		refuse(a, path, 0, strerror(errno));
		return 0;
	}
	if (args->jsonl || (!args->id && inbox_is_stream(id, strlen(id))))
		rc = add_stream(a, in ? "standard input" : path, fd);
	else
		rc = add_whole(a, in ? "standard input" : path, id, fd);
	if (!in)
		close(fd);
	return rc;
}

/* The id of what fts found: the name of the folder that was given and everything behind it. */
static const char *tree_id(const char *root, const char *path)
{
	size_t len = strlen(root);
	while (len && root[len - 1] == '/')
		len--;
	while (len && root[len - 1] != '/')
		len--;
	const char *id = path + len;
	return !strncmp(id, "./", 2) ? id + 2 : id;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk(struct add *a, const struct add_args *args, char *root, bool count_only)
{
	char *const roots[] = {root, NULL};
	int rc = 0;
	FTS *t = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
	if (!t)
		return -errno;
	for (FTSENT *e; rc == 0 && (e = fts_read(t));) {
		bool trouble = e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS;
		if (count_only) {
			a->progress.total_docs += e->fts_info == FTS_F;
			a->progress.total_bytes += e->fts_info == FTS_F ? (uint64_t)e->fts_statp->st_size : 0;
		} else if (trouble) {
			refuse(a, e->fts_path, 0, strerror(e->fts_errno));
		} else if (e->fts_info == FTS_F) {
			rc = add_path(a, args, e->fts_path, tree_id(root, e->fts_path));
		} else if (e->fts_info != FTS_D && e->fts_info != FTS_DP) {
			refuse(a, e->fts_path, 0, "not a regular file, left out");
		}
	}
	fts_close(t);
	return rc;
}

static void count(struct add *a, const struct add_args *args, char **paths, int n)
{
	uint64_t bytes = 0, docs = 0;
	bool streams = args->jsonl;
	progress_begin(&a->progress, 0, 0);
	for (int i = 0; a->progress.on && i < n; i++) {
		struct stat st;
		if (!strcmp(paths[i], "-"))
			return; /* nobody knows how much will come */
		if (args->tree)
			(void)walk(a, args, paths[i], true);
		else if (stat(paths[i], &st) == 0 && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size, docs++;
		streams = streams || inbox_is_stream(paths[i], strlen(paths[i]));
	}
	bytes += a->progress.total_bytes;
	docs = streams ? 0 : args->tree ? a->progress.total_docs : docs;
	progress_begin(&a->progress, bytes, docs);
}

static int add_one(struct add *a, const struct add_args *args, char *path)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	const char *id = args->id ? args->id : slash ? slash + 1 : path;
	if (args->tree)
		return walk(a, args, path, false);
	if (!strcmp(path, "-") && !args->jsonl && !args->id) {
		refuse(a, "-", 0, "standard input needs --jsonl or --id=ID");
		return 0;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		refuse(a, path, 0, "a folder; rankfs add --tree takes everything below it");
		return 0;
	}
	return add_path(a, args, path, id);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct add_args args = {0};
	struct add a;
	struct rk_err err = {{0}};
	int n, code, rc = options_parse(c, argc, argv, &args, &n);
	if (rc || (rc = options_count(c, n, 2, args.id ? 2 : argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	memset(&a, 0, sizeof(a));
	if (session_open(&a.s, c, argv[1], SESSION_WRITE, &args.o, &code) < 0)
		return code;
	a.max_document = index_get_options(a.s.index)->max_document;
	count(&a, &args, argv + 2, n - 1);
	for (int i = 2; i <= n && rc == 0; i++)
		rc = add_one(&a, &args, argv[i]);
	if (rc == 0)
		rc = sync_now(&a);
	if (rc == 0 && a.taken && (rc = index_flush(a.s.index, &err)) < 0)
		session_say(&a.s, rc, &err);
	progress_clear(&a.progress);
	if (a.refused)
		say("add: %llu taken, %llu refused", (unsigned long long)a.taken, (unsigned long long)a.refused);
	rk_buf_done(&a.content);
	rk_buf_done(&a.line.buf);
	return session_close(&a.s, rc < 0 ? EXIT_TROUBLE : a.refused ? EXIT_NO : EXIT_OK);
}

static const char more[] = "PATH - is standard input. Bad lines and files are said and left out, the others are kept; exit code 1 then, 2 "
			   "when the index failed.\n"
			   "While the index is mounted, copy into MNT/incoming/ instead.";

const struct command cmd_add = {"add", "[--jsonl|--tree] INDEX PATH...|-", "add documents in bulk", more, opts, 0, run};
