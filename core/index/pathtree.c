/* pathtree.c - a treap of paths; see pathtree.h. Seidel and Aragon, "Randomized search trees" (1996). */
#include "core/index/pathtree.h"

static unsigned weight(char c)
{
	return c == '/' ? 0 : (unsigned)(unsigned char)c + 1;
}

int path_cmp(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t n = alen < blen ? alen : blen;
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return weight(a[i]) < weight(b[i]) ? -1 : 1;
	return alen < blen ? -1 : alen > blen;
}

struct pt_node *pt_find(const struct pathtree *t, const char *path, size_t len)
{
	struct pt_node *n = t->root;
	while (n) {
		int c = path_cmp(path, len, n->path, n->len);
		if (c == 0)
			return n;
		n = c < 0 ? n->left : n->right;
	}
	return NULL;
}

struct pt_node *pt_lower(const struct pathtree *t, const char *path, size_t len)
{
	struct pt_node *n = t->root, *best = NULL;
	while (n) {
		if (path_cmp(path, len, n->path, n->len) <= 0) {
			best = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

/* Splits t into paths < key and paths >= key. */
static void split(struct pt_node *t, const struct pt_node *key, struct pt_node **ret_l, struct pt_node **ret_r)
{
	if (!t) {
		*ret_l = *ret_r = NULL;
	} else if (path_cmp(t->path, t->len, key->path, key->len) < 0) {
		*ret_l = t;
		split(t->right, key, &t->right, ret_r);
	} else {
		*ret_r = t;
		split(t->left, key, ret_l, &t->left);
	}
}

static struct pt_node *join(struct pt_node *l, struct pt_node *r)
{
	if (!l || !r)
		return l ? l : r;
	if (l->priority > r->priority) {
		l->right = join(l->right, r);
		return l;
	}
	r->left = join(l, r->left);
	return r;
}

void pt_insert(struct pathtree *t, struct pt_node *n)
{
	t->seed = (t->seed ? t->seed : 2463534242u);
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 17;
	t->seed ^= t->seed << 5;
	n->priority = t->seed;
	struct pt_node **at = &t->root;
	while (*at && (*at)->priority >= n->priority)
		at = path_cmp(n->path, n->len, (*at)->path, (*at)->len) < 0 ? &(*at)->left : &(*at)->right;
	split(*at, n, &n->left, &n->right);
	*at = n;
	t->n++;
}

void pt_remove(struct pathtree *t, struct pt_node *n)
{
	struct pt_node **at = &t->root;
	while (*at && *at != n)
		at = path_cmp(n->path, n->len, (*at)->path, (*at)->len) < 0 ? &(*at)->left : &(*at)->right;
	if (!*at)
		return;
	*at = join(n->left, n->right);
	n->left = n->right = NULL;
	t->n--;
}
