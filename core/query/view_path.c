/* view_path.c - the tree of decoded views: paths to what they name, and the names below a folder.
 *
 * A term is a file name with '/', '%' and NUL as %XX, and "." and ".." encoded whole. Any %XX is decoded, so that what a user types finds it. */
#include <stdio.h>
#include <stdlib.h>

#include "core/query/view_private.h"
#include "core/wal/wal_format.h"

static const struct {
	const char *name;
	const struct view_ops *ops;
	enum view_kind kind;
	bool is_dir;
} segment_files[] = {
	/* in byte order */
	{"blocks", NULL, VIEW_BLOCKS, true},
	{"documents", &view_documents_ops, VIEW_FILE, false},
	{"info", &view_info_ops, VIEW_FILE, false},
	{"postings", NULL, VIEW_POSTINGS, true},
	{"terms", &view_terms_ops, VIEW_FILE, false},
	{"tombstones", &view_tombstones_ops, VIEW_FILE, false},
};
enum { NFILES = sizeof(segment_files) / sizeof(segment_files[0]) };

/* A decimal number without leading zeros that ends at '/' or NUL. */
static bool number(const char **p, uint64_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;
	if (*s < '0' || *s > '9' || (*s == '0' && s[1] >= '0' && s[1] <= '9'))
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	*p = s;
	*ret = v;
	return *s == '/' || *s == '\0';
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int term_decode(const char *s, struct rk_buf *ret)
{
	for (; *s; s++) {
		int hi = *s == '%' ? hex(s[1]) : 0, lo = *s == '%' && hi >= 0 ? hex(s[2]) : 0;
		if (hi < 0 || lo < 0 || *s == '/')
			return -ENOENT;
		rk_buf_u8(ret, *s == '%' ? (uint8_t)(hi << 4 | lo) : (uint8_t)*s);
		s += *s == '%' ? 2 : 0;
	}
	return ret->bad ? -ENOMEM : 0;
}

/* With a NUL behind; empty for the empty term, which has no name. */
static int term_encode(const char *term, size_t len, struct rk_buf *ret)
{
	bool dots = (len == 1 || len == 2) && memcmp(term, "..", len) == 0;
	ret->len = 0;
	for (size_t i = 0; i < len; i++) {
		if (dots || term[i] == '/' || term[i] == '%' || term[i] == '\0')
			rk_buf_printf(ret, "%%%02X", (unsigned char)term[i]);
		else
			rk_buf_u8(ret, (uint8_t)term[i]);
	}
	rk_buf_u8(ret, 0);
	return ret->bad ? -ENOMEM : 0;
}

static const struct leaf *leaf_of(const struct snapshot *snap, uint64_t id)
{
	for (unsigned i = 0; i < snap->nleaves; i++)
		if (snap->leaves[i].seg && snap->leaves[i].seg_id == id)
			return &snap->leaves[i];
	return NULL;
}

struct wal_search {
	uint64_t first, next; /* next: the first entry of the file behind it */
	bool found;
};

static int wal_one(void *arg, const char *name, uint64_t size)
{
	struct wal_search *w = arg;
	uint64_t first;
	(void)size;
	if (!wal_name_get(name, &first))
		return 0;
	w->found |= first == w->first;
	if (first > w->first && first < w->next)
		w->next = first;
	return 0;
}

static int parse_wal(struct index *ix, struct snapshot *snap, const char *p, struct view_path *ret)
{
	struct wal_search w = {.next = UINT64_MAX};
	if (!number(&p, &w.first) || *p)
		return -ENOENT;
	struct rk_dir *dir = index_dir(ix);
	int rc = dir->ops->list(dir, "wal/", wal_one, &w, NULL);
	if (rc < 0 || !w.found)
		return rc < 0 ? rc : -ENOENT;
	*ret = (struct view_path){.kind = VIEW_WAL_FILE, .ops = &view_wal_ops, .first = w.first, .end = w.next};
	ret->last = w.next == UINT64_MAX;
	if (ret->last)
		ret->end = snap->seq + 1;
	return 0;
}

static int parse_list(const struct leaf *leaf, enum view_kind dir, const char *name, struct view_path *ret)
{
	uint32_t df;
	uint64_t cf;
	*ret = (struct view_path){.kind = VIEW_LIST, .leaf = leaf, .ops = dir == VIEW_POSTINGS ? &view_postings_ops : &view_blocks_ops};
	int rc = *name ? term_decode(name, &ret->term) : -ENOENT;
	if (rc == 0) {
		rc = seg_term_stats(leaf->seg, ret->term.data, ret->term.len, &df, &cf);
		rc = rc == 0 ? -ENOENT : rc;
	}
	if (rc < 0)
		rk_buf_done(&ret->term);
	return rc < 0 ? rc : 0;
}

int view_path_parse(struct index *ix, struct snapshot *snap, const char *path, struct view_path *ret)
{
	uint64_t id;
	*ret = (struct view_path){.is_dir = true};
	if (*path == '\0')
		return 0;
	ret->kind = VIEW_WAL;
	if (strcmp(path, "wal") == 0)
		return 0;
	if (strncmp(path, "wal/", 4) == 0)
		return parse_wal(ix, snap, path + 4, ret);
	ret->kind = VIEW_SEGMENTS;
	if (strcmp(path, "segments") == 0)
		return 0;
	if (strncmp(path, "segments/", 9) != 0)
		return -ENOENT;
	const char *p = path + 9;
	ret->leaf = number(&p, &id) ? leaf_of(snap, id) : NULL;
	if (!ret->leaf)
		return -ENOENT;
	ret->kind = VIEW_SEGMENT;
	if (*p++ == '\0')
		return 0;
	for (unsigned i = 0; i < NFILES; i++) {
		size_t n = strlen(segment_files[i].name);
		if (strncmp(p, segment_files[i].name, n) != 0 || (p[n] && p[n] != '/'))
			continue;
		ret->kind = segment_files[i].kind;
		ret->ops = segment_files[i].ops;
		ret->is_dir = segment_files[i].is_dir;
		if (!p[n])
			return 0;
		return ret->is_dir ? parse_list(ret->leaf, ret->kind, p + n + 1, ret) : -ENOENT;
	}
	return -ENOENT;
}

int view_is_dir(struct index *ix, struct snapshot *snap, const char *path)
{
	struct view_path p;
	int rc = view_path_parse(ix, snap, path, &p);
	if (rc == 0)
		rk_buf_done(&p.term);
	return rc < 0 ? rc : p.is_dir;
}

/* ---- listing ---- */

struct listing {
	const char *after;
	int (*fn)(void *arg, const char *name, bool is_dir);
	void *arg;
};

static int give(const struct listing *l, const char *name, bool is_dir)
{
	return strcmp(name, l->after) > 0 ? l->fn(l->arg, name, is_dir) : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Numbers as names, in byte order. */
struct names {
	char (*v)[24];
	size_t n, cap;
};

static int names_add(struct names *x, uint64_t number_)
{
	if (x->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 16;
		void *p = realloc(x->v, cap * sizeof(*x->v));
		if (!p)
			return -ENOMEM;
		x->v = p;
		x->cap = cap;
	}
	snprintf(x->v[x->n++], sizeof(*x->v), "%llu", (unsigned long long)number_);
	return 0;
}

static int names_give(struct names *x, int rc, const struct listing *l, bool is_dir)
{
	if (rc == 0 && x->n)
		qsort(x->v, x->n, sizeof(*x->v), by_text);
	for (size_t i = 0; rc == 0 && i < x->n; i++)
		rc = give(l, x->v[i], is_dir);
	free(x->v);
	return rc;
}

static int list_segments(const struct snapshot *snap, const struct listing *l)
{
	struct names x = {0};
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < snap->nleaves; i++)
		if (snap->leaves[i].seg)
			rc = names_add(&x, snap->leaves[i].seg_id);
	return names_give(&x, rc, l, true);
}

static int wal_name_add(void *arg, const char *name, uint64_t size)
{
	uint64_t first;
	(void)size;
	return wal_name_get(name, &first) ? names_add(arg, first) : 0;
}

static int list_wal(struct index *ix, const struct listing *l)
{
	struct names x = {0};
	struct rk_dir *dir = index_dir(ix);
	int rc = dir->ops->list(dir, "wal/", wal_name_add, &x, NULL);
	return names_give(&x, rc, l, false);
}

/* In the order of the terms; `after` is decoded to the term to go on behind. */
static int list_terms(const struct leaf *leaf, const struct listing *l)
{
	struct rk_buf from = {0}, name = {0};
	struct seg_terms *it = NULL;
	const char *term;
	size_t len;
	uint32_t df;
	uint64_t cf;
	int rc = term_decode(l->after, &from);
	if (rc == 0)
		rc = seg_terms_new(leaf->seg, from.len ? (const void *)from.data : "", from.len, &it);
	while (rc == 0 && (rc = seg_terms_next(it, &term, &len, &df, &cf)) == 1) {
		rc = 0;
		if (len == 0 || (len == from.len && memcmp(term, from.data, len) == 0))
			continue;
		rc = term_encode(term, len, &name);
		if (rc == 0)
			rc = l->fn(l->arg, (const char *)name.data, false);
	}
	seg_terms_free(it);
	rk_buf_done(&from);
	rk_buf_done(&name);
	return rc;
}

int view_list(struct index *ix, struct snapshot *snap, const char *path, const char *after, int (*fn)(void *arg, const char *name, bool is_dir), void *arg)
{
	struct listing l = {.after = after, .fn = fn, .arg = arg};
	struct view_path p;
	int rc = view_path_parse(ix, snap, path, &p);
	if (rc < 0)
		return rc;
	rk_buf_done(&p.term);
	if (!p.is_dir)
		return -ENOTDIR;
	switch (p.kind) {
	case VIEW_ROOT:
		rc = give(&l, "segments", true);
		return rc ? rc : give(&l, "wal", true);
	case VIEW_SEGMENTS:
		return list_segments(snap, &l);
	case VIEW_WAL:
		return list_wal(ix, &l);
	case VIEW_SEGMENT:
		for (unsigned i = 0; rc == 0 && i < NFILES; i++)
			rc = give(&l, segment_files[i].name, segment_files[i].is_dir);
		return rc;
	default:
		return list_terms(p.leaf, &l);
	}
}
