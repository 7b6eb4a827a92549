/* tree.c - the root folder, README, and what all generated files share; see tree.h. */
#include "fs/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/readme.h"

static const struct top {
	const char *name;
	const struct kind *kind;
} tops[] = {
	{"README", &kind_readme},   {"control", &kind_control}, {"docs", &kind_docs},	   {"incoming", &kind_incoming},
	{"query", &kind_query},	    {"segments", &kind_views},	{"status", &kind_status}, {"wal", &kind_views},
};
enum { NTOPS = sizeof(tops) / sizeof(tops[0]) };

int tree_init(struct fs *fs)
{
	struct node *root = node_new(&fs->nodes, &kind_root, NULL, "");
	if (!root)
		return -ENOMEM;
	node_attach(&fs->nodes, root);
	fs->nodes.root = root;
	for (unsigned i = 0; i < NTOPS; i++) {
		struct node *n = node_new(&fs->nodes, tops[i].kind, root, tops[i].name);
		if (!n)
			return -ENOMEM;
		n->mtime_ns = fs->start_ns;
		if (tops[i].kind == &kind_readme)
			n->size = strlen(readme_text);
		node_attach(&fs->nodes, n);
	}
	root->mtime_ns = fs->start_ns;
	return 0;
}

static int root_peek(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	ret->node = node_find(&c->fs->nodes, dir, name);
	ret->entry_timeout = FS_LONG_TIMEOUT;
	return 1;
}

static int root_list(struct fs *fs, struct dirhandle *d, const void *from, size_t len, struct window *w)
{
	(void)fs, (void)d, (void)from, (void)len;
	for (unsigned i = 0; i < NTOPS; i++) {
		if (window_add(w, tops[i].name, S_ISDIR(tops[i].kind->mode), NULL, 0))
			break;
	}
	return 0;
}

const struct kind kind_root = {
	.name = "root", .node_size = sizeof(struct node), .mode = S_IFDIR | 0555, .list_live = true, .attr_timeout = FS_LONG_TIMEOUT,
	.peek = root_peek, .list = root_list,
};

/* README */
static int readme_read(struct call *c, struct handle *h, uint64_t off, size_t n, struct span *ret)
{
	(void)c, (void)h;
	size_t size = strlen(readme_text);
	if (off < size)
		*ret = (struct span){.p = readme_text + off, .n = n < size - off ? n : size - off};
	return 0;
}

const struct kind kind_readme = {
	.name = "README", .node_size = sizeof(struct node), .mode = S_IFREG | 0444, .attr_timeout = FS_LONG_TIMEOUT, .read = readme_read,
};

/* Contents. */
struct content_handle {
	struct handle h;
	struct content *content;
};

int content_open(struct call *c, struct node *n, struct content *content, struct fuse_file_info *fi, struct handle **ret)
{
	(void)c, (void)n;
	struct content_handle *h = calloc(1, sizeof(*h));
	if (!h) {
		content_unref(content);
		return -ENOMEM;
	}
	h->content = content;
	fi->noflush = 1;
	fi->keep_cache = 1;
	if (content->tail_rc < 0) /* the read behind the end must reach us: it says that something is missing */
		fi->direct_io = 1;
	*ret = &h->h;
	return 0;
}

static int view_span(struct content *content, uint64_t off, size_t n, struct span *ret)
{
	char *p = malloc(n);
	if (!p)
		return -ENOMEM;
	loop_step_aside();
	pthread_mutex_lock(&content->lock);
	int64_t rc = view_read(content->view, off, p, n);
	pthread_mutex_unlock(&content->lock);
	if (rc < 0) {
		free(p);
		return (int)rc;
	}
	*ret = (struct span){.p = p, .n = (size_t)rc, .owned = p};
	return 0;
}

int content_read(struct call *c, struct handle *handle, uint64_t off, size_t n, struct span *ret)
{
	(void)c;
	struct content *content = ((struct content_handle *)handle)->content;
	if (content->view)
		return view_span(content, off, n, ret);
	size_t size = content->text.len;
	if (off >= size)
		return content->tail_rc;
	*ret = (struct span){.p = content->text.data + off, .n = n < size - off ? n : size - off};
	return 0;
}

void content_release(struct fs *fs, struct handle *h)
{
	(void)fs;
	content_unref(((struct content_handle *)h)->content);
}

int content_node(struct fs *fs, const struct kind *kind, struct node *dir, const char *name, struct content *content, uint64_t generation,
		 struct node **ret)
{
	struct node *n = node_new(&fs->nodes, kind, dir, name);
	if (!n) {
		content_unref(content);
		return -ENOMEM;
	}
	n->generation = generation;
	n->size = content_size(content);
	n->mtime_ns = rk_wall_ns();
	cache_put(&fs->cache, n, content);
	content_unref(content);
	node_attach(&fs->nodes, n);
	*ret = n;
	return 0;
}
