/* reap.c - goes over inode numbers from the oldest on, and takes the names of files away; see reap.h. */
#include "fs/reap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fs/fs.h"

enum { PAUSE_NS = 20000000 }; /* between passes, so that a mount full of open files is not walked all the time */

/* Takes the name of the file with this number; true when the kernel was asked to forget it. */
static bool take_name(struct fs *fs, uint64_t ino)
{
	struct node *n = node_get(&fs->nodes, ino);
	char *name = NULL;
	uint64_t parent = 0;
	if (n && S_ISREG(n->kind->mode)) {
		pthread_mutex_lock(&fs->nodes.lock);
		if (n->nlookup && n->parent && n->parent->parent) {
			name = strdup(n->name);
			parent = n->parent->ino;
		}
		pthread_mutex_unlock(&fs->nodes.lock);
	}
	node_unpin(&fs->nodes, n);
	if (!name)
		return false;
	int rc = fuse_lowlevel_notify_inval_entry(fs->se, parent, name, strlen(name));
	free(name);
	return rc == 0;
}

static bool stopping(struct reap *r)
{
	pthread_mutex_lock(&r->lock);
	bool ret = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return ret;
}

/* One walk, to the newest number at most. Open files stay, so that it may not get below the limit. */
static void pass(struct fs *fs)
{
	struct reap *r = &fs->reap;
	pthread_mutex_lock(&fs->nodes.lock);
	uint64_t end = fs->nodes.next_ino;
	pthread_mutex_unlock(&fs->nodes.lock);
	size_t goal = REAP_LIMIT / 4 * 3;
	while (nodes_count(&fs->nodes) > goal && r->next < end && !stopping(r)) {
		if (take_name(fs, r->next++))
			atomic_fetch_add_explicit(&r->taken, 1, memory_order_relaxed);
	}
	if (r->next >= end)
		r->next = 1;
}

static void *reap(void *arg)
{
	struct fs *fs = arg;
	struct reap *r = &fs->reap;
	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		if (!r->asked) {
			pthread_cond_wait(&r->wake, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		pass(fs);
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		pthread_mutex_lock(&r->lock);
		r->asked = false;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int reap_start(struct fs *fs)
{
	struct reap *r = &fs->reap;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	r->next = 1;
	int rc = pthread_create(&r->thread, NULL, reap, fs);
	r->started = rc == 0;
	return -rc;
}

void reap_ask(struct fs *fs)
{
	struct reap *r = &fs->reap;
	pthread_mutex_lock(&r->lock);
	if (!r->asked)
		pthread_cond_signal(&r->wake);
	r->asked = true;
	pthread_mutex_unlock(&r->lock);
}

void reap_stop(struct fs *fs)
{
	struct reap *r = &fs->reap;
	if (!r->started)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->started = false;
}
