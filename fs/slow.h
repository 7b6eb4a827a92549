/* slow.h - evaluations at the same time are bounded: a job runs on the thread that brought it when a slot is free, else it waits in a row.
 *
 * So a quick query is never handed over, and any number of slow ones take a bounded number of threads and memory. Threads: any.
 */
#ifndef FS_SLOW_H
#define FS_SLOW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct slow_job {
	void (*run)(struct slow_job *);
	_Atomic bool cancel; /* set by an interrupt, or when the mount ends; run() frees nothing before it replied */
	void (*done)(struct slow_job *);
	struct slow_job *next, *prev; /* private */
};

struct slow {
	pthread_mutex_t lock;
	unsigned running, slots;
	struct slow_job *first, *last; /* waiting */
	struct slow_job *active;
	bool stopping;
};

void slow_init(struct slow *, unsigned slots);
void slow_done(struct slow *);
/* Runs the job now, and then those that wait; or puts it behind them. run, then done, are called once, without the lock. */
void slow_run(struct slow *, struct slow_job *);
void slow_stop(struct slow *); /* cancels what runs and waits, and what comes */

#endif
