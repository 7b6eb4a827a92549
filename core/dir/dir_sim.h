/* dir_sim.h - the strict crash simulator: a disk in memory on which nothing lasts until the right sync, under the very protocol that runs on real files.
 *
 * What is volatile: written bytes and sizes until the file is synced; created, renamed and removed names until their folder is. sim_crash makes one of
 * the disks that a power cut may leave: of each unsynced write any 512-byte sector old, new or zero (bytes of a sector that the write did not cover
 * stay: powersafe overwrite is assumed), any size the file had since, any subset of the unsynced names. After a file sync that failed its bytes count
 * as clean: no later sync writes them, only writing them again and syncing does (as Linux does it).
 *
 * A process is one sim_open; kill it with sim_stop, close its dir, sim_stop(UINT64_MAX), sim_open: the cache stays, as after SIGKILL. Tests only.
 *
 *	for (uint64_t n = 0; !done; n++) {              // a crash after every operation
 *		sim_new(&s); sim_stop(s, n); sim_open(s, &dir, NULL);
 *		done = workload(dir, &acknowledged) == 0; dir->ops->close(dir);
 *		for (seed...) { sim_crash(s, &seed, &after); sim_open(after, &dir, NULL); check(dir, &acknowledged); ... sim_free(after); }
 *		sim_free(s);
 *	}
 */
#ifndef CORE_DIR_DIR_SIM_H
#define CORE_DIR_DIR_SIM_H

#include "core/dir/directory.h"

struct sim;

enum sim_kind {
	SIM_READ = 1,	   /* open for reading, pread, map, size, list */
	SIM_WRITE = 2,	   /* pwrite (a failing one leaves its first half), preallocation, truncation */
	SIM_SYNC = 4,	   /* of a file */
	SIM_SYNC_DIR = 8,
	SIM_NAME = 16,	   /* create, rename, unlink, mkdir, rmdir */
	SIM_CHANGES = 30,  /* all but reads */
	SIM_ALL = 31,
};

/* Negative controls: a disk that lies. The checker of a test must find it out. */
enum sim_lie { SIM_IGNORE_SYNC = 1, SIM_IGNORE_SYNC_DIR = 2 };

int sim_new(struct sim **ret);
void sim_free(struct sim *); /* after every dir over it is closed */
int sim_open(struct sim *, struct rk_dir **ret, struct rk_err *err);
void sim_lie(struct sim *, unsigned lies);

uint64_t sim_ops(const struct sim *); /* changing operations so far */
void sim_stop(struct sim *, uint64_t n); /* n more changing operations work; from then on every operation is -EIO and does nothing */
/* The nth operation from now on (from 1) of these kinds, and those after it up to `times` (UINT64_MAX: for ever), fail with error (positive). times 0: off. */
void sim_fail(struct sim *, unsigned kinds, uint64_t nth, uint64_t times, int error);
void sim_capacity(struct sim *, uint64_t bytes); /* total size of all files; beyond it -ENOSPC, after a short write */

/* The disk after a power cut, everything on it durable, no faults, same lies. s stays as it is. rng: the seed, moved on. */
int sim_crash(struct sim *s, uint64_t *rng, struct sim **ret);

#endif
