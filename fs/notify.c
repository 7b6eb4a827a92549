/* notify.c - the epoch notification, written raw: libfuse has a call for it only since 3.18; see notify.h. */
#include "fs/notify.h"

#include <errno.h>
#include <unistd.h>


enum { NOTIFY_INC_EPOCH = 8 }; /* FUSE_NOTIFY_INC_EPOCH of the protocol */

void notify_init(struct notify *n, unsigned seconds)
{
	n->seconds = seconds;
	pthread_mutex_init(&n->lock, NULL);
	n->fd = -1;
	atomic_init(&n->supported, seconds ? 0 : -1);
	atomic_init(&n->outdatable, false);
	atomic_init(&n->sent, 0);
}

void notify_start(struct notify *n, int fd)
{
	pthread_mutex_lock(&n->lock);
	n->fd = fd;
	pthread_mutex_unlock(&n->lock);
}

void notify_stop(struct notify *n)
{
	notify_start(n, -1);
}

/* With the lock. A notification is a reply header with the code where an error would stand, and no request. */
static void send_epoch(struct notify *n)
{
	struct {
		uint32_t len;
		int32_t error;
		uint64_t unique;
	} out = {.len = sizeof(out), .error = NOTIFY_INC_EPOCH};
	if (n->fd < 0)
		return;
	ssize_t rc = write(n->fd, &out, sizeof(out));
	if (rc == (ssize_t)sizeof(out)) {
		atomic_store(&n->supported, 1);
		atomic_fetch_add_explicit(&n->sent, 1, memory_order_relaxed);
	} else if (atomic_load(&n->supported) == 0 && errno == EINVAL) {
		atomic_store(&n->supported, -1);
	}
}

double notify_mark(struct notify *n)
{
	if (atomic_load(&n->supported) == 0) { /* the first answer asks the kernel */
		pthread_mutex_lock(&n->lock);
		if (atomic_load(&n->supported) == 0)
			send_epoch(n);
		pthread_mutex_unlock(&n->lock);
	}
	if (atomic_load(&n->supported) != 1)
		return 0;
	atomic_store(&n->outdatable, true);
	return n->seconds;
}

void notify_publish(struct notify *n)
{
	pthread_mutex_lock(&n->lock);
	if (atomic_load(&n->supported) == 1 && atomic_exchange(&n->outdatable, false))
		send_epoch(n);
	pthread_mutex_unlock(&n->lock);
}
