/* loop.c - leader and followers over one FUSE session; see loop.h.
 *
 * States of a worker: idle (on the stack, sleeping on its semaphore), leading (the one that reads), busy (stepped aside, finishing its request).
 * Invariants: L1 at most one worker leads; L2 nobody leads only while the session ends. The lock guards stack, counts and flags, never a request. */
#include "fs/loop.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct worker {
	struct loop *loop;
	pthread_t thread;
	sem_t wake;
	bool leads;	      /* its own, and the giver's while it is idle */
	struct worker *below; /* idle stack */
	struct fuse_buf buf;
};

struct loop {
	struct fuse_session *se;
	pthread_mutex_t lock;
	struct worker *idle;
	struct worker **workers;
	unsigned nworkers, max;
	bool ending;
	_Atomic(struct worker *) leader;
	pthread_t owner;
	int gone_signal;
};

static _Thread_local struct worker *me;

int loop_new(struct fuse_session *se, unsigned max_threads, struct loop **ret, struct rk_err *err)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct worker **workers = calloc(max_threads, sizeof(*workers));
	if (!l || !workers) {
		free(l);
		free(workers);
		return rk_fail(err, -ENOMEM, "out of memory");
	}
	l->se = se;
	l->max = max_threads;
	l->workers = workers;
	pthread_mutex_init(&l->lock, NULL);
	*ret = l;
	return 0;
}

/* The session is over: nobody reads any more, the idle ones go home. */
static void end(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	bool first = !l->ending;
	l->ending = true;
	atomic_store(&l->leader, NULL);
	for (struct worker *w = l->idle; w; w = w->below)
		sem_post(&w->wake);
	l->idle = NULL;
	pthread_mutex_unlock(&l->lock);
	if (first)
		pthread_kill(l->owner, l->gone_signal);
}

static void lead(struct loop *l, struct worker *w)
{
	while (w->leads) {
		int n = fuse_session_receive_buf(l->se, &w->buf);
		if (n > 0)
			fuse_session_process_buf(l->se, &w->buf);
		if (w->leads && (fuse_session_exited(l->se) || (n <= 0 && n != -EINTR && n != -EAGAIN))) {
			w->leads = false;
			end(l);
		}
	}
}

/* True: there is a request to read for us. False: the session is over. */
static bool wait_for_role(struct loop *l, struct worker *w)
{
	pthread_mutex_lock(&l->lock);
	if (l->ending) {
		pthread_mutex_unlock(&l->lock);
		return false;
	}
	w->below = l->idle;
	l->idle = w;
	pthread_mutex_unlock(&l->lock);
	while (sem_wait(&w->wake) < 0 && errno == EINTR)
		;
	return w->leads;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	me = w;
	do {
		lead(w->loop, w);
	} while (wait_for_role(w->loop, w));
	return NULL;
}

/* With the lock: one more worker, which leads from its first moment. NULL: cannot be had. */
static struct worker *hire(struct loop *l)
{
	if (l->nworkers == l->max)
		return NULL;
	struct worker *w = calloc(1, sizeof(*w));
	pthread_attr_t attr;
	if (!w)
		return NULL;
	w->loop = l;
	w->leads = true;
	sem_init(&w->wake, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 20);
	int rc = pthread_create(&w->thread, &attr, work, w);
	pthread_attr_destroy(&attr);
	if (rc) {
		sem_destroy(&w->wake);
		free(w);
		return NULL;
	}
	l->workers[l->nworkers++] = w;
	return w;
}

void loop_step_aside(void)
{
	struct worker *w = me;
	if (!w || !w->leads)
		return;
	struct loop *l = w->loop;
	pthread_mutex_lock(&l->lock);
	struct worker *next = l->idle;
	bool sleeping = next != NULL;
	if (sleeping)
		l->idle = next->below;
	else
		next = hire(l);
	if (sleeping)
		next->leads = true; /* a hired one was born so */
	if (next) {
		w->leads = false;
		atomic_store(&l->leader, next);
	}
	pthread_mutex_unlock(&l->lock);
	if (sleeping)
		sem_post(&next->wake);
}

int loop_start(struct loop *l, int gone_signal, struct rk_err *err)
{
	l->owner = pthread_self();
	l->gone_signal = gone_signal;
	pthread_mutex_lock(&l->lock);
	struct worker *w = hire(l);
	atomic_store(&l->leader, w);
	pthread_mutex_unlock(&l->lock);
	return w ? 0 : rk_fail(err, -EAGAIN, "cannot start a thread");
}

static void on_wake(int sig)
{
	(void)sig;
}

/* The reader sleeps in read(2): a signal makes it look at the flag. It may have looked just before, so it is asked again until it is gone. */
void loop_stop(struct loop *l)
{
	struct sigaction sa = {.sa_handler = on_wake};
	sigaction(SIGUSR2, &sa, NULL);
	fuse_session_exit(l->se);
	for (;;) {
		struct worker *w = atomic_load(&l->leader);
		if (!w)
			break;
		pthread_kill(w->thread, SIGUSR2);
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	for (unsigned i = 0; i < l->nworkers; i++)
		pthread_join(l->workers[i]->thread, NULL);
}

void loop_free(struct loop *l)
{
	for (unsigned i = 0; l && i < l->nworkers; i++) {
		sem_destroy(&l->workers[i]->wake);
		free(l->workers[i]->buf.mem);
		free(l->workers[i]);
	}
	if (l) {
		pthread_mutex_destroy(&l->lock);
		free(l->workers);
	}
	free(l);
}
