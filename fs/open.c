/* open.c - the list of open files and folders; see open.h. A mount that ends while files are open (SIGTERM) closes them itself: what a writer left
 * uncommitted is kept and marked as interrupted, as when the writer had been killed. */
#include "fs/open.h"

#include <stdlib.h>

#include "fs/dirstream.h"

void handle_opened(struct fs *fs, struct handle *h)
{
	pthread_mutex_lock(&fs->open.lock);
	h->prev = NULL;
	h->next = fs->open.first;
	if (h->next)
		h->next->prev = h;
	fs->open.first = h;
	pthread_mutex_unlock(&fs->open.lock);
}

void handle_close(struct fs *fs, struct handle *h)
{
	pthread_mutex_lock(&fs->open.lock);
	if (h->prev)
		h->prev->next = h->next;
	else
		fs->open.first = h->next;
	if (h->next)
		h->next->prev = h->prev;
	pthread_mutex_unlock(&fs->open.lock);
	struct node *n = h->node;
	if (h->is_dir) {
		dirhandle_free((struct dirhandle *)h);
	} else {
		if (h->kind->release)
			h->kind->release(fs, h);
		free(h);
	}
	node_unpin(&fs->nodes, n);
}

void handles_close_all(struct fs *fs)
{
	fs->open.ending = true;
	while (fs->open.first)
		handle_close(fs, fs->open.first);
}
