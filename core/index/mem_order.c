/* mem_order.c - the ids of a memtable in byte order, for listings: sorted when first asked for, extended by merging in what came since.
 *
 * Readers hold a version, which never changes; the next one is a new array. Owner: shared by the index and its snapshots, counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/mem_order_private.h"

struct mem_order {
	_Atomic unsigned refs;
	struct memtable *mem; /* counted */
	pthread_mutex_t lock;
	struct order_version *newest;
};

struct mem_order *mem_order_new(struct memtable *mem)
{
	struct mem_order *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->refs = 1;
	o->mem = memtable_ref(mem);
	pthread_mutex_init(&o->lock, NULL);
	return o;
}

struct mem_order *mem_order_ref(struct mem_order *o)
{
	if (o)
		atomic_fetch_add(&o->refs, 1);
	return o;
}

struct mem_order *mem_order_unref(struct mem_order *o)
{
	if (o && atomic_fetch_sub(&o->refs, 1) == 1) {
		order_version_unref(o->newest);
		memtable_unref(o->mem);
		pthread_mutex_destroy(&o->lock);
		free(o);
	}
	return NULL;
}

void order_version_unref(struct order_version *v)
{
	if (v && atomic_fetch_sub(&v->refs, 1) == 1)
		free(v);
}

static int id_cmp(const struct memtable *m, docid_t a, docid_t b)
{
	const struct rk_doc *x = memtable_doc(m, a), *y = memtable_doc(m, b);
	size_t n = x->id_len < y->id_len ? x->id_len : y->id_len;
	int c = memcmp(x->id, y->id, n);
	if (c == 0)
		c = (x->id_len > y->id_len) - (x->id_len < y->id_len);
	return c ? c : (a > b) - (a < b);
}

static int sort_cmp(const void *a, const void *b, void *mem)
{
	return id_cmp(mem, *(const docid_t *)a, *(const docid_t *)b);
}

static struct order_version *extend(struct memtable *m, const struct order_version *old, uint32_t limit)
{
	uint32_t have = old ? old->n : 0;
	struct order_version *v = malloc(sizeof(*v) + (size_t)limit * sizeof(docid_t));
	docid_t *fresh = malloc((size_t)(limit - have) * sizeof(docid_t));
	if (!v || !fresh) {
		free(v);
		free(fresh);
		return NULL;
	}
	for (uint32_t i = have; i < limit; i++)
		fresh[i - have] = i;
	qsort_r(fresh, limit - have, sizeof(docid_t), sort_cmp, m);
	v->refs = 1;
	v->n = limit;
	uint32_t a = 0, b = 0;
	for (uint32_t i = 0; i < limit; i++)
		v->docs[i] = b == limit - have || (a < have && id_cmp(m, old->docs[a], fresh[b]) < 0) ? old->docs[a++] : fresh[b++];
	free(fresh);
	return v;
}

struct order_version *mem_order_get(struct mem_order *o, uint32_t limit)
{
	pthread_mutex_lock(&o->lock);
	if (!o->newest || o->newest->n < limit) {
		struct order_version *v = extend(o->mem, o->newest, limit);
		if (!v) {
			pthread_mutex_unlock(&o->lock);
			return NULL;
		}
		order_version_unref(o->newest);
		o->newest = v;
	}
	struct order_version *v = o->newest;
	atomic_fetch_add(&v->refs, 1);
	pthread_mutex_unlock(&o->lock);
	return v;
}
