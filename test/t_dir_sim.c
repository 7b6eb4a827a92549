/* t_dir_sim.c - the storage protocol on the crash simulator: objects, the switch, removal; lives that end by SIGKILL, power cut or a failing disk.
 *
 * The model knows for each name what it may hold: one content when the last operation on it was acknowledged, more when it failed half-way. What a later
 * life has read, and has acted upon in that folder or below it, is settled (D3). Controls: a disk that lies and a protocol without D3 are found out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/dir/dir_sim.h"
#include "core/dir/fdir_private.h"
#include "test/tap.h"

enum { FOLDERS = 3, NAMES = FOLDERS * 2, MANIFEST = NAMES, ALL, MAY = 8 };

struct model {
	uint64_t may[ALL][MAY]; /* content numbers, 0: absent */
	unsigned n[ALL];
	uint64_t next; /* content number that was never used */
};

static uint64_t draw(uint64_t *rng)
{
	uint64_t z = *rng += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static const char *name_of(int i, char *buf)
{
	if (i == MANIFEST)
		return "manifest";
	snprintf(buf, 32, "s/%d/%c", i / 2, i % 2 ? 'a' : 'b');
	return buf;
}

static size_t content(uint64_t number, uint8_t *p) /* its first 8 bytes are the number: also a generation */
{
	uint64_t rng = number;
	size_t n = 8 + (size_t)(draw(&rng) % 1500);
	rk_put64(p, number);
	for (size_t i = 8; i < n; i++)
		p[i] = (uint8_t)draw(&rng);
	return n;
}

/* The number of what name holds, 0 when it is absent; UINT64_MAX when it is nothing that was ever put there. */
static uint64_t holds(struct rk_dir *d, int i)
{
	char buf[32];
	uint8_t want[2000];
	struct rk_buf b = {0};
	int rc = dir_read_all(d, name_of(i, buf), 1 << 16, &b, NULL);
	uint64_t number = rc == 0 && b.len >= 8 ? rk_get64(b.data) : UINT64_MAX;
	if (rc == -ENOENT)
		number = 0;
	else if (number != UINT64_MAX && (content(number, want) != b.len || memcmp(want, b.data, b.len) != 0))
		number = UINT64_MAX;
	rk_buf_done(&b);
	return number;
}

static uint64_t wrong(struct rk_dir *d, const struct model *m)
{
	uint64_t n = 0;
	for (int i = 0; i < ALL; i++) {
		uint64_t h = holds(d, i);
		bool right = false;
		for (unsigned k = 0; k < m->n[i]; k++)
			right |= h == m->may[i][k];
		n += !right;
	}
	return n;
}

/* ---- lives ---- */

static void settle(struct model *m, int i, uint64_t number)
{
	m->may[i][0] = number;
	m->n[i] = 1;
}

static int change(struct rk_dir *d, struct model *m, int i, uint64_t now, uint64_t *rng)
{
	char buf[32];
	uint8_t p[2000];
	uint64_t number = m->next;
	bool gone = i != MANIFEST && now && draw(rng) % 2;
	int rc;
	if (gone) {
		rc = d->ops->remove(d, name_of(i, buf), NULL);
		number = 0;
	} else if (i != MANIFEST && now) {
		rc = dir_put_new(d, name_of(i, buf), "", 0, NULL);
		CU_ASSERT_TRUE(rc < 0); /* never over another */
		return rc == -EEXIST ? 0 : rc;
	} else {
		size_t n = content(number, p);
		m->next++;
		rc = i == MANIFEST ? d->ops->cas(d, "manifest", now, p, n, NULL) : dir_put_new(d, name_of(i, buf), p, n, NULL);
	}
	if (rc == 0)
		settle(m, i, number);
	else if (m->n[i] < MAY)
		m->may[i][m->n[i]++] = number;
	return rc;
}

/* Calls durable every folder that is there. */
static void without_d3(struct rk_dir *dir, const uint64_t *seen)
{
	struct fdir *d = (struct fdir *)dir;
	char folder[NAME_BYTES_MAX], name[32];
	d->settled = calloc(ALL + 2, sizeof(*d->settled));
	for (int i = 0; i < NAMES; i++) {
		if (!seen[i])
			continue;
		if (!d->nsettled) {
			d->settled[d->nsettled++] = strdup("");
			d->settled[d->nsettled++] = strdup("s");
		}
		name_folder(name_of(i, name), folder);
		d->settled[d->nsettled++] = strdup(folder);
	}
}

/* A process: looks, then changes things until its disk stops or fails. Another failure than a full disk ends it. */
static void live(struct sim *s, struct model *m, uint64_t *rng, bool d3)
{
	struct rk_dir *d = NULL;
	uint64_t seen[ALL];
	bool acted[FOLDERS] = {false}, any = false;
	int rc = 0;
	CU_ASSERT_EQUAL_FATAL(sim_open(s, &d, NULL), 0);
	for (int i = 0; i < ALL; i++)
		seen[i] = holds(d, i);
	if (!d3)
		without_d3(d, seen);
	for (int step = 0; step < 12 && (rc == 0 || rc == -ENOSPC); step++) {
		int i = (int)(draw(rng) % (ALL + 1));
		i = i >= ALL ? MANIFEST : i;
		uint64_t now = holds(d, i);
		if (now == UINT64_MAX)
			break;
		rc = change(d, m, i, now, rng);
		if (rc < 0)
			break;
		if (!any && i != MANIFEST && seen[MANIFEST] != UINT64_MAX)
			settle(m, MANIFEST, seen[MANIFEST]);
		any = true;
		if (i != MANIFEST && !acted[i / 2]) {
			acted[i / 2] = true;
			int other = i ^ 1;
			if (seen[other] != UINT64_MAX)
				settle(m, other, seen[other]);
		}
	}
	d->ops->close(d);
}

struct tally {
	uint64_t states, violations, first_seed;
};

static void cut_power(struct sim *s, const struct model *m, uint64_t seed, struct tally *t)
{
	for (unsigned i = 0; i < 10; i++) {
		uint64_t rng = seed * 64 + i;
		struct sim *after;
		struct rk_dir *d;
		CU_ASSERT_EQUAL_FATAL(sim_crash(s, &rng, &after), 0);
		CU_ASSERT_EQUAL_FATAL(sim_open(after, &d, NULL), 0);
		t->states++;
		if (wrong(d, m) && t->violations++ == 0)
			t->first_seed = seed;
		d->ops->close(d);
		sim_free(after);
	}
}

static struct tally stories(uint64_t n, unsigned lies, bool faults, bool d3)
{
	struct tally t = {0};
	for (uint64_t seed = 1; seed <= n; seed++) {
		uint64_t rng = seed;
		struct model m = {.next = 1};
		for (int i = 0; i < ALL; i++)
			settle(&m, i, 0);
		struct sim *s;
		CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
		sim_lie(s, lies);
		for (int life = 0; life < 4; life++) {
			sim_fail(s, 0, 1, 0, 0);
			if (faults && draw(&rng) % 2)
				sim_fail(s, SIM_CHANGES, 1 + draw(&rng) % 40, 1 + draw(&rng) % 2, draw(&rng) % 2 ? EIO : ENOSPC);
			sim_stop(s, draw(&rng) % 50);
			live(s, &m, &rng, d3);
			cut_power(s, &m, seed, &t);
			sim_stop(s, UINT64_MAX);
			if (draw(&rng) % 2) { /* else SIGKILL: the cache stays */
				struct sim *after;
				CU_ASSERT_EQUAL_FATAL(sim_crash(s, &rng, &after), 0);
				sim_free(s);
				s = after;
			}
		}
		sim_free(s);
	}
	printf("# %" PRIu64 " disks, %" PRIu64 " wrong, the first with seed %" PRIu64 "\n", t.states, t.violations, t.first_seed);
	return t;
}

static void what_was_acknowledged_stays(void)
{
	struct tally t = stories(500, 0, false, true);
	CU_ASSERT_EQUAL(t.violations, 0);
	CU_ASSERT_TRUE(t.states >= 20000);
}

static void also_when_operations_fail(void)
{
	CU_ASSERT_EQUAL(stories(500, 0, true, true).violations, 0);
}

static void lying_disks_are_found(void)
{
	CU_ASSERT_TRUE(stories(50, SIM_IGNORE_SYNC, false, true).violations > 10);
	CU_ASSERT_TRUE(stories(50, SIM_IGNORE_SYNC_DIR, false, true).violations > 10);
}

static void acting_on_what_may_come_undone_is_found(void)
{
	CU_ASSERT_TRUE(stories(500, 0, false, false).violations > 0);
}

/* Every single operation fails once: an error comes out, and what was there is still there; then everything works. */
static void each_operation_fails_once(void)
{
	static const int errors[] = {EIO, ENOSPC, EMFILE};
	for (size_t e = 0; e < 3; e++) {
		bool failed = true;
		for (uint64_t n = 1; failed; n++) {
			struct sim *s;
			struct rk_dir *d;
			uint8_t g[16] = {1}, h[16] = {2};
			CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
			CU_ASSERT_EQUAL_FATAL(sim_open(s, &d, NULL), 0);
			CU_ASSERT_EQUAL(d->ops->cas(d, "manifest", 0, g, 16, NULL), 0);
			sim_fail(s, SIM_ALL, n, 1, errors[e]);
			struct rk_err err = {{0}};
			int a = dir_put_new(d, "s/1/meta", "0123456789", 10, &err);
			int b = d->ops->cas(d, "manifest", 1, h, 16, &err);
			int c = d->ops->remove(d, "s/1/meta", &err);
			failed = a < 0 || b < 0 || c < 0;
			CU_ASSERT_EQUAL(failed, err.msg[0] != '\0');
			sim_fail(s, 0, 1, 0, 0);
			struct rk_buf m = {0};
			CU_ASSERT_EQUAL(dir_read_all(d, "manifest", 100, &m, NULL), 0);
			CU_ASSERT_TRUE(m.len == 16 && (m.data[0] == 2 || (b < 0 && m.data[0] == 1)));
			if (m.data[0] == 1)
				CU_ASSERT_EQUAL(d->ops->cas(d, "manifest", 1, h, 16, NULL), 0);
			rk_buf_done(&m);
			(void)d->ops->remove(d, "s/1/meta", NULL);
			CU_ASSERT_EQUAL(dir_put_new(d, "s/1/meta", "x", 1, NULL), 0);
			d->ops->close(d);
			sim_free(s);
		}
	}
}

static void a_full_disk_keeps_the_old(void)
{
	struct sim *s;
	struct rk_dir *d;
	struct rk_log *l;
	static uint8_t big[5000];
	CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
	CU_ASSERT_EQUAL_FATAL(sim_open(s, &d, NULL), 0);
	sim_capacity(s, 6000);
	CU_ASSERT_EQUAL(dir_put_new(d, "a", big, 3000, NULL), 0);
	CU_ASSERT_EQUAL(dir_put_new(d, "b", big, 5000, NULL), -ENOSPC);
	CU_ASSERT_EQUAL(d->ops->log_create(d, "l", 4096, "", 0, false, &l, NULL), -ENOSPC);
	CU_ASSERT_EQUAL(d->ops->size(d, "a", NULL), 3000);
	CU_ASSERT_EQUAL(d->ops->size(d, "b", NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->size(d, "l", NULL), -ENOENT);
	CU_ASSERT_EQUAL(d->ops->remove(d, "a", NULL), 0); /* which needs no room */
	CU_ASSERT_EQUAL(dir_put_new(d, "b", big, 5000, NULL), 0); /* and what failed left none taken */
	d->ops->close(d);
	sim_free(s);
}

/* The simulator itself: it does lose, and it does keep. */
static void the_disk_is_strict(void)
{
	unsigned empty = 0, whole = 0, torn = 0, zero_size = 0;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct sim *s, *after;
		struct rk_dir *d;
		struct rk_log *l;
		uint8_t p[2048];
		uint64_t rng = seed;
		memset(p, 'x', sizeof(p));
		CU_ASSERT_EQUAL_FATAL(sim_new(&s), 0);
		CU_ASSERT_EQUAL_FATAL(sim_open(s, &d, NULL), 0);
		CU_ASSERT_EQUAL_FATAL(d->ops->log_create(d, "l", 4096, "head", 4, false, &l, NULL), 0);
		CU_ASSERT_EQUAL(d->ops->log_append(l, p, 100, NULL), 0);
		CU_ASSERT_EQUAL(d->ops->log_sync(l, NULL), 0);
		CU_ASSERT_EQUAL(d->ops->log_append(l, p, sizeof(p), NULL), 0); /* not synced */
		CU_ASSERT_EQUAL_FATAL(sim_crash(s, &rng, &after), 0);
		d->ops->log_close(l);
		d->ops->close(d);
		sim_free(s);
		struct rk_buf b = {0};
		CU_ASSERT_EQUAL_FATAL(sim_open(after, &d, NULL), 0);
		CU_ASSERT_EQUAL_FATAL(dir_read_all(d, "l", 1 << 16, &b, NULL), 0);
		zero_size += b.len != 4096;
		CU_ASSERT_TRUE(memcmp(b.data, "head", 4) == 0 && memcmp(b.data + 4, p, 100) == 0);
		unsigned n = 0;
		for (size_t i = 104; i < 104 + sizeof(p); i++)
			n += b.data[i] == 'x';
		empty += n == 0;
		whole += n == sizeof(p);
		torn += n > 0 && n < sizeof(p);
		rk_buf_done(&b);
		d->ops->close(d);
		sim_free(after);
	}
	CU_ASSERT_TRUE(empty > 40 && whole > 40 && torn > 40 && zero_size == 0);
}

static const struct tap_test tests[] = {
	{"sim: the disk is strict", the_disk_is_strict},
	{"sim: what was acknowledged stays, what was not is whole or absent", what_was_acknowledged_stays},
	{"sim: also when operations fail", also_when_operations_fail},
	{"sim: each operation fails once", each_operation_fails_once},
	{"sim: a full disk keeps the old", a_full_disk_keeps_the_old},
	{"control: lying disks are found", lying_disks_are_found},
	{"control: acting on what may come undone is found", acting_on_what_may_come_undone_is_found},
};

TAP_MAIN(tests)
