/* sim_crash.c - the simulator's outside: making a disk, its faults, and what a power cut leaves of it; see dir_sim.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dir/sim_private.h"

int sim_new(struct sim **ret)
{
	struct sim *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->mu, NULL);
	s->left = s->capacity = UINT64_MAX;
	*ret = s;
	return 0;
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->ninodes; i++) {
		struct inode *f = &s->inodes[i];
		while (f->n)
			change_free(f, f->n - 1);
		free(f->v);
		rk_buf_done(&f->durable);
		rk_buf_done(&f->visible);
	}
	while (s->nops)
		name_op_free(s, s->nops - 1);
	free(s->ops);
	free(s->inodes);
	free(s->handles);
	names_free(&s->visible);
	names_free(&s->durable);
	pthread_mutex_destroy(&s->mu);
	free(s);
}

void sim_lie(struct sim *s, unsigned lies)
{
	s->lies = lies;
}

uint64_t sim_ops(const struct sim *s)
{
	return s->count;
}

void sim_stop(struct sim *s, uint64_t n)
{
	pthread_mutex_lock(&s->mu);
	s->left = n;
	s->dead = false;
	pthread_mutex_unlock(&s->mu);
}

void sim_fail(struct sim *s, unsigned kinds, uint64_t nth, uint64_t times, int error)
{
	pthread_mutex_lock(&s->mu);
	s->fail_kinds = kinds;
	s->fail_seen = 0;
	s->fail_nth = nth;
	s->fail_times = times;
	s->fail_error = error;
	pthread_mutex_unlock(&s->mu);
}

void sim_capacity(struct sim *s, uint64_t bytes)
{
	pthread_mutex_lock(&s->mu);
	s->capacity = bytes;
	pthread_mutex_unlock(&s->mu);
}

/* ---- the power cut ---- */

static uint64_t draw(uint64_t *rng) /* splitmix64 */
{
	uint64_t z = *rng += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* How one file or the names fare: nothing kept, all kept, or each by itself; the two extremes are the likely bugs. */
enum fate { NONE, ALL, EACH };

static enum fate fate(uint64_t *rng)
{
	uint64_t r = draw(rng) % 8;
	return r == 0 ? NONE : r == 1 ? ALL : EACH;
}

static int tear(struct rk_buf *b, const struct change *c, uint64_t *rng)
{
	if (c->off + c->len > b->len && bytes_resize(b, c->off + c->len) < 0)
		return -ENOMEM;
	for (uint64_t at = c->off, end = c->off + c->len; at < end;) {
		uint64_t stop = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
		stop = stop < end ? stop : end;
		switch (draw(rng) % 4) {
		case 0: /* old */
			break;
		case 1:
			memset(b->data + at, 0, (size_t)(stop - at));
			break;
		default:
			memcpy(b->data + at, c->data + (at - c->off), (size_t)(stop - at));
		}
		at = stop;
	}
	return 0;
}

/* What is left of one file in ret. */
static int content_after(const struct inode *f, uint64_t *rng, struct rk_buf *ret)
{
	enum fate all = fate(rng);
	uint64_t size = f->durable.len;
	int rc = rk_buf_put(ret, f->durable.data, f->durable.len);
	for (size_t i = 0; i < f->n && rc == 0; i++) {
		const struct change *c = &f->v[i];
		uint64_t r = all == NONE ? 0 : all == ALL ? 1 : draw(rng) % 3;
		if (c->resize && r)
			rc = c->off < ret->len ? bytes_resize(ret, c->off) : 0;
		else if (!c->resize && r == 1)
			rc = bytes_write(ret, c->data, c->len, c->off);
		else if (!c->resize && r == 2)
			rc = tear(ret, c, rng);
		if (all == ALL || (all == EACH && draw(rng) % 2))
			size = c->size;
	}
	return rc < 0 ? rc : bytes_resize(ret, size);
}

static int names_after(const struct sim *s, uint64_t *rng, struct names *ret)
{
	enum fate all = fate(rng);
	int rc = 0;
	for (size_t i = 0; i < s->durable.n && rc == 0; i++)
		rc = names_set(ret, s->durable.v[i].path, s->durable.v[i].ino);
	for (size_t i = 0; i < s->nops && rc == 0; i++)
		if (all == ALL || (all == EACH && draw(rng) % 2))
			rc = apply_name(ret, &s->ops[i]);
	return rc;
}

/* A name whose folder is not there is nowhere. */
static bool reachable(const struct names *n, const char *path)
{
	char folder[SIM_PATH_MAX];
	strcpy(folder, path);
	for (char *slash; (slash = strrchr(folder, '/')); ) {
		*slash = '\0';
		int at = names_find(n, folder);
		if (at < 0 || n->v[at].ino != FOLDER)
			return false;
	}
	return true;
}

static int crash_into(struct sim *s, uint64_t *rng, struct sim *to)
{
	struct names names = {0};
	int rc = names_after(s, rng, &names);
	to->inodes = calloc(names.n + 1, sizeof(*to->inodes));
	if (!to->inodes)
		rc = -ENOMEM;
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		int ino = names.v[i].ino;
		if (!reachable(&names, names.v[i].path))
			continue;
		if (ino != FOLDER) {
			struct inode *f = &to->inodes[to->ninodes];
			rc = content_after(&s->inodes[ino], rng, &f->durable);
			if (rc == 0)
				rc = rk_buf_put(&f->visible, f->durable.data, f->durable.len);
			f->used = true;
			ino = (int)to->ninodes++;
		}
		if (rc == 0)
			rc = names_set(&to->durable, names.v[i].path, ino);
		if (rc == 0)
			rc = names_set(&to->visible, names.v[i].path, ino);
	}
	names_free(&names);
	return rc;
}

int sim_crash(struct sim *s, uint64_t *rng, struct sim **ret)
{
	struct sim *to;
	int rc = sim_new(&to);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&s->mu);
	to->lies = s->lies;
	rc = crash_into(s, rng, to);
	pthread_mutex_unlock(&s->mu);
	if (rc < 0)
		sim_free(to);
	else
		*ret = to;
	return rc;
}
