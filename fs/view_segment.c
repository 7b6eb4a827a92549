/* view_segment.c - segments/ and wal/: the decoded views of core/query, with exact sizes at lookup.
 *
 * What a segment holds for ever (terms, postings, blocks) keeps its node; what changes with a commit (info, documents, tombstones, the log) is a new
 * node in a new generation. A view that was opened for its size serves the open that follows, and is dropped after it: it pins a snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/tree.h"

/* "segments/1/terms" for view.h; name may be NULL. */
static int path_of(struct fs *fs, struct node *dir, const char *name, struct rk_buf *ret)
{
	struct node *top = dir;
	struct rk_buf below = {0};
	while (top->parent->parent)
		top = top->parent;
	int rc = fs_path(fs, dir, name, &below);
	if (rc == 0)
		rc = rk_buf_str(ret, top->name);
	if (rc == 0 && below.len)
		rc = rk_buf_u8(ret, '/');
	if (rc == 0)
		rc = rk_buf_put(ret, below.data, below.len);
	if (rc == 0)
		rc = rk_buf_u8(ret, '\0');
	rk_buf_done(&below);
	return rc;
}

static bool is_fixed(const char *path)
{
	const char *p = strncmp(path, "segments/", 9) == 0 ? strchr(path + 9, '/') : NULL;
	return p && (strcmp(p, "/terms") == 0 || strncmp(p, "/postings/", 10) == 0 || strncmp(p, "/blocks/", 8) == 0);
}

static int views_peek(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	ret->entry_timeout = notify_mark(&fs->notify);
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n && n->generation == index_generation(fs->index)) {
		ret->node = n;
		return 1;
	}
	node_unpin(&fs->nodes, n);
	return 0;
}

static int find_dir(struct fs *fs, struct node *dir, const char *name, uint64_t generation, struct found *ret)
{
	struct node *n = node_find(&fs->nodes, dir, name);
	if (!n) {
		n = node_new(&fs->nodes, &kind_views, dir, name);
		if (!n)
			return -ENOMEM;
		n->mtime_ns = fs->start_ns;
		node_attach(&fs->nodes, n);
	}
	n->generation = generation;
	ret->node = n;
	return 0;
}

/* A view pins its snapshot, memory of an old generation too: only the newest that was looked up and not opened yet is kept. */
static void keep_only(struct fs *fs, struct node *n)
{
	struct last_view *l = &fs->last_view;
	if (n)
		node_pin(&fs->nodes, n);
	pthread_mutex_lock(&l->lock);
	struct node *old = l->node;
	l->node = n;
	pthread_mutex_unlock(&l->lock);
	if (old && old != n)
		cache_drop(&fs->cache, old);
	node_unpin(&fs->nodes, old);
}

static int find_file(struct call *c, struct snapshot *s, struct node *dir, const char *name, const char *path, struct found *ret)
{
	struct fs *fs = c->fs;
	struct view *view;
	struct node *n = is_fixed(path) ? node_find(&fs->nodes, dir, name) : NULL;
	if (n) {
		n->generation = s->seq;
		ret->node = n;
		return 0;
	}
	int rc = view_open(fs->index, s, path, &view, &c->err);
	if (rc < 0)
		return rc;
	struct content *content = content_of_view(view, snapshot_ref(s));
	if (!content)
		return -ENOMEM;
	rc = content_node(fs, &kind_view_file, dir, name, content, s->seq, &ret->node);
	if (rc == 0)
		keep_only(fs, ret->node);
	return rc;
}

static int views_find(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	struct rk_buf path = {0};
	struct snapshot *s;
	ret->entry_timeout = notify_mark(&fs->notify);
	int rc = path_of(fs, dir, name, &path);
	if (rc == 0)
		rc = index_snapshot(fs->index, &s, &c->err);
	if (rc == 0) {
		const char *p = (const char *)path.data;
		rc = view_is_dir(fs->index, s, p);
		if (rc >= 0)
			rc = rc == 1 ? find_dir(fs, dir, name, s->seq, ret) : find_file(c, s, dir, name, p, ret);
		snapshot_unref(s);
	}
	rk_buf_done(&path);
	return rc;
}

struct listing {
	struct window *w;
};

static int list_one(void *arg, const char *name, bool is_dir)
{
	return window_add(((struct listing *)arg)->w, name, is_dir, name, strlen(name) + 1) ? 1 : 0;
}

static int views_list(struct fs *fs, struct dirhandle *d, const void *from, size_t len, struct window *w)
{
	struct listing l = {.w = w};
	struct rk_buf path = {0};
	struct snapshot *s;
	int rc = dirhandle_snapshot(fs, d, &s);
	if (rc == 0)
		rc = path_of(fs, d->h.node, NULL, &path);
	if (rc == 0)
		rc = view_list(fs->index, s, (const char *)path.data, len ? from : "", list_one, &l);
	rk_buf_done(&path);
	return rc < 0 ? rc : 0;
}

static int view_file_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	struct fs *fs = c->fs;
	struct rk_buf path = {0};
	struct snapshot *s;
	struct view *view = NULL;
	struct content *content = cache_get(&fs->cache, n);
	if (content)
		return content_open(c, n, content, fi, ret);
	loop_step_aside();
	int rc = path_of(fs, n, NULL, &path);
	if (rc == 0)
		rc = index_snapshot(fs->index, &s, &c->err);
	if (rc == 0) {
		rc = view_open(fs->index, s, (const char *)path.data, &view, &c->err);
		if (rc == 0 && view_size(view) != n->size) {
			view_close(view);
			rc = -ESTALE;
		}
		if (rc == 0)
			content = content_of_view(view, snapshot_ref(s));
		snapshot_unref(s);
	}
	rk_buf_done(&path);
	if (rc == -ENOENT)
		rc = -ESTALE;
	if (rc < 0 || !content)
		return rc < 0 ? rc : -ENOMEM;
	return content_open(c, n, content, fi, ret);
}

static void view_file_release(struct fs *fs, struct handle *h)
{
	cache_drop(&fs->cache, h->node);
	content_release(fs, h);
}

const struct kind kind_views = {
	.name = "views", .node_size = sizeof(struct node), .mode = S_IFDIR | 0555, .attr_timeout = FS_LONG_TIMEOUT,
	.peek = views_peek, .find = views_find, .list = views_list,
};

const struct kind kind_view_file = {
	.name = "view", .node_size = sizeof(struct node), .mode = S_IFREG | 0444, .attr_timeout = FS_LONG_TIMEOUT,
	.open = view_file_open, .read = content_read, .release = view_file_release,
};
