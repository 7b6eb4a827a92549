/* notify.h - tells the kernel that names may mean something else now: exactly at a commit, in one write, from any thread.
 *
 * FUSE_NOTIFY_INC_EPOCH makes every dentry of the mount look up again; it takes no directory lock, so it may be sent from a handler before its reply:
 * whoever sees the reply finds the new content. It is sent only when an answer that a commit can outdate was given since the last one, so that a
 * loop of writes that nobody reads between costs nothing. A lookup marks first, then looks at the index; a commit publishes first, then asks for the
 * mark: one of the two sees the other. (A dentry whose request began before the epoch moved is born outdated: the kernel takes the epoch first.)
 * Kernels without it (before 6.17) get entries with no lifetime: exact too, at one LOOKUP per open.
 * Threads: any. notify_publish returns only when a notification that another thread is sending is out.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct notify {
	pthread_mutex_t lock;
	int fd; /* of the session; -1 before */
	unsigned seconds; /* that the kernel may keep an answer */
	_Atomic int supported; /* 0 not known yet, 1, -1 */
	_Atomic bool outdatable; /* the mark */
	_Atomic uint64_t sent;
};

void notify_init(struct notify *, unsigned seconds); /* 0: nothing is kept */
void notify_start(struct notify *, int fd);
void notify_stop(struct notify *);
/* Before the index is looked at for an answer that a commit can outdate. Returns how long the kernel may keep its name. */
double notify_mark(struct notify *);
void notify_publish(struct notify *);

#endif
