/* dir_mem.c - a directory in memory, gone at close: for tests and for indexes that need not last.
 *
 * Objects are kept sorted by name; their bytes are counted references, so that a map outlives remove and cas. A log's bytes grow in place and are
 * copied when mapped. Everything is "durable" at once. Threads: one mutex over all; leases and watches work between threads.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/dir/directory.h"
#include "core/dir/names_private.h"

struct blob {
	unsigned refs; /* under the directory's mutex */
	bool growing;  /* an open log: its bytes may move */
	size_t len, cap;
	uint8_t *bytes;
};

struct object {
	char *name;
	struct blob *blob;
};

struct mem {
	struct rk_dir dir;
	pthread_mutex_t mu;
	pthread_cond_t replaced;
	struct object *v;
	size_t n, cap;
	struct mlease *leases;
	struct seen seen;
};

struct mput {
	struct rk_put put;
	struct rk_buf buf;
	char name[NAME_BYTES_MAX];
};

struct mlog {
	struct rk_log log;
	struct blob *blob;
	bool sealed;
};

struct mlease {
	struct rk_lease lease;
	struct mlease *next;
	bool exclusive;
	char *holder;
	char name[NAME_BYTES_MAX];
};

static struct mem *of(struct rk_dir *d)
{
	return (struct mem *)d;
}

static int words(struct rk_err *err, int rc, const char *verb, const char *name)
{
	return rk_fail(err, rc, "%s %s: %s", verb, name ? name : "", strerror(-rc));
}

/* ---- blobs and the table; all under mu ---- */

static struct blob *blob_new(size_t len)
{
	struct blob *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->refs = 1;
	b->len = len;
	b->cap = len ? len : 1;
	b->bytes = calloc(1, b->cap);
	if (!b->bytes) {
		free(b);
		return NULL;
	}
	return b;
}

static void blob_unref(struct blob *b)
{
	if (b && --b->refs == 0) {
		free(b->bytes);
		free(b);
	}
}

/* The place of the first name >= name. */
static size_t place(const struct mem *m, const char *name)
{
	size_t lo = 0, hi = m->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (strcmp(m->v[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct object *find(struct mem *m, const char *name)
{
	size_t i = place(m, name);
	return i < m->n && strcmp(m->v[i].name, name) == 0 ? &m->v[i] : NULL;
}

/* Takes the blob's reference on success. */
static int insert(struct mem *m, const char *name, struct blob *b)
{
	size_t i = place(m, name);
	if (i < m->n && strcmp(m->v[i].name, name) == 0)
		return -EEXIST;
	if (m->n == m->cap) {
		size_t cap = m->cap * 2 + 16;
		struct object *v = realloc(m->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		m->v = v;
		m->cap = cap;
	}
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	memmove(m->v + i + 1, m->v + i, (m->n - i) * sizeof(*m->v));
	m->v[i] = (struct object){.name = copy, .blob = b};
	m->n++;
	return 0;
}

/* The same, whatever stood there before. */
static int put_over(struct mem *m, const char *name, struct blob *b)
{
	struct object *o = find(m, name);
	if (!o)
		return insert(m, name, b);
	blob_unref(o->blob);
	o->blob = b;
	return 0;
}

/* ---- objects ---- */

static int mem_put_begin(struct rk_dir *d, const char *name, struct rk_put **ret, struct rk_err *err)
{
	struct mput *p = name_ok(name) ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return words(err, name_ok(name) ? -ENOMEM : -EINVAL, "create", name);
	p->put.dir = d;
	strcpy(p->name, name);
	*ret = &p->put;
	return 0;
}

static int mem_put_write(struct rk_put *put, const void *b, size_t n, struct rk_err *err)
{
	struct mput *p = (struct mput *)put;
	int rc = rk_buf_put(&p->buf, b, n);
	return rc < 0 ? words(err, rc, "write", p->name) : 0;
}

static void mem_put_abort(struct rk_put *put)
{
	struct mput *p = (struct mput *)put;
	rk_buf_done(&p->buf);
	free(p);
}

static struct blob *blob_of(const void *p, size_t n)
{
	struct blob *b = blob_new(n);
	if (b && n)
		memcpy(b->bytes, p, n);
	return b;
}

static int mem_put_commit(struct rk_put *put, struct rk_err *err)
{
	struct mput *p = (struct mput *)put;
	struct mem *m = of(put->dir);
	struct blob *b = blob_of(p->buf.data, p->buf.len);
	pthread_mutex_lock(&m->mu);
	int rc = b ? insert(m, p->name, b) : -ENOMEM;
	if (rc < 0)
		blob_unref(b);
	pthread_mutex_unlock(&m->mu);
	if (rc < 0)
		words(err, rc, "commit", p->name);
	mem_put_abort(put);
	return rc;
}

static int switch_to(struct mem *m, const char *name, uint64_t old, struct blob *b, struct rk_err *err)
{
	struct object *o = find(m, name);
	if (o && o->blob->len < 8)
		return rk_fail(err, -EUCLEAN, "%s: too short for a generation", name);
	uint64_t now = o ? rk_get64(o->blob->bytes) : 0;
	if (now != old || (o && old == 0))
		return rk_fail(err, -ESTALE, "%s: generation is %" PRIu64 ", not %" PRIu64, name, now, old);
	return put_over(m, name, b);
}

static int mem_cas(struct rk_dir *d, const char *name, uint64_t old, const void *p, size_t n, struct rk_err *err)
{
	struct mem *m = of(d);
	if (!name_ok(name) || n < 8)
		return words(err, -EINVAL, "replace", name);
	if (rk_get64(p) == 0 || rk_get64(p) == old)
		return rk_fail(err, -EINVAL, "replace %s: the new generation must be another one, and not 0", name);
	struct blob *b = blob_of(p, n);
	pthread_mutex_lock(&m->mu);
	int rc = b ? switch_to(m, name, old, b, err) : -ENOMEM;
	if (rc < 0)
		blob_unref(b);
	else
		pthread_cond_broadcast(&m->replaced);
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, rc, "replace", name) : 0;
}

/* ---- logs ---- */

static int mem_log_create(struct rk_dir *d, const char *name, uint64_t prealloc, const void *head, size_t n, bool over, struct rk_log **ret,
			  struct rk_err *err)
{
	struct mem *m = of(d);
	if (!name_ok(name) || prealloc > SIZE_MAX / 2)
		return words(err, -EINVAL, "create", name);
	struct mlog *l = calloc(1, sizeof(*l));
	struct blob *b = blob_new(prealloc < n ? n : (size_t)prealloc);
	if (b) {
		b->growing = true;
		if (n)
			memcpy(b->bytes, head, n);
	}
	pthread_mutex_lock(&m->mu);
	int rc = l && b ? 0 : -ENOMEM;
	if (rc == 0)
		rc = over ? put_over(m, name, b) : insert(m, name, b);
	if (rc == 0)
		b->refs++; /* the table's and ours */
	else
		blob_unref(b);
	pthread_mutex_unlock(&m->mu);
	if (rc < 0) {
		free(l);
		return words(err, rc, "create", name);
	}
	l->log.dir = d;
	l->log.end = n;
	l->blob = b;
	*ret = &l->log;
	return 0;
}

static int mem_log_append(struct rk_log *log, const void *p, size_t n, struct rk_err *err)
{
	struct mlog *l = (struct mlog *)log;
	struct mem *m = of(log->dir);
	struct blob *b = l->blob;
	if (l->sealed)
		return rk_fail(err, -EROFS, "append to a sealed log");
	int rc = 0;
	pthread_mutex_lock(&m->mu);
	size_t end = (size_t)log->end + n;
	if (end > b->cap) {
		size_t cap = end + end / 2;
		uint8_t *bytes = realloc(b->bytes, cap);
		if (bytes) {
			memset(bytes + b->cap, 0, cap - b->cap);
			b->bytes = bytes;
			b->cap = cap;
		} else {
			rc = -ENOMEM;
		}
	}
	if (rc == 0 && n) {
		memcpy(b->bytes + log->end, p, n);
		log->end = end;
		b->len = b->len < end ? end : b->len;
	}
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, rc, "append", NULL) : 0;
}

static int mem_log_sync(struct rk_log *log, struct rk_err *err)
{
	(void)log;
	(void)err;
	return 0;
}

static int mem_log_seal(struct rk_log *log, struct rk_err *err)
{
	struct mlog *l = (struct mlog *)log;
	(void)err;
	l->sealed = true;
	pthread_mutex_lock(&of(log->dir)->mu);
	l->blob->len = (size_t)log->end;
	pthread_mutex_unlock(&of(log->dir)->mu);
	return 0;
}

static void mem_log_close(struct rk_log *log)
{
	struct mlog *l = (struct mlog *)log;
	pthread_mutex_lock(&of(log->dir)->mu);
	l->blob->growing = false;
	blob_unref(l->blob);
	pthread_mutex_unlock(&of(log->dir)->mu);
	free(l);
}

/* ---- reading ---- */

static int mem_map(struct rk_dir *d, const char *name, struct rk_map *ret, struct rk_err *err)
{
	struct mem *m = of(d);
	int rc = name_ok(name) ? -ENOENT : -EINVAL;
	pthread_mutex_lock(&m->mu);
	struct object *o = rc == -ENOENT ? find(m, name) : NULL;
	if (o) {
		struct blob *b = o->blob->growing ? blob_of(o->blob->bytes, o->blob->len) : o->blob;
		rc = b ? 0 : -ENOMEM;
		if (b == o->blob)
			b->refs++;
		if (b)
			*ret = (struct rk_map){.bytes = b->bytes, .len = b->len, .priv = b};
	}
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, rc, "map", name) : 0;
}

static void mem_unmap(struct rk_dir *d, struct rk_map *map)
{
	pthread_mutex_lock(&of(d)->mu);
	blob_unref(map->priv);
	pthread_mutex_unlock(&of(d)->mu);
	*map = (struct rk_map){0};
}

static int64_t mem_read(struct rk_dir *d, const char *name, uint64_t off, void *p, size_t n, struct rk_err *err)
{
	struct mem *m = of(d);
	int64_t rc = name_ok(name) ? -ENOENT : -EINVAL;
	pthread_mutex_lock(&m->mu);
	struct object *o = rc == -ENOENT ? find(m, name) : NULL;
	if (o) {
		size_t left = off < o->blob->len ? o->blob->len - (size_t)off : 0;
		n = n < left ? n : left;
		if (n)
			memcpy(p, o->blob->bytes + off, n);
		rc = (int64_t)n;
	}
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, (int)rc, "read", name) : rc;
}

static int64_t mem_size(struct rk_dir *d, const char *name, struct rk_err *err)
{
	struct mem *m = of(d);
	int64_t rc = name_ok(name) ? -ENOENT : -EINVAL;
	pthread_mutex_lock(&m->mu);
	struct object *o = rc == -ENOENT ? find(m, name) : NULL;
	if (o)
		rc = (int64_t)o->blob->len;
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, (int)rc, "size of", name) : rc;
}

struct listed {
	char *name;
	uint64_t size;
};

/* A copy first: fn may call us again. */
static int collect(struct mem *m, const char *prefix, struct listed **ret, size_t *ret_n)
{
	size_t n = 0, len = strlen(prefix);
	struct listed *v = calloc(m->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*ret = v;
	for (size_t i = place(m, prefix); i < m->n && strncmp(m->v[i].name, prefix, len) == 0; i++) {
		v[n] = (struct listed){.name = strdup(m->v[i].name), .size = m->v[i].blob->len};
		if (!v[n].name)
			return -ENOMEM;
		*ret_n = ++n;
	}
	return 0;
}

static int mem_list(struct rk_dir *d, const char *prefix, int (*fn)(void *, const char *, uint64_t), void *arg, struct rk_err *err)
{
	struct mem *m = of(d);
	struct listed *v = NULL;
	size_t n = 0;
	if (!name_prefix_ok(prefix))
		return words(err, -EINVAL, "list", prefix);
	pthread_mutex_lock(&m->mu);
	int rc = collect(m, prefix, &v, &n);
	pthread_mutex_unlock(&m->mu);
	if (rc < 0)
		words(err, rc, "list", prefix);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = fn(arg, v[i].name, v[i].size);
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
	return rc;
}

static int mem_remove(struct rk_dir *d, const char *name, struct rk_err *err)
{
	struct mem *m = of(d);
	int rc = name_ok(name) ? -ENOENT : -EINVAL;
	pthread_mutex_lock(&m->mu);
	struct object *o = rc == -ENOENT ? find(m, name) : NULL;
	if (o) {
		size_t i = (size_t)(o - m->v);
		blob_unref(o->blob);
		free(o->name);
		memmove(o, o + 1, (m->n - i - 1) * sizeof(*o));
		m->n--;
		rc = 0;
	}
	pthread_mutex_unlock(&m->mu);
	return rc < 0 ? words(err, rc, "remove", name) : 0;
}

/* ---- leases, watches, the rest ---- */

/* The lock file of the other backends is an object too: it holds the holder's words. */
static int note_holder(struct mem *m, const char *name, const char *holder)
{
	struct blob *b = blob_of(holder, strlen(holder));
	int rc = b ? put_over(m, name, b) : -ENOMEM;
	if (rc < 0)
		blob_unref(b);
	return rc;
}

static int mem_lease_take(struct rk_dir *d, const char *name, enum rk_lease_mode mode, const char *holder, struct rk_lease **ret, struct rk_err *err)
{
	struct mem *m = of(d);
	struct mlease *l = name_ok(name) ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return words(err, name_ok(name) ? -ENOMEM : -EINVAL, "lock", name);
	holder = holder ? holder : "";
	l->lease.dir = d;
	l->exclusive = mode == RK_LEASE_EXCLUSIVE;
	l->holder = strdup(holder);
	strcpy(l->name, name);
	pthread_mutex_lock(&m->mu);
	int rc = l->holder ? 0 : -ENOMEM;
	for (struct mlease *o = m->leases; o && rc == 0; o = o->next)
		if (strcmp(o->name, name) == 0 && (o->exclusive || l->exclusive))
			rc = rk_fail(err, -EAGAIN, "%s is held by %s", name, *o->holder ? o->holder : "another process");
	if (rc == 0)
		rc = note_holder(m, name, holder);
	if (rc == 0) {
		l->next = m->leases;
		m->leases = l;
		*ret = &l->lease;
	}
	pthread_mutex_unlock(&m->mu);
	if (rc < 0) {
		words(err, rc, "lock", name);
		free(l->holder);
		free(l);
	}
	return rc;
}

static void mem_lease_drop(struct rk_lease *lease)
{
	struct mem *m = of(lease->dir);
	struct mlease *l = (struct mlease *)lease;
	pthread_mutex_lock(&m->mu);
	struct mlease **at = &m->leases;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	pthread_mutex_unlock(&m->mu);
	free(l->holder);
	free(l);
}

static bool was_replaced(struct mem *m, const char *name)
{
	struct object *o = find(m, name);
	uint8_t head[8] = {0};
	if (o)
		memcpy(head, o->blob->bytes, o->blob->len < 8 ? o->blob->len : 8);
	return seen_changed(&m->seen, name, o ? (int64_t)o->blob->len : -1, rk_get64(head));
}

static int mem_watch(struct rk_dir *d, const char *name, int timeout_ms)
{
	struct mem *m = of(d);
	struct timespec end;
	if (!name_ok(name))
		return -EINVAL;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&m->mu);
	int yes = was_replaced(m, name);
	while (!yes && timeout_ms > 0 && pthread_cond_timedwait(&m->replaced, &m->mu, &end) == 0)
		yes = was_replaced(m, name);
	pthread_mutex_unlock(&m->mu);
	return yes;
}

static int mem_space(struct rk_dir *d, uint64_t *ret_free, uint64_t *ret_total, struct rk_err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	(void)d;
	(void)err;
	*ret_free = page * (uint64_t)sysconf(_SC_AVPHYS_PAGES);
	*ret_total = page * (uint64_t)sysconf(_SC_PHYS_PAGES);
	return 0;
}

static void mem_close(struct rk_dir *d)
{
	struct mem *m = of(d);
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		blob_unref(m->v[i].blob);
	}
	free(m->v);
	seen_done(&m->seen);
	pthread_cond_destroy(&m->replaced);
	pthread_mutex_destroy(&m->mu);
	free(m);
}

static const struct rk_dir_ops ops = {
	.put_begin = mem_put_begin,
	.put_write = mem_put_write,
	.put_commit = mem_put_commit,
	.put_abort = mem_put_abort,
	.log_create = mem_log_create,
	.log_append = mem_log_append,
	.log_sync = mem_log_sync,
	.log_seal = mem_log_seal,
	.log_close = mem_log_close,
	.cas = mem_cas,
	.map = mem_map,
	.unmap = mem_unmap,
	.read = mem_read,
	.size = mem_size,
	.list = mem_list,
	.remove = mem_remove,
	.lease_take = mem_lease_take,
	.lease_drop = mem_lease_drop,
	.watch = mem_watch,
	.space = mem_space,
	.close = mem_close,
};

int dir_mem_open(struct rk_dir **ret, struct rk_err *err)
{
	struct mem *m = calloc(1, sizeof(*m));
	pthread_condattr_t a;
	if (!m)
		return rk_fail(err, -ENOMEM, "out of memory");
	m->dir.ops = &ops;
	pthread_mutex_init(&m->mu, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&m->replaced, &a);
	pthread_condattr_destroy(&a);
	*ret = &m->dir;
	return 0;
}
