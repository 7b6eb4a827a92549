/* pathtree.h - an ordered set of paths: exact lookup, and the first path at or after a key, in the order in which a folder lists.
 *
 * '/' sorts below every other byte, so everything below "a" stands directly behind "a" and before "a.txt". A treap; nodes are embedded in their owners.
 * Threads: the caller's lock.
 */
#ifndef CORE_INDEX_PATHTREE_H
#define CORE_INDEX_PATHTREE_H

#include <stddef.h>
#include <stdint.h>

struct pt_node {
	struct pt_node *left, *right;
	uint32_t priority;
	uint32_t len;
	const char *path; /* the owner's */
};

struct pathtree {
	struct pt_node *root;
	uint32_t seed;
	size_t n;
};

int path_cmp(const char *a, size_t alen, const char *b, size_t blen);
struct pt_node *pt_find(const struct pathtree *, const char *path, size_t len);
struct pt_node *pt_lower(const struct pathtree *, const char *path, size_t len); /* first >= path, or NULL */
void pt_insert(struct pathtree *, struct pt_node *);				  /* path must not be there */
void pt_remove(struct pathtree *, struct pt_node *);				  /* must be there */

#endif
