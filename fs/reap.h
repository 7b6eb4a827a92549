/* reap.h - keeps the number of nodes bounded: when the kernel holds too many names, the oldest are taken from it, and it forgets their nodes.
 *
 * A stream of distinct queries, or a listing of a million documents with their attributes, would otherwise fill memory until the kernel itself runs
 * short. An open file and what is read from it are not touched; a name that is used again is looked up again.
 * The notification waits for the folder's lock, which somebody may hold who waits for us: so it has a thread of its own, is sent without a lock of
 * ours, and only while requests are served. */
#ifndef FS_REAP_H
#define FS_REAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fs;
struct reap {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, asked, stopping;
	uint64_t next; /* the inode number to look at next */
	_Atomic uint64_t taken;
};

enum { REAP_LIMIT = 1 << 16 };

int reap_start(struct fs *);
void reap_stop(struct fs *); /* while requests are still served */
void reap_ask(struct fs *);  /* there are more than REAP_LIMIT nodes */

#endif
