/* view_docs.c - docs/: every live document under its id, folder by folder; read it, rm it.
 *
 * A name here is a path of core/query's id_to_path. A file's node stays the same as long as it is the same stored document; a newer version is a newer
 * node. An id that is a document and a folder of others ("a" and "a/b") keeps its name as a document; the folder then is called by the same name with
 * its first byte encoded ("%61"). A folder that has just lost its last document still answers for a while, so that `rm -r` can end with rmdir. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "fs/dirstream.h"
#include "fs/loop.h"
#include "fs/tree.h"

struct doc_node {
	struct node n;
	uint64_t seg_id; /* 0: in memory */
	docid_t doc;
	uint32_t flags, mode;
};

struct docs_dir {
	struct node n;
	_Atomic uint64_t seen_ns; /* when it last had a document */
};

/* Folders that lost a document lately stay known for this long, however soon the kernel forgets them. */
#define GHOST_NS (UINT64_C(60) * 1000000000u)

/* The id that name means in dir; NULL name: dir itself. -ENOENT when it cannot be one. */
static int id_of(struct fs *fs, struct node *dir, const char *name, struct rk_buf *ret)
{
	struct rk_buf path = {0};
	int rc = fs_path(fs, dir, name, &path);
	if (rc == 0)
		rc = path_to_id((const char *)path.data, path.len, ret);
	rk_buf_done(&path);
	return rc == -EINVAL ? -ENOENT : rc;
}

/* The last part of the id's path, NUL-terminated, in path. */
static int last_part(const void *id, size_t len, struct rk_buf *path, const char **ret)
{
	path->len = 0;
	int rc = id_to_path(id, len, path);
	if (rc == 0)
		rc = rk_buf_u8(path, '\0');
	if (rc < 0)
		return rc;
	const char *slash = strrchr((const char *)path->data, '/');
	*ret = slash ? slash + 1 : (const char *)path->data;
	return 0;
}

/* The name of a folder that has a document of the same name beside it: another spelling, or "" when there is none short of pedantry ("%", "%/"). */
static void other_name(const char *part, char *out, size_t cap)
{
	if (strncmp(part, "%25", 3) == 0 && (!part[3] || part[3] == '%'))
		*out = '\0';
	else if (strncmp(part, "%25", 3) == 0)
		snprintf(out, cap, "%%25%%%02X%s", (unsigned char)part[3], part + 4);
	else if (part[0] == '%')
		snprintf(out, cap, "%%%c%c%s", part[1] | 0x20, part[2] | 0x20, part + 3);
	else
		snprintf(out, cap, "%%%02X%s", (unsigned char)part[0], part + 1);
}

/* An empty buffer may have no bytes to point at. */
static const void *bytes_of(const struct rk_buf *b)
{
	return b->len ? (const void *)b->data : "";
}

static bool begins_with(const void *p, size_t len, const struct rk_buf *b)
{
	return len >= b->len && memcmp(p, bytes_of(b), b->len) == 0;
}

/* 1 when the id is shown in a folder whose names begin with `under`. */
static int lies_under(const char *id, size_t len, const struct rk_buf *under, struct rk_buf *path)
{
	path->len = 0;
	int rc = id_to_path(id, len, path);
	return rc < 0 ? rc : path->len > under->len && begins_with(path->data, path->len, under);
}

/* Ids below begin with the folder's id and a '/'; of those, odd ones ("a/", a name of its own) are shown elsewhere: they come first, and are few. */
enum { ODD_MAX = 1000 };
static int any_under(struct id_iter *it, const struct rk_buf *from, const struct rk_buf *under)
{
	struct rk_buf path = {0};
	const char *id;
	size_t len;
	const struct leaf *leaf;
	docid_t doc;
	int found = 0, rc = id_iter_seek(it, bytes_of(from), from->len);
	for (int i = 0; i < ODD_MAX && rc >= 0 && found == 0; i++) {
		rc = id_iter_next(it, &id, &len, &leaf, &doc);
		if (rc != 1 || !begins_with(id, len, from))
			break;
		found = lies_under(id, len, under, &path);
	}
	rk_buf_done(&path);
	return rc < 0 ? rc : found;
}

/* 1 when some document lies below the folder `id`. */
static int has_below(struct snapshot *s, const struct rk_buf *id)
{
	struct rk_buf from = {0}, under = {0};
	struct id_iter *it;
	rk_buf_put(&from, bytes_of(id), id->len);
	rk_buf_u8(&from, '/');
	int rc = id_to_path(id->data, id->len, &under);
	rk_buf_u8(&under, '/');
	if (rc == 0)
		rc = from.bad || under.bad ? -ENOMEM : id_iter_new(s, false, &it);
	if (rc == 0) {
		rc = any_under(it, &from, &under);
		id_iter_free(it);
	}
	rk_buf_done(&from);
	rk_buf_done(&under);
	return rc;
}

static int make_dir(struct fs *fs, struct node *dir, const char *name, uint64_t generation, struct node **ret)
{
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n && n->kind != &kind_docs) {
		node_unpin(&fs->nodes, n);
		n = NULL;
	}
	if (!n) {
		n = node_new(&fs->nodes, &kind_docs, dir, name);
		if (!n)
			return -ENOMEM;
		n->mtime_ns = fs->start_ns;
		node_attach(&fs->nodes, n);
	}
	n->generation = generation;
	((struct docs_dir *)n)->seen_ns = rk_mono_ns();
	*ret = n;
	return 0;
}

static bool same_doc(const struct doc_node *d, const struct leaf *leaf, docid_t doc)
{
	return d->n.kind == &kind_doc && d->seg_id && d->seg_id == leaf->seg_id && d->doc == doc;
}

static int make_doc(struct fs *fs, struct node *dir, const char *name, uint64_t generation, const struct leaf *leaf, docid_t doc, struct node **ret)
{
	struct seg_doc_stat st;
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n && same_doc((struct doc_node *)n, leaf, doc)) {
		n->generation = generation;
		*ret = n;
		return 0;
	}
	node_unpin(&fs->nodes, n);
	int rc = leaf_doc_stat(leaf, doc, &st);
	if (rc < 0)
		return rc;
	n = node_new(&fs->nodes, &kind_doc, dir, name);
	if (!n)
		return -ENOMEM;
	struct doc_node *d = (struct doc_node *)n;
	d->seg_id = leaf->seg_id;
	d->doc = doc;
	d->flags = st.flags;
	d->mode = st.mode;
	n->generation = generation;
	n->size = st.size;
	n->mtime_ns = st.mtime_ns;
	node_attach(&fs->nodes, n);
	*ret = n;
	return 0;
}

/* A document was removed from dir: it and the folders above may be empty now. */
static void remember(struct node *dir)
{
	for (; dir->parent->parent; dir = dir->parent)
		((struct docs_dir *)dir)->seen_ns = rk_mono_ns();
}

/* A folder that was emptied a moment ago. */
static int ghost(struct fs *fs, struct node *dir, const char *name, struct found *ret)
{
	struct node *n = node_find(&fs->nodes, dir, name);
	if (n && n->kind == &kind_docs && rk_mono_ns() - ((struct docs_dir *)n)->seen_ns < GHOST_NS) {
		ret->node = n;
		ret->entry_timeout = 0;
	} else {
		node_unpin(&fs->nodes, n);
	}
	return 0;
}

/* A part by its name, or by the name that @format=paths prints: control bytes percent-encoded. */
static bool is_named(const char *part, const char *name)
{
	char code[4];
	for (; *part; part++) {
		unsigned char c = (unsigned char)*part;
		snprintf(code, sizeof(code), "%%%02X", c);
		if (*name == *part)
			name++;
		else if ((c < 0x20 || c == 0x7f) && strncmp(name, code, 3) == 0)
			name += 3;
		else
			return false;
	}
	return *name == '\0';
}

/* As listed, a name is the document first; any other spelling (bytes encoded that need not be) is the folder where there are both. */
static int find_in(struct fs *fs, struct snapshot *s, struct node *dir, const char *name, const struct rk_buf *id, struct found *ret)
{
	const struct leaf *leaf;
	const char *part;
	docid_t doc;
	struct rk_buf path = {0};
	int rc = last_part(id->data, id->len, &path, &part);
	bool plain = rc == 0 && is_named(part, name);
	rk_buf_done(&path);
	int is_file = rc < 0 ? rc : snapshot_find(s, id->data, id->len, false, &leaf, &doc);
	if (is_file == 1 && plain)
		return make_doc(fs, dir, name, s->seq, leaf, doc, &ret->node);
	int is_dir = is_file < 0 ? is_file : has_below(s, id);
	if (is_dir < 0)
		return is_dir;
	if (is_dir)
		return make_dir(fs, dir, name, s->seq, &ret->node);
	return is_file ? make_doc(fs, dir, name, s->seq, leaf, doc, &ret->node) : ghost(fs, dir, name, ret);
}

static int docs_peek(struct call *c, struct node *dir, const char *name, struct found *ret)
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

static int docs_find(struct call *c, struct node *dir, const char *name, struct found *ret)
{
	struct fs *fs = c->fs;
	struct rk_buf id = {0};
	struct snapshot *s;
	ret->entry_timeout = notify_mark(&fs->notify);
	int rc = id_of(fs, dir, name, &id);
	if (rc == 0 && id.len <= DOC_ID_MAX && !memchr(id.data, 0, id.len))
		rc = index_snapshot(fs->index, &s, &c->err);
	else if (rc == 0)
		rc = -ENOENT;
	if (rc == 0) {
		rc = find_in(fs, s, dir, name, &id, ret);
		snapshot_unref(s);
	}
	rk_buf_done(&id);
	return rc;
}

/* Listing. */
struct lister {
	struct snapshot *s;
	struct window *w;
	struct rk_buf base;  /* ids below begin so: "" or "a/b/" */
	struct rk_buf under; /* and their paths so */
	struct rk_buf path, key;
};

/* One id below the folder: a file of it, or the first of a deeper folder. True: stop. */
static int list_one(struct lister *l, struct id_iter *it, const char *id, size_t len, bool *stop)
{
	l->path.len = l->key.len = 0;
	int rc = id_to_path(id, len, &l->path);
	if (rc == 0)
		rc = rk_buf_u8(&l->path, '\0');
	if (rc < 0)
		return rc;
	if (l->path.len == l->under.len || !begins_with(l->path.data, l->path.len, &l->under))
		return 0; /* its path lies elsewhere: an odd id like "a//b" */
	char *part = (char *)l->path.data + l->under.len, *slash = strchr(part, '/');
	if (!slash) {
		rk_buf_put(&l->key, id, len);
		rk_buf_u8(&l->key, '\0'); /* the least string behind this id */
		*stop = window_add(l->w, part, false, l->key.data, l->key.len);
		return l->key.bad ? -ENOMEM : 0;
	}
	/* A folder: its ids begin with base + part + '/'; '0' comes next in byte order. */
	const struct leaf *leaf;
	docid_t doc;
	char other[3 + DOC_ID_MAX * 3];
	*slash = '\0';
	rk_buf_put(&l->key, l->base.data, l->base.len);
	rc = path_to_id(part, strlen(part), &l->key);
	if (rc == 0)
		rc = snapshot_find(l->s, l->key.data, l->key.len, false, &leaf, &doc);
	if (rc < 0)
		return rc;
	other_name(part, other, sizeof(other));
	rk_buf_u8(&l->key, '/' + 1);
	if (l->key.bad)
		return -ENOMEM;
	const char *shown = rc == 1 ? other : part;
	*stop = *shown && window_add(l->w, shown, true, l->key.data, l->key.len);
	return *stop ? 0 : id_iter_seek(it, l->key.data, l->key.len);
}

static int list_from(struct lister *l, const void *from, size_t from_len)
{
	struct id_iter *it;
	const struct leaf *leaf;
	const char *id;
	size_t len;
	docid_t doc;
	bool stop = false;
	int rc = id_iter_new(l->s, false, &it);
	if (rc < 0)
		return rc;
	rc = from_len ? id_iter_seek(it, from, from_len) : id_iter_seek(it, bytes_of(&l->base), l->base.len);
	while (rc >= 0 && !stop && (rc = id_iter_next(it, &id, &len, &leaf, &doc)) == 1) {
		if (!begins_with(id, len, &l->base))
			break;
		rc = list_one(l, it, id, len, &stop);
	}
	id_iter_free(it);
	return rc < 0 ? rc : 0;
}

static int docs_list(struct fs *fs, struct dirhandle *d, const void *from, size_t len, struct window *w)
{
	struct lister l = {.w = w};
	int rc = dirhandle_snapshot(fs, d, &l.s);
	if (rc == 0 && d->h.node->parent->parent) {
		rc = id_of(fs, d->h.node, NULL, &l.base);
		if (rc == 0)
			rc = id_to_path(l.base.data, l.base.len, &l.under);
		if (rc == 0)
			rc = rk_buf_u8(&l.base, '/');
		if (rc == 0)
			rc = rk_buf_u8(&l.under, '/');
	}
	if (rc == 0)
		rc = list_from(&l, from, len);
	rk_buf_done(&l.base);
	rk_buf_done(&l.under);
	rk_buf_done(&l.path);
	rk_buf_done(&l.key);
	return rc;
}

/* Changes. */
static int docs_unlink(struct call *c, struct node *dir, const char *name)
{
	struct fs *fs = c->fs;
	struct rk_buf id = {0};
	uint64_t seq;
	loop_step_aside();
	int rc = id_of(fs, dir, name, &id);
	if (rc == 0)
		rc = index_delete(fs->index, id.data, id.len, &seq, &c->err);
	if (rc == 0) {
		remember(dir);
		rc = index_sync(fs->index, seq, &c->err);
		struct node *n = node_find(&fs->nodes, dir, name);
		if (n)
			node_detach(&fs->nodes, n);
		node_unpin(&fs->nodes, n);
		notify_publish(&fs->notify);
	}
	rk_buf_done(&id);
	return rc;
}

/* Folders come and go with their documents: an emptied one is gone already. */
static int docs_rmdir(struct call *c, struct node *dir, const char *name)
{
	struct fs *fs = c->fs;
	struct rk_buf id = {0};
	struct snapshot *s;
	loop_step_aside();
	int rc = id_of(fs, dir, name, &id);
	if (rc == 0)
		rc = index_snapshot(fs->index, &s, &c->err);
	if (rc == 0) {
		rc = has_below(s, &id);
		snapshot_unref(s);
		rc = rc == 1 ? -ENOTEMPTY : rc;
	}
	struct node *n = rc == 0 ? node_find(&fs->nodes, dir, name) : NULL;
	if (n)
		node_detach(&fs->nodes, n);
	node_unpin(&fs->nodes, n);
	rk_buf_done(&id);
	return rc;
}

/* mv docs/x incoming/x means the same document: nothing to do. Anything else is copied by mv itself. */
static int docs_rename(struct call *c, struct node *dir, const char *name, struct node *newdir, const char *newname, unsigned flags)
{
	struct rk_buf id = {0}, path = {0};
	(void)flags;
	if (newdir->kind != &kind_incoming)
		return -EXDEV;
	int rc = id_of(c->fs, dir, name, &id);
	if (rc == 0)
		rc = fs_path(c->fs, newdir, newname, &path);
	if (rc == 0)
		rc = id.len == path.len && memcmp(id.data, path.data, id.len) == 0 ? 0 : -EXDEV;
	rk_buf_done(&id);
	rk_buf_done(&path);
	notify_publish(&c->fs->notify); /* the kernel believes the file has moved */
	return rc;
}

/* Files. The document behind a node, if it still is the one that was looked up. */
static int doc_now(struct call *c, struct node *n, struct snapshot **ret_s, const struct leaf **ret_leaf, docid_t *ret_doc)
{
	const struct doc_node *d = (const struct doc_node *)n;
	struct seg_doc_stat st;
	struct rk_buf id = {0};
	struct snapshot *s;
	int rc = id_of(c->fs, n, NULL, &id);
	if (rc == 0)
		rc = index_snapshot(c->fs->index, &s, &c->err);
	if (rc < 0) {
		rk_buf_done(&id);
		return rc;
	}
	rc = snapshot_find(s, id.data, id.len, false, ret_leaf, ret_doc);
	rk_buf_done(&id);
	if (rc == 0)
		rc = -ESTALE;
	else if (rc == 1 && s->seq != n->generation && !same_doc(d, *ret_leaf, *ret_doc)) {
		rc = leaf_doc_stat(*ret_leaf, *ret_doc, &st);
		if (rc == 0 && (st.size != n->size || st.mtime_ns != n->mtime_ns || st.flags != d->flags))
			rc = -ESTALE; /* replaced since: open(2) looks up again */
	}
	if (rc < 0) {
		snapshot_unref(s);
		return rc;
	}
	*ret_s = s;
	return 0;
}

static int doc_load(struct call *c, struct node *n, struct content **ret)
{
	struct snapshot *s;
	const struct leaf *leaf;
	docid_t doc;
	struct rk_buf buf = {0}, text = {0};
	struct rk_doc d;
	loop_step_aside();
	int rc = doc_now(c, n, &s, &leaf, &doc);
	if (rc < 0)
		return rc;
	rc = leaf_doc(leaf, doc, &buf, &d, &c->err);
	if (rc >= 0)
		rc = rk_buf_put(&text, d.content, d.content_len);
	if (rc == 0 && text.len != n->size)
		rc = -ESTALE;
	struct content *content = rc == 0 ? content_of_text(&text) : NULL;
	if (content) {
		cache_put(&c->fs->cache, n, content);
		*ret = content;
	}
	rk_buf_done(&buf);
	rk_buf_done(&text);
	snapshot_unref(s);
	return rc < 0 || content ? rc : -ENOMEM;
}

static int doc_open(struct call *c, struct node *n, struct fuse_file_info *fi, struct handle **ret)
{
	struct content *content = cache_get(&c->fs->cache, n);
	int rc = content ? 0 : doc_load(c, n, &content);
	return rc < 0 ? rc : content_open(c, n, content, fi, ret);
}

static int doc_stat(struct fs *fs, struct node *n, struct stat *st)
{
	uint32_t mode = ((const struct doc_node *)n)->mode & 0777;
	(void)fs;
	st->st_mode = S_IFREG | (mode ? mode : 0644);
	return 0;
}

static int doc_getxattr(struct call *c, struct node *n, const char *name, struct rk_buf *ret)
{
	struct snapshot *s;
	const struct leaf *leaf;
	docid_t doc;
	struct rk_buf buf = {0};
	struct rk_doc d;
	loop_step_aside();
	int rc = doc_now(c, n, &s, &leaf, &doc);
	if (rc < 0)
		return rc;
	if (strcmp(name, "docid") == 0)
		rc = rk_buf_printf(ret, "%u", doc);
	else if (strcmp(name, "segment") == 0)
		rc = leaf->seg ? rk_buf_printf(ret, "%llu", (unsigned long long)leaf->seg_id) : rk_buf_str(ret, "memory");
	else if (strcmp(name, "terms") == 0)
		rc = rk_buf_printf(ret, "%u", leaf_length(leaf, doc));
	else if (strcmp(name, "interrupted") == 0)
		rc = ((const struct doc_node *)n)->flags & DOC_INTERRUPTED ? rk_buf_str(ret, "1") : -ENODATA;
	else if (strcmp(name, "title") != 0 && strcmp(name, "fields") != 0)
		rc = -ENODATA;
	else if ((rc = leaf_doc(leaf, doc, &buf, &d, &c->err)) >= 0)
		rc = name[0] == 't' ? rk_buf_put(ret, d.title, d.title_len) : rk_buf_put(ret, d.fields, d.fields_len);
	rk_buf_done(&buf);
	snapshot_unref(s);
	return rc;
}

static const char *const *doc_xattrs(struct fs *fs, struct node *n)
{
	static const char *const names[] = {"docid", "segment", "terms", "title", "fields", NULL};
	static const char *const cut[] = {"docid", "segment", "terms", "title", "fields", "interrupted", NULL};
	(void)fs;
	return ((const struct doc_node *)n)->flags & DOC_INTERRUPTED ? cut : names;
}

const struct kind kind_docs = {
	.name = "docs", .node_size = sizeof(struct docs_dir), .mode = S_IFDIR | 0755, .list_plus = true, .attr_timeout = FS_LONG_TIMEOUT,
	.peek = docs_peek, .find = docs_find, .list = docs_list, .unlink = docs_unlink, .rmdir = docs_rmdir, .rename = docs_rename,
};

const struct kind kind_doc = {
	.name = "document", .node_size = sizeof(struct doc_node), .mode = S_IFREG | 0644, .attr_timeout = FS_LONG_TIMEOUT,
	.stat = doc_stat, .open = doc_open, .read = content_read, .release = content_release, .getxattr = doc_getxattr, .xattrs = doc_xattrs,
};
