/* cache.c - counted contents and the list of nodes that have one, newest first; see cache.h. */
#include "fs/cache.h"

#include <stdlib.h>

#include "core/index/snapshot.h"
#include "fs/node.h"

enum { VIEW_CHARGE = 4 << 20, CONTENT_CHARGE = 256 }; /* a view holds a snapshot: few of them */

static struct content *content_new(void)
{
	struct content *c = calloc(1, sizeof(*c));
	if (c) {
		atomic_init(&c->refs, 1);
		pthread_mutex_init(&c->lock, NULL);
	}
	return c;
}

struct content *content_of_text(struct rk_buf *text)
{
	struct content *c = content_new();
	if (c)
		c->text = *text;
	else
		rk_buf_done(text);
	*text = (struct rk_buf){0};
	return c;
}

struct content *content_of_view(struct view *view, struct snapshot *snapshot)
{
	struct content *c = content_new();
	if (!c) {
		view_close(view);
		snapshot_unref(snapshot);
		return NULL;
	}
	c->view = view;
	c->snapshot = snapshot;
	return c;
}

struct content *content_ref(struct content *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void content_unref(struct content *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (c->view)
		view_close(c->view);
	if (c->snapshot)
		snapshot_unref(c->snapshot);
	rk_buf_done(&c->text);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

uint64_t content_size(const struct content *c)
{
	return c->view ? view_size(c->view) : c->text.len;
}

static uint64_t charge(const struct content *c)
{
	return (c->view ? VIEW_CHARGE : c->text.cap) + CONTENT_CHARGE;
}

void cache_init(struct cache *c, uint64_t limit)
{
	*c = (struct cache){.limit = limit};
	pthread_mutex_init(&c->lock, NULL);
}

void cache_done(struct cache *c)
{
	pthread_mutex_destroy(&c->lock);
}

static void list_remove(struct cache *c, struct node *n)
{
	*(n->lru_prev ? &n->lru_prev->lru_next : &c->newest) = n->lru_next;
	*(n->lru_next ? &n->lru_next->lru_prev : &c->oldest) = n->lru_prev;
	n->lru_prev = n->lru_next = NULL;
}

static void list_front(struct cache *c, struct node *n)
{
	n->lru_prev = NULL;
	n->lru_next = c->newest;
	*(c->newest ? &c->newest->lru_prev : &c->oldest) = n;
	c->newest = n;
}

/* With the lock: takes the node's content away; the caller drops the reference without the lock. */
static struct content *take(struct cache *c, struct node *n)
{
	struct content *old = n->content;
	if (old) {
		list_remove(c, n);
		c->bytes -= charge(old);
		n->content = NULL;
	}
	return old;
}

void cache_put(struct cache *c, struct node *n, struct content *content)
{
	struct content *dead[9] = {0};
	unsigned ndead = 0;
	pthread_mutex_lock(&c->lock);
	dead[ndead++] = take(c, n);
	n->content = content_ref(content);
	list_front(c, n);
	c->bytes += charge(content);
	/* A few at a time: every put makes room for more than it brings, unless one is huge. */
	while (c->bytes > c->limit && c->oldest != n && ndead < 9) {
		dead[ndead++] = take(c, c->oldest);
		c->evicted++;
	}
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < ndead; i++)
		content_unref(dead[i]);
}

struct content *cache_get(struct cache *c, struct node *n)
{
	pthread_mutex_lock(&c->lock);
	struct content *ret = n->content;
	if (ret) {
		content_ref(ret);
		if (c->newest != n) {
			list_remove(c, n);
			list_front(c, n);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

void cache_drop(struct cache *c, struct node *n)
{
	pthread_mutex_lock(&c->lock);
	struct content *old = take(c, n);
	pthread_mutex_unlock(&c->lock);
	content_unref(old);
}
