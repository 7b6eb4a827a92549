/* node.c - the inode table: two chained hash tables over the same nodes, grown together; see node.h. */
#include "fs/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/fs.h"

static uint32_t name_hash(const struct node *parent, const char *name)
{
	uint64_t h = 14695981039346656037u ^ parent->ino * 0x9e3779b97f4a7c15u;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

static size_t ino_slot(const struct nodes *t, uint64_t ino)
{
	return (size_t)(ino * 0x9e3779b97f4a7c15u >> 20) & t->mask;
}

int nodes_init(struct nodes *t, void (*done)(void *arg, struct node *), void *arg)
{
	*t = (struct nodes){.mask = 1023, .next_ino = 1, .done = done, .arg = arg};
	pthread_mutex_init(&t->lock, NULL);
	t->by_ino = calloc(t->mask + 1, sizeof(*t->by_ino));
	t->by_name = calloc(t->mask + 1, sizeof(*t->by_name));
	return t->by_ino && t->by_name ? 0 : -ENOMEM;
}

/* The whole table goes: order does not matter any more, so that parents are not unreferenced one by one. */
void nodes_done(struct nodes *t)
{
	for (size_t i = 0; t->by_ino && i <= t->mask; i++) {
		for (struct node *n = t->by_ino[i], *next; n; n = next) {
			next = n->next_ino;
			t->done(t->arg, n);
			free(n->name);
			free(n);
		}
	}
	free(t->by_ino);
	free(t->by_name);
	pthread_mutex_destroy(&t->lock);
}

static void grow(struct nodes *t)
{
	size_t mask = t->mask * 2 + 1;
	struct node **by_ino = calloc(mask + 1, sizeof(*by_ino));
	struct node **by_name = calloc(mask + 1, sizeof(*by_name));
	if (!by_ino || !by_name) { /* longer chains then */
		free(by_ino);
		free(by_name);
		return;
	}
	size_t old_mask = t->mask;
	t->mask = mask;
	for (size_t i = 0; i <= old_mask; i++) {
		for (struct node *n = t->by_ino[i], *next; n; n = next) {
			next = n->next_ino;
			size_t s = ino_slot(t, n->ino);
			n->next_ino = by_ino[s];
			by_ino[s] = n;
		}
		for (struct node *n = t->by_name[i], *next; n; n = next) {
			next = n->next_name;
			n->next_name = by_name[n->hash & mask];
			by_name[n->hash & mask] = n;
		}
	}
	free(t->by_ino);
	free(t->by_name);
	t->by_ino = by_ino;
	t->by_name = by_name;
}

static void unretire(struct nodes *t, struct node *n)
{
	if (!n->retired)
		return;
	*(n->retired_prev ? &n->retired_prev->retired_next : &t->retired_first) = n->retired_next;
	*(n->retired_next ? &n->retired_next->retired_prev : &t->retired_last) = n->retired_prev;
	n->retired_prev = n->retired_next = NULL;
	n->retired = false;
	t->nretired--;
}

static void retire(struct nodes *t, struct node *n)
{
	if (n->retired)
		return;
	n->retired = true;
	n->retired_prev = t->retired_last;
	*(t->retired_last ? &t->retired_last->retired_next : &t->retired_first) = n;
	t->retired_last = n;
	t->nretired++;
}

/* With the lock. */
static struct node *hold(struct nodes *t, struct node *n)
{
	if (n) {
		unretire(t, n);
		n->refs++;
	}
	return n;
}

struct node *node_new(struct nodes *t, const struct kind *kind, struct node *parent, const char *name)
{
	struct node *n = calloc(1, kind->node_size);
	if (!n || !(n->name = strdup(name))) {
		free(n);
		return NULL;
	}
	n->kind = kind;
	n->refs = 1;
	n->parent = parent;
	pthread_mutex_lock(&t->lock);
	hold(t, parent);
	pthread_mutex_unlock(&t->lock);
	return n;
}

static void unlink_name(struct nodes *t, struct node *n)
{
	if (!n->attached)
		return;
	struct node **p = &t->by_name[n->hash & t->mask];
	while (*p != n)
		p = &(*p)->next_name;
	*p = n->next_name;
	n->attached = false;
}

static struct node *find_name(struct nodes *t, struct node *parent, const char *name, uint32_t hash)
{
	for (struct node *n = t->by_name[hash & t->mask]; n; n = n->next_name) {
		if (n->hash == hash && n->parent == parent && strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

static void link_name(struct nodes *t, struct node *n)
{
	n->hash = name_hash(n->parent, n->name);
	n->next_name = t->by_name[n->hash & t->mask];
	t->by_name[n->hash & t->mask] = n;
	n->attached = true;
}

static void take_out(struct nodes *t, struct node *n)
{
	unretire(t, n);
	unlink_name(t, n);
	if (!n->ino)
		return;
	struct node **p = &t->by_ino[ino_slot(t, n->ino)];
	while (*p != n)
		p = &(*p)->next_ino;
	*p = n->next_ino;
	t->count--;
}

/* With the lock: the node n may have lost its last holder. What dies is taken out of the tables, upward as long as parents die too, and returned
 * chained by next_ino, children first. */
static struct node *collect(struct nodes *t, struct node *n)
{
	struct node *dead = NULL, **end = &dead;
	for (;;) {
		if (n && n->refs == 0 && n->nlookup == 0 && n->attached)
			retire(t, n);
		if (!n || n->refs || n->nlookup || n->retired)
			n = t->nretired > NODES_RETIRED_MAX ? t->retired_first : NULL;
		if (!n)
			return dead;
		take_out(t, n);
		n->next_ino = NULL;
		*end = n;
		end = &n->next_ino;
		n = n->parent;
		if (n)
			n->refs--;
	}
}

static void bury(struct nodes *t, struct node *dead)
{
	while (dead) {
		struct node *next = dead->next_ino;
		t->done(t->arg, dead);
		free(dead->name);
		free(dead);
		dead = next;
	}
}

/* With the lock: the name's former meaning goes; pinned for the caller, who may be the last to hold it. */
static struct node *displace(struct nodes *t, struct node *parent, const char *name)
{
	struct node *old = hold(t, find_name(t, parent, name, name_hash(parent, name)));
	if (old)
		unlink_name(t, old);
	return old;
}

void node_attach(struct nodes *t, struct node *n)
{
	struct node *old = NULL;
	pthread_mutex_lock(&t->lock);
	n->ino = t->next_ino++;
	if (++t->count > t->mask)
		grow(t);
	size_t s = ino_slot(t, n->ino);
	n->next_ino = t->by_ino[s];
	t->by_ino[s] = n;
	if (n->parent) {
		old = displace(t, n->parent, n->name);
		link_name(t, n);
	}
	pthread_mutex_unlock(&t->lock);
	node_unpin(t, old);
}

void node_detach(struct nodes *t, struct node *n)
{
	pthread_mutex_lock(&t->lock);
	unlink_name(t, n);
	pthread_mutex_unlock(&t->lock);
}

struct node *node_get(struct nodes *t, uint64_t ino)
{
	pthread_mutex_lock(&t->lock);
	struct node *n = t->by_ino[ino_slot(t, ino)];
	while (n && n->ino != ino)
		n = n->next_ino;
	hold(t, n);
	pthread_mutex_unlock(&t->lock);
	return n;
}

struct node *node_pin(struct nodes *t, struct node *n)
{
	pthread_mutex_lock(&t->lock);
	hold(t, n);
	pthread_mutex_unlock(&t->lock);
	return n;
}

void node_unpin(struct nodes *t, struct node *n)
{
	if (!n)
		return;
	pthread_mutex_lock(&t->lock);
	n->refs--;
	struct node *dead = collect(t, n);
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
}

struct node *node_find(struct nodes *t, struct node *parent, const char *name)
{
	uint32_t hash = name_hash(parent, name);
	pthread_mutex_lock(&t->lock);
	struct node *n = hold(t, find_name(t, parent, name, hash));
	pthread_mutex_unlock(&t->lock);
	return n;
}

size_t node_known(struct nodes *t, struct node *n)
{
	pthread_mutex_lock(&t->lock);
	n->nlookup++;
	size_t count = t->count;
	pthread_mutex_unlock(&t->lock);
	return count;
}

void node_forget(struct nodes *t, uint64_t ino, uint64_t count)
{
	struct node *dead = NULL;
	pthread_mutex_lock(&t->lock);
	struct node *n = t->by_ino[ino_slot(t, ino)];
	while (n && n->ino != ino)
		n = n->next_ino;
	if (n) {
		n->nlookup -= count < n->nlookup ? count : n->nlookup;
		dead = collect(t, n);
	}
	pthread_mutex_unlock(&t->lock);
	bury(t, dead);
}

int node_rename(struct nodes *t, struct node *dir, const char *name, struct node *newdir, const char *newname)
{
	char *copy = strdup(newname);
	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&t->lock);
	struct node *n = hold(t, find_name(t, dir, name, name_hash(dir, name)));
	if (n)
		unlink_name(t, n);
	struct node *over = displace(t, newdir, newname);
	if (n) {
		char *old = n->name;
		n->name = copy;
		copy = old;
		n->parent = hold(t, newdir);
		link_name(t, n);
	}
	pthread_mutex_unlock(&t->lock);
	if (n)
		node_unpin(t, dir); /* the reference n had */
	node_unpin(t, n);
	node_unpin(t, over);
	free(copy);
	return 0;
}

static int path_up(struct node *n, struct rk_buf *ret)
{
	if (!n->parent || !n->parent->parent) /* the root, or a top folder */
		return 0;
	int rc = path_up(n->parent, ret);
	if (rc == 0 && n->parent->parent->parent)
		rc = rk_buf_u8(ret, '/');
	return rc < 0 ? rc : rk_buf_str(ret, n->name);
}

int node_path(struct nodes *t, struct node *n, struct rk_buf *ret)
{
	pthread_mutex_lock(&t->lock);
	int rc = path_up(n, ret);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

size_t nodes_count(struct nodes *t)
{
	pthread_mutex_lock(&t->lock);
	size_t n = t->count;
	pthread_mutex_unlock(&t->lock);
	return n;
}
