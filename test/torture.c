/* torture.c - the engine on the strict crash simulator: random histories, a power cut after a random operation, every allowed disk after it, also inside
 * recovery (three deep), faults at the n-th operation; everything is compared with a model that knows what was acknowledged.
 *
 *	torture [--states N] [--seed S] [--lie sync|dirsync] [--faults N]
 *
 * Prints the seed of the first violation and exits 1; the same seed gives the same history. With a lie it must find one: then 0 means "not found".
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/dir/dir_sim.h"
#include "test/model.h"

struct tally {
	uint64_t states, nested, histories, acked, faults, checks;
};

static uint64_t rng;

static uint32_t dice(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 11) % n);
}

static const struct index_options small = {.foreground = true, .writer_buffer = 512 << 10, .wal_file = 8 << 10, .linger_s = 60};

static int open_index(struct sim *s, struct rk_dir **dir, struct index **ix, struct rk_err *err)
{
	int rc = sim_open(s, dir, err);
	if (rc < 0)
		return rc;
	rc = index_open(*dir, &small, ix, err);
	if (rc < 0)
		(*dir)->ops->close(*dir);
	return rc;
}

static void close_index(struct rk_dir *dir, struct index *ix)
{
	index_close(ix, NULL);
	dir->ops->close(dir);
}

static int fresh(struct sim **s)
{
	struct index_params p = {.analyzer = {.language = "none", .fold = true}};
	struct rk_dir *dir;
	struct rk_err err = {{0}};
	if (sim_new(s) < 0 || sim_open(*s, &dir, &err) < 0)
		return -1;
	int rc = index_init(dir, &p, &err);
	dir->ops->close(dir);
	if (rc < 0)
		printf("# init: %s\n", err.msg);
	return rc;
}

/* Changes until `steps` are done or one fails. */
static int history(struct model *m, struct index *ix, unsigned steps, struct tally *t)
{
	for (unsigned i = 0; i < steps; i++) {
		int rc = model_step(m, ix);
		if (rc < 0)
			return rc;
		t->acked++;
		uint32_t d = model_rand(m, 40);
		if (d == 0 && index_flush(ix, NULL) < 0)
			return -EIO;
		if (d == 1 && index_merge(ix, 1 + model_rand(m, 3), NULL) < 0)
			return -EIO;
	}
	return 0;
}

static int violation(uint64_t seed, const char *where, const char *words)
{
	printf("violation: seed %llu: %s: %s\n", (unsigned long long)seed, where, words);
	return -1;
}

static void print_finding(void *arg, const char *invariant, const char *words)
{
	snprintf(arg, 512, "check %s: %s", invariant, words);
}

/* One disk after a power cut: opens, compares, goes on, is clean. */
static int one_state(struct sim *disk, const struct model *history_model, uint64_t seed, struct tally *t)
{
	struct rk_dir *dir;
	struct index *ix;
	struct rk_err err = {{0}};
	char words[512] = "";
	struct model m;
	int rc = open_index(disk, &dir, &ix, &err);
	t->states++;
	if (rc < 0)
		return violation(seed, "open after a power cut", err.msg[0] ? err.msg : strerror(-rc));
	struct index_status st;
	index_get_status(ix, &st);
	model_copy(history_model, &m);
	rc = strcmp(st.health, "ok") ? -1 : model_compare(&m, ix, words);
	if (rc < 0)
		violation(seed, "after recovery", words[0] ? words : st.health_why);
	if (rc == 0 && dice(4) == 0) { /* it goes on working */
		for (int i = 0; i < 4 && rc == 0; i++)
			rc = model_step(&m, ix);
		rc = rc == 0 ? model_compare(&m, ix, words) : rc;
		if (rc < 0)
			violation(seed, "working on", words[0] ? words : strerror(-rc));
	}
	if (rc == 0 && dice(4) == 0)
		rc = index_flush(ix, &err);
	close_index(dir, ix);
	if (rc == 0 && dice(8) == 0) {
		t->checks++;
		if (sim_open(disk, &dir, NULL) == 0) {
			int found = index_check(dir, true, print_finding, words, &err);
			dir->ops->close(dir);
			if (found)
				rc = violation(seed, "check", words[0] ? words : err.msg);
		}
	}
	if (rc == 0 && dice(8) == 0 && (rc = open_index(disk, &dir, &ix, &err)) == 0) {
		rc = model_compare(&m, ix, words);
		if (rc < 0)
			violation(seed, "second opening", words);
		close_index(dir, ix);
	}
	model_done(&m);
	return rc;
}

/* Power cuts inside recovery: the disk that is left after up to three of them. */
static struct sim *nested(struct sim *disk, struct tally *t)
{
	for (unsigned depth = dice(3) ? 0 : 1 + dice(3); depth; depth--) {
		struct rk_dir *dir;
		struct index *ix;
		sim_stop(disk, dice(30));
		if (open_index(disk, &dir, &ix, NULL) == 0)
			close_index(dir, ix);
		struct sim *next;
		uint64_t r = ((uint64_t)dice(UINT32_MAX) << 20) + 1;
		if (sim_crash(disk, &r, &next) < 0)
			return disk;
		sim_free(disk);
		disk = next;
		t->nested++;
	}
	return disk;
}

static int power_cuts(uint64_t seed, unsigned lie, unsigned states, struct tally *t)
{
	struct sim *s;
	struct rk_dir *dir;
	struct index *ix;
	struct model m;
	rng = seed * 0x9E3779B97F4A7C15u + 77;
	if (fresh(&s) < 0)
		return -1;
	sim_lie(s, lie);
	model_init(&m, seed);
	int rc = 0;
	/* Some lives that end well, or by SIGKILL, before the one that the power cut ends. */
	for (unsigned lives = dice(3); rc == 0 && lives; lives--) {
		rc = open_index(s, &dir, &ix, NULL);
		if (rc < 0)
			break;
		rc = history(&m, ix, dice(60), t);
		if (dice(2))
			sim_stop(s, 0);
		close_index(dir, ix);
		sim_stop(s, UINT64_MAX);
	}
	if (rc == 0)
		rc = open_index(s, &dir, &ix, NULL);
	if (rc < 0) {
		violation(seed, "a life without faults", strerror(-rc));
	} else {
		sim_stop(s, dice(400));
		history(&m, ix, 120, t);
		t->histories++;
		sim_stop(s, 0);
		close_index(dir, ix);
	}
	for (unsigned i = 0; i < states && rc == 0; i++) {
		struct sim *after;
		uint64_t r = seed * 1000003 + i * 7919 + 1;
		if (sim_crash(s, &r, &after) < 0)
			break;
		after = nested(after, t);
		rc = one_state(after, &m, seed, t);
		sim_free(after);
	}
	model_done(&m);
	sim_free(s);
	return rc;
}

/* The n-th operation of some kind fails, once or for ever; afterwards everything acknowledged is there. */
static int faults(uint64_t seed, struct tally *t)
{
	static const int errors[] = {EIO, ENOSPC, EMFILE, EIO, EDQUOT};
	static const unsigned kinds[] = {SIM_WRITE, SIM_SYNC, SIM_SYNC_DIR, SIM_NAME, SIM_CHANGES, SIM_ALL};
	struct sim *s;
	struct rk_dir *dir;
	struct index *ix;
	struct model m;
	struct rk_err err = {{0}};
	char words[512] = "";
	rng = seed * 0x9E3779B97F4A7C15u + 99;
	if (fresh(&s) < 0 || open_index(s, &dir, &ix, NULL) < 0)
		return -1;
	model_init(&m, seed);
	int error = errors[dice(5)];
	unsigned kind = kinds[dice(6)];
	bool for_ever = dice(2);
	sim_fail(s, kind, 1 + dice(200), for_ever ? UINT64_MAX : 1, error);
	int rc = 0;
	for (unsigned lives = 0; lives < 40 && rc == 0; lives++) {
		rc = history(&m, ix, 30, t);
		struct index_status st;
		index_get_status(ix, &st);
		if (rc < 0 && !strcmp(st.health, "ok") && model_compare(&m, ix, words) < 0) { /* it may go on: then the old versions are whole */
			violation(seed, "after a fault", words);
			rc = -1;
			break;
		}
		rc = 0;
		if (strcmp(st.health, "ok"))
			break;
	}
	sim_fail(s, 0, 0, 0, 0);
	close_index(dir, ix);
	t->faults++;
	if (rc == 0 && (rc = open_index(s, &dir, &ix, &err)) < 0)
		violation(seed, "open after a fault", err.msg);
	else if (rc == 0) {
		rc = model_compare(&m, ix, words);
		if (rc == 0 && (rc = history(&m, ix, 10, t)) < 0)
			snprintf(words, sizeof(words), "not writable again: %s", strerror(-rc));
		if (rc < 0)
			violation(seed, "after the fault ended", words);
		close_index(dir, ix);
	}
	model_done(&m);
	sim_free(s);
	return rc;
}

int main(int argc, char **argv)
{
	uint64_t states = 20000, seed = 1, nfaults = 300, begun = rk_mono_ns();
	unsigned lie = 0;
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* large zeroed tables come as untouched pages, every time */
	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t v = strtoull(argv[i + 1], NULL, 10);
		if (!strcmp(argv[i], "--states"))
			states = v;
		else if (!strcmp(argv[i], "--seed"))
			seed = v;
		else if (!strcmp(argv[i], "--faults"))
			nfaults = v;
		else if (!strcmp(argv[i], "--lie"))
			lie = !strcmp(argv[i + 1], "sync") ? SIM_IGNORE_SYNC : SIM_IGNORE_SYNC_DIR;
	}
	struct tally t = {0};
	int rc = 0;
	for (uint64_t n = seed; rc == 0 && t.states < states; n++)
		rc = power_cuts(n, lie, 40, &t);
	for (uint64_t n = seed; rc == 0 && !lie && n < seed + nfaults; n++)
		rc = faults(n, &t);
	printf("%llu states after power cuts (%llu inside recovery) of %llu histories, %llu acknowledged changes, %llu faults, %llu deep checks, %.1f s: %s\n",
	       (unsigned long long)t.states, (unsigned long long)t.nested, (unsigned long long)t.histories, (unsigned long long)t.acked,
	       (unsigned long long)t.faults, (unsigned long long)t.checks, (double)(rk_mono_ns() - begun) / 1e9, rc ? "VIOLATION" : "none lost");
	return rc ? 1 : 0;
}
