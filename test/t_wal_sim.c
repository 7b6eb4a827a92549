/* t_wal_sim.c - the log on the crash simulator: random lives, a power cut at any operation, and what must then hold.
 *
 * Checked after every cut: every acknowledged record is there, nothing is that was not appended, nothing older than what replaced it. The payload of an
 * entry says in which life it was appended; the model knows which life's is the right one. Then the controls: with a disk that lies, a checksum that is
 * not looked at, or a recovery that trusts the cache, the very same checker must find violations.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/dir/dir_sim.h"
#include "core/wal/wal.h"
#include "core/wal/wal_format.h"
#include "test/tap.h"

enum { ENTRIES_MAX = 400, FILE_BYTES = 1536, PAYLOAD_MAX = 1400 };

/* What the client knows. */
struct model {
	uint64_t from;	   /* the manifest's: entries before it are in segments */
	uint64_t acked;	   /* the highest entry that was acknowledged */
	uint64_t appended; /* the highest that was appended */
	uint32_t life, life_of[ENTRIES_MAX];
};

static uint64_t draw(uint64_t *rng)
{
	uint64_t z = *rng += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t payload(uint64_t entry, uint32_t life, uint8_t *p)
{
	uint64_t rng = entry * 1000 + life;
	size_t n = 4 + (size_t)(draw(&rng) % (draw(&rng) % 8 ? 100 : PAYLOAD_MAX - 4));
	rk_put32(p, life);
	for (size_t i = 4; i < n; i++)
		p[i] = (uint8_t)draw(&rng);
	return n;
}

/* ---- the checker ---- */

struct check {
	const struct model *m;
	uint64_t next, wrong;
};

static int check_one(void *arg, const struct wal_record *r)
{
	struct check *c = arg;
	uint8_t p[PAYLOAD_MAX];
	c->wrong += r->entry != c->next;
	c->next = r->entry + 1;
	if (r->entry > c->m->appended || r->entry >= ENTRIES_MAX) {
		c->wrong++; /* a phantom */
		return 0;
	}
	if (r->type == WAL_TYPE_CLEAN)
		return 0;
	size_t n = payload(r->entry, c->m->life_of[r->entry], p);
	c->wrong += r->len != n || memcmp(r->payload, p, n) != 0;
	return 0;
}

/* The number of violations; the entry to go on with in ret_next. */
static uint64_t check(struct rk_dir *d, const struct model *m, uint64_t *ret_next, struct rk_err *err)
{
	struct check c = {.m = m, .next = m->from};
	int rc = wal_read(d, m->from, check_one, &c, NULL, err);
	if (rc < 0)
		return 1;
	*ret_next = c.next;
	if (c.next <= m->acked)
		rk_fail(err, 0, "entries %" PRIu64 " to %" PRIu64 " were acknowledged and are lost", c.next, m->acked);
	else if (c.wrong)
		rk_fail(err, 0, "phantoms");
	return c.wrong + (c.next <= m->acked);
}

/* ---- a life ---- */

static int one_step(struct wal *w, struct model *m, uint64_t *rng)
{
	uint8_t p[PAYLOAD_MAX];
	uint64_t r = draw(rng) % 100, e = wal_next(w);
	if (e + 2 >= ENTRIES_MAX)
		return 1;
	if (r < 60) {
		size_t n = payload(e, m->life, p);
		m->life_of[e] = m->life;
		m->appended = e; /* even when the append fails: half of it may be there, but then it must not count */
		int rc = wal_append(w, 1, &(struct iovec){p, n}, 1, &e, NULL);
		m->appended = rc < 0 && rc != -EIO ? e - 1 : e;
		return rc;
	}
	if (r < 90) {
		int rc = wal_sync(w, e - 1, NULL);
		m->acked = rc == 0 ? e - 1 : m->acked;
		return rc;
	}
	if (r < 95) {
		int rc = wal_rotate(w, NULL, NULL);
		m->acked = rc == 0 ? e - 1 : m->acked;
		return rc;
	}
	if (r < 98) { /* a flush: everything durable so far is in a segment, then the log is dropped */
		m->from = wal_durable(w) + 1;
		return wal_drop(w, m->from, NULL);
	}
	m->appended = e;
	m->life_of[e] = m->life;
	int rc = wal_clean(w, NULL);
	m->acked = rc == 0 ? e : m->acked;
	return rc;
}

static const struct rk_dir_ops *plain_ops;
static struct rk_dir_ops trusting_ops; /* recovery trusts the cache */

/* Leaves the last file as it is when opening would write it anew: known by records behind the header. */
static int no_copy(struct rk_dir *d, const char *name, uint64_t prealloc, const void *head, size_t n, bool over, struct rk_log **ret, struct rk_err *err)
{
	if (over && n > WAL_HEAD_BYTES)
		return plain_ops->log_create(d, "elsewhere", prealloc, head, n, over, ret, err);
	return plain_ops->log_create(d, name, prealloc, head, n, over, ret, err);
}

static bool trust_the_cache;

static struct rk_dir *open_disk(struct sim *s)
{
	struct rk_dir *d = NULL;
	CU_ASSERT_EQUAL_FATAL(sim_open(s, &d, NULL), 0);
	if (trust_the_cache) {
		plain_ops = d->ops;
		trusting_ops = *d->ops;
		trusting_ops.log_create = no_copy;
		d->ops = &trusting_ops;
	}
	return d;
}

/* One process: recovers, writes `steps` steps or until the disk stops. Returns violations that its recovery met. */
static uint64_t live(struct sim *s, struct model *m, int steps, uint64_t *rng, struct rk_err *err)
{
	struct rk_dir *d = open_disk(s);
	struct wal *w = NULL;
	uint64_t next = 0, bad = 0, ops = sim_ops(s);
	struct rk_err words = {{0}};
	(void)ops;
	bad = check(d, m, &next, &words);
	if (bad && strstr(words.msg, strerror(EIO)))
		bad = 0; /* the disk stopped under recovery */
	else if (bad)
		rk_fail(err, 0, "%s", words.msg);
	else if (wal_open(d, next, FILE_BYTES, &w, NULL) == 0) {
		m->life++;
		m->appended = m->acked = next - 1; /* what recovery read it may build on */
		for (int i = 0, rc = 0; i < steps && (rc == 0 || rc == -ENOSPC); i++)
			rc = one_step(w, m, rng);
	} else if (m->appended < next - 1) {
		m->appended = next - 1;
	}
	wal_close(w);
	d->ops->close(d);
	return bad;
}

/* ---- many disks ---- */

struct tally {
	uint64_t states, violations, lives;
	char first[600];
};

static void found(struct tally *t, uint64_t seed, const struct rk_err *err)
{
	if (t->violations++ == 0)
		snprintf(t->first, sizeof(t->first), "seed %" PRIu64 ": %s", seed, err->msg);
}

static void cut_power(struct sim *s, const struct model *m, uint64_t seed, unsigned n, struct tally *t)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t rng = seed * 64 + i, next = 0;
		struct rk_err err = {{0}};
		struct sim *after;
		CU_ASSERT_EQUAL_FATAL(sim_crash(s, &rng, &after), 0);
		struct rk_dir *d = open_disk(after);
		t->states++;
		if (check(d, m, &next, &err))
			found(t, seed, &err);
		d->ops->close(d);
		sim_free(after);
	}
}

enum { LIVES = 4, CUTS = 12 };

/* A seed's story: some lives, each stopped at a random operation by SIGKILL (the cache stays) or by a power cut. After each: many cuts. */
static void story(uint64_t seed, unsigned lies, bool faults, struct tally *t)
{
	uint64_t rng = seed;
	struct model m = {.from = 1};
	struct sim *s;
	CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
	sim_lie(s, lies);
	for (int life = 0; life < LIVES; life++) {
		struct rk_err err = {{0}};
		sim_fail(s, 0, 1, 0, 0);
		if (faults && draw(&rng) % 2)
			sim_fail(s, draw(&rng) % 3 ? SIM_SYNC : SIM_WRITE, 1 + draw(&rng) % 20, 1, draw(&rng) % 4 ? EIO : ENOSPC);
		if (draw(&rng) % 8 == 0)
			sim_capacity(s, 2000 + draw(&rng) % 4000);
		sim_stop(s, draw(&rng) % 60);
		t->lives++;
		if (live(s, &m, 40, &rng, &err)) {
			found(t, seed, &err);
			break;
		}
		cut_power(s, &m, seed, CUTS, t);
		sim_capacity(s, UINT64_MAX);
		sim_stop(s, UINT64_MAX);
		if (draw(&rng) % 2) {
			struct sim *after;
			CU_ASSERT_EQUAL_FATAL(sim_crash(s, &rng, &after), 0);
			sim_free(s);
			s = after;
		}
	}
	sim_free(s);
}

static struct tally stories(uint64_t from, uint64_t n, unsigned lies, bool faults)
{
	struct tally t = {0};
	for (uint64_t seed = from; seed < from + n; seed++)
		story(seed, lies, faults, &t);
	printf("# %" PRIu64 " disks after a power cut, %" PRIu64 " lives, %" PRIu64 " violations%s%s\n", t.states, t.lives, t.violations,
	       t.violations ? "; the first: " : "", t.first);
	return t;
}

static void nothing_acknowledged_is_lost(void)
{
	struct tally t = stories(1, 400, 0, false);
	CU_ASSERT_EQUAL(t.violations, 0);
	CU_ASSERT_TRUE(t.states >= 15000);
}

static void nor_with_failing_syncs_and_full_disks(void)
{
	struct tally t = stories(100000, 400, 0, true);
	CU_ASSERT_EQUAL(t.violations, 0);
	CU_ASSERT_TRUE(t.states >= 15000);
}

/* One workload, cut after each of its operations. */
static void a_cut_after_every_operation(void)
{
	struct tally t = {0};
	uint64_t ops = UINT64_MAX;
	for (uint64_t n = 0; n <= ops; n += ops == UINT64_MAX ? 0 : 1) { /* the first time uncut, to count them */
		uint64_t rng = 77;
		struct model m = {.from = 1};
		struct rk_err err = {{0}};
		struct sim *s;
		CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
		sim_stop(s, ops == UINT64_MAX ? ops : n);
		CU_ASSERT_EQUAL(live(s, &m, 80, &rng, &err), 0);
		ops = ops == UINT64_MAX ? sim_ops(s) : ops;
		cut_power(s, &m, n, 40, &t);
		/* and recovery itself, cut after each of its operations, three deep */
		for (uint64_t k = 0; k < 8; k++) {
			struct sim *at;
			uint64_t r = n * 8 + k;
			struct model m2 = m;
			CU_ASSERT_EQUAL_FATAL(sim_crash(s, &r, &at), 0);
			for (int deep = 0; deep < 3; deep++) {
				struct sim *next;
				sim_stop(at, k);
				if (live(at, &m2, 2, &rng, &err))
					found(&t, n, &err);
				cut_power(at, &m2, r, 2, &t);
				CU_ASSERT_EQUAL_FATAL(sim_crash(at, &r, &next), 0);
				sim_free(at);
				at = next;
			}
			sim_free(at);
		}
		sim_free(s);
	}
	printf("# %" PRIu64 " operations, %" PRIu64 " disks %s\n", ops, t.states, t.first);
	CU_ASSERT_TRUE(ops > 50);
	CU_ASSERT_EQUAL(t.violations, 0);
}

/* ---- negative controls: the checker sees what it is there for ---- */

static void a_sync_that_does_nothing_is_found(void)
{
	CU_ASSERT_TRUE(stories(1, 40, SIM_IGNORE_SYNC, false).violations > 10);
}

static void a_folder_sync_that_does_nothing_is_found(void)
{
	CU_ASSERT_TRUE(stories(1, 40, SIM_IGNORE_SYNC_DIR, false).violations > 10);
}

static void checksums_not_looked_at_are_found(void)
{
	wal_format_trusting = true;
	struct tally t = stories(1, 200, 0, false);
	wal_format_trusting = false;
	CU_ASSERT_TRUE(t.violations > 10);
}

static void a_recovery_that_trusts_the_cache_is_found(void)
{
	trust_the_cache = true;
	struct tally t = stories(100000, 200, 0, true);
	trust_the_cache = false;
	CU_ASSERT_TRUE(t.violations > 0);
}

static const struct tap_test tests[] = {
	{"sim: nothing acknowledged is lost, no phantoms", nothing_acknowledged_is_lost},
	{"sim: nor with failing syncs and full disks", nor_with_failing_syncs_and_full_disks},
	{"sim: a cut after every operation, and in recovery, three deep", a_cut_after_every_operation},
	{"control: a sync that does nothing is found", a_sync_that_does_nothing_is_found},
	{"control: a folder sync that does nothing is found", a_folder_sync_that_does_nothing_is_found},
	{"control: checksums not looked at are found", checksums_not_looked_at_are_found},
	{"control: a recovery that trusts the cache is found", a_recovery_that_trusts_the_cache_is_found},
};

TAP_MAIN(tests)
