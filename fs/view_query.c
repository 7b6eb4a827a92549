/* view_query.c - query/: any name is a query, evaluated at lookup; folders "@option=value" before it set options; nothing is listed.
 *
 * A result is a node of its own (name, generation): its bytes never change, an open file or a mapping keeps them, and the same name in the same
 * generation is answered from here without work. Whoever opens an older generation by a kept handle gets what is cached, or -ESTALE. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/tree.h"

struct query_dir {
	struct node n;
	struct query_options options;
};

struct query_file {
	struct node n;
	uint32_t nhits;
	uint64_t took_ns;
};

enum { QUERY_NAME_MAX = 4000 };

/* Names that programs ask every folder for. Whoever searches for such a word writes %2Egit. */
static bool is_probe(const char *name)
{
	static const char *const fixed[] = {"autorun.inf", "AUTORUN.INF", "Autorun.inf", "desktop.ini", "Desktop.ini", "Thumbs.db", NULL};
	size_t len = strlen(name);
	if (name[0] == '.' || name[len - 1] == '~' || (len > 1 && name[0] == '#' && name[len - 1] == '#'))
		return true;
	for (unsigned i = 0; fixed[i]; i++) {
		if (strcmp(name, fixed[i]) == 0)
			return true;
	}
	return false;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Only %XX is decoded; a '%' without two hex digits is itself. Returns the length. */
static size_t decode(const char *s, char *out)
{
	size_t n = 0;
	for (; *s; s++) {
		if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			out[n++] = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		} else {
			out[n++] = *s;
		}
	}
	return n;
}

static void note(struct call *c, const char *name, int rc)
{
	if (c->err.msg[0] && rc != -ENOENT && rc != -EINTR) {
		struct rk_buf where = {0};
		rk_buf_str(&where, "query/");
		rk_buf_escaped(&where, name, strlen(name) < 200 ? strlen(name) : 200);
		rk_buf_u8(&where, '\0');
		if (!where.bad)
			index_note_error(c->fs->index, "query", (const char *)where.data, "%s", c->err.msg);
		rk_buf_done(&where);
	}
}

static void options_of(struct fs *fs, struct node *dir, struct query_options *ret)
{
	if (dir->parent->parent) /* below query/ itself */
		*ret = ((struct query_dir *)dir)->options;
	else
		*ret = fs->query;
}

/* "@k=100" in dir. A folder, whatever the generation. */
static int option_folder(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	char *word = strdup(name + 1);
	struct query_options options;
	if (!word)
		return -ENOMEM;
	char *eq = strchr(word, '=');
	if (eq)
		*eq = '\0';
	options_of(fs, dir, &options);
	int rc = query_option_set(&options, word, eq ? eq + 1 : "", &c->err);
	free(word);
	if (rc < 0)
		return rc;
	struct node *n = node_new(&fs->nodes, &kind_query, dir, name);
	if (!n)
		return -ENOMEM;
	((struct query_dir *)n)->options = options;
	n->mtime_ns = fs->start_ns;
	node_attach(&fs->nodes, n);
	ret->node = n;
	return 0;
}

static int query_peek(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	ret->entry_timeout = FS_LONG_TIMEOUT;
	if (is_probe(name))
		return 1;
	double timeout = name[0] == '@' ? FS_LONG_TIMEOUT : notify_mark(&fs->notify);
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n && n->kind == &kind_query_file && n->generation != index_generation(fs->index)) {
		node_unpin(&fs->nodes, n);
		n = NULL;
	}
	ret->entry_timeout = timeout;
	ret->node = n;
	if (n)
		return 1;
	if (name[0] != '@')
		return strlen(name) > QUERY_NAME_MAX ? -ENAMETOOLONG : 0;
	int rc = option_folder(c, dir, name, ret);
	if (rc < 0)
		note(c, name, rc);
	return rc < 0 ? rc : 1;
}

static int evaluate(struct call *c, struct node *dir, const char *name, struct query_result *ret)
{
	struct fs *fs = c->fs;
	struct query_options options;
	struct query_limits limits = fs->limits;
	struct snapshot *snapshot;
	struct analyzer *analyzer;
	char *text = malloc(strlen(name) + 1);
	if (!text)
		return -ENOMEM;
	options_of(fs, dir, &options);
	limits.cancel = c->cancel;
	int rc = index_snapshot(fs->index, &snapshot, &c->err);
	if (rc == 0) {
		rc = fs_analyzer_take(fs, &analyzer, &c->err);
		if (rc == 0) {
			rc = query_run(snapshot, analyzer, text, decode(name, text), &options, &limits, ret, &c->err);
			fs_analyzer_give(fs, analyzer);
		}
		snapshot_unref(snapshot);
	}
	free(text);
	if (rc < 0) {
		note(c, name, rc);
		return rc;
	}
	atomic_fetch_add_explicit(&fs->evaluations, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&fs->evaluation_ns, ret->took_ns, memory_order_relaxed);
	return 0;
}

static int result_content(struct query_result *r, struct content **ret)
{
	int tail = r->rc < 0 ? -EIO : 0;
	struct content *content = content_of_text(&r->text);
	if (!content)
		return -ENOMEM;
	content->tail_rc = tail;
	*ret = content;
	return 0;
}

static int query_find(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	struct query_result r = {0};
	struct content *content = NULL;
	ret->entry_timeout = notify_mark(&fs->notify); /* again: a commit since the peek took the mark */
	int rc = evaluate(c, dir, name, &r);
	if (rc == 0)
		rc = result_content(&r, &content);
	if (rc < 0)
		return rc;
	struct node *n = node_new(&fs->nodes, &kind_query_file, dir, name);
	if (!n) {
		content_unref(content);
		return -ENOMEM;
	}
	struct query_file *q = (struct query_file *)n;
	q->nhits = r.nhits;
	q->took_ns = r.took_ns;
	n->generation = r.generation;
	n->size = content_size(content);
	n->mtime_ns = rk_wall_ns();
	cache_put(&fs->cache, n, content);
	content_unref(content);
	node_attach(&fs->nodes, n);
	ret->node = n;
	return 0;
}

/* The content was dropped meanwhile: the same generation gives the same bytes; an older one cannot be had any more. */
static int again(struct call *c, struct node *n, struct content **ret)
{
	struct query_result r = {0};
	loop_step_aside();
	int rc = evaluate(c, n->parent, n->name, &r);
	if (rc < 0)
		return rc;
	if (r.generation != n->generation || r.text.len != n->size) {
		rk_buf_done(&r.text);
		return -ESTALE;
	}
	rc = result_content(&r, ret);
	if (rc == 0)
		cache_put(&c->fs->cache, n, *ret);
	return rc;
}

static int query_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	struct content *content = cache_get(&c->fs->cache, n);
	int rc = content ? 0 : again(c, n, &content);
	return rc < 0 ? rc : content_open(c, n, content, fi, ret);
}

static int query_getxattr(struct call *c, struct node *n, const char *name, struct rk_buf *ret)
{
	const struct query_file *q = (const struct query_file *)n;
	(void)c;
	if (strcmp(name, "hits") == 0)
		return rk_buf_printf(ret, "%u", q->nhits);
	if (strcmp(name, "generation") == 0)
		return rk_buf_printf(ret, "%llu", (unsigned long long)atomic_load(&n->generation));
	if (strcmp(name, "took_us") == 0)
		return rk_buf_printf(ret, "%llu", (unsigned long long)(q->took_ns / 1000));
	return -ENODATA;
}

static const char *const *query_xattrs(struct fs *fs, struct node *n)
{
	static const char *const names[] = {"hits", "generation", "took_us", NULL};
	(void)fs, (void)n;
	return names;
}

const struct kind kind_query = {
	.name = "query", .node_size = sizeof(struct query_dir), .mode = S_IFDIR | 0555, .slow_find = true, .attr_timeout = FS_LONG_TIMEOUT,
	.peek = query_peek, .find = query_find,
};

const struct kind kind_query_file = {
	.name = "query file", .node_size = sizeof(struct query_file), .mode = S_IFREG | 0444, .attr_timeout = FS_LONG_TIMEOUT,
	.open = query_open, .read = content_read, .release = content_release,
	.getxattr = query_getxattr, .xattrs = query_xattrs,
};
