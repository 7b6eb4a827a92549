/* node.h - the inode table: numbers the kernel knows to nodes, and (folder, name) to the newest node of that name.
 *
 * Kinds of ids: 1 is the root (FUSE's rule); the fixed folders and files follow; everything else takes the next number of a 64-bit counter, so that a
 * number is never used twice in the life of a mount (with export support the kernel keeps handles beyond FORGET) and new content can be a new inode.
 *
 * A node lives while the kernel knows it (nlookup), a call or handle pins it, or a node below refers to it. `attached`: it is what its name means now;
 * an older version of the same name, or a removed file, is detached and lives on for those that hold it. An attached node that nobody holds is
 * retired: kept for a while, in a row of bounded length, for file handles of NFS that come back after FORGET, and for names that are asked again.
 * Threads: any; one lock, held for a few instructions. parent and name change only under it (rename).
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

struct kind;
struct content;
struct node {
	uint64_t ino;
	const struct kind *kind;
	struct node *parent; /* referenced; NULL for the root */
	char *name;
	uint64_t nlookup;
	uint64_t refs; /* pins and children */
	bool attached, retired;
	struct node *retired_prev, *retired_next;
	uint32_t hash;
	struct node *next_ino, *next_name;
	/* What most kinds need; written before the node is attached. */
	_Atomic uint64_t generation; /* renewed when a newer one was found to show the same */
	uint64_t size;
	int64_t mtime_ns;
	/* cache.c */
	struct content *content;
	struct node *lru_prev, *lru_next;
};

struct nodes {
	pthread_mutex_t lock;
	struct node **by_ino, **by_name;
	size_t mask, count; /* table size - 1; nodes */
	struct node *retired_first, *retired_last;
	size_t nretired;
	uint64_t next_ino;
	struct node *root;
	void (*done)(void *arg, struct node *); /* called without the lock before a node's memory goes */
	void *arg;
};

enum { NODES_RETIRED_MAX = 1 << 14 };

int nodes_init(struct nodes *, void (*done)(void *arg, struct node *), void *arg);
void nodes_done(struct nodes *); /* frees everything, whoever holds it */

/* A new node, pinned once, in no table yet; the parent gets referenced. NULL: out of memory. */
struct node *node_new(struct nodes *, const struct kind *, struct node *parent, const char *name);
/* Gives it a number and makes it the meaning of its name; what had the name before is detached. */
void node_attach(struct nodes *, struct node *);
void node_detach(struct nodes *, struct node *);

struct node *node_get(struct nodes *, uint64_t ino); /* pinned; NULL: no such number */
struct node *node_pin(struct nodes *, struct node *);
void node_unpin(struct nodes *, struct node *); /* NULL is fine */
struct node *node_find(struct nodes *, struct node *parent, const char *name); /* pinned, or NULL */

size_t node_known(struct nodes *, struct node *); /* an entry for it goes to the kernel; returns the number of nodes */
void node_forget(struct nodes *, uint64_t ino, uint64_t n);

/* The node called name in dir (if any) gets a new place; what stood there is detached. */
int node_rename(struct nodes *, struct node *dir, const char *name, struct node *newdir, const char *newname);
/* Names joined by '/' from below the node's top folder (a child of the root) down to it. Appends. */
int node_path(struct nodes *, struct node *, struct rk_buf *ret);
size_t nodes_count(struct nodes *);

#endif
