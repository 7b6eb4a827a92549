/* cache.h - contents of generated files: bytes or an open decoded view, counted by those who read, kept in a cache bounded by bytes.
 *
 * A node that is asked for again (OPEN after LOOKUP, the same query in the same generation) finds its content here. The least recently used go
 * first; the newest always stays. Who holds a reference (an open file) keeps its content whatever the cache does. Threads: any.
 */
#ifndef FS_CACHE_H
#define FS_CACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/query/view.h"

struct node;
struct content {
	_Atomic unsigned refs;
	struct rk_buf text; /* either this */
	struct view *view;  /* or this, one thread at a time */
	struct snapshot *snapshot;
	pthread_mutex_t lock; /* for view */
	int tail_rc;	      /* what a read behind the end gives: 0, or -EIO when something was damaged */
	uint32_t nhits;	      /* of a query */
	uint64_t took_ns;
};

struct content *content_of_text(struct rk_buf *text_take);	/* NULL: out of memory, text freed */
struct content *content_of_view(struct view *, struct snapshot *); /* takes both, also on NULL */
struct content *content_ref(struct content *);
void content_unref(struct content *);
uint64_t content_size(const struct content *);

struct cache {
	pthread_mutex_t lock;
	struct node *newest, *oldest;
	uint64_t bytes, limit;
	uint64_t evicted;
};

void cache_init(struct cache *, uint64_t limit);
void cache_done(struct cache *);
void cache_put(struct cache *, struct node *, struct content *); /* takes a reference of its own */
struct content *cache_get(struct cache *, struct node *);	 /* a reference for the caller, or NULL */
void cache_drop(struct cache *, struct node *);			 /* before the node goes */

#endif
