/* dirs.c - counts, for every folder above a document of a memtable, how many live documents lie below it; under the writer lock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/index_private.h"

int dirs_count(struct pathtree *t, const char *id, size_t len, int by)
{
	for (size_t i = 1; i < len; i++) {
		if (id[i] != '/')
			continue;
		struct dirnode *d = (struct dirnode *)pt_find(t, id, i);
		if (!d) {
			if (by < 0)
				continue;
			d = calloc(1, sizeof(*d) + i + 1);
			if (!d)
				return -ENOMEM;
			memcpy(d->path, id, i);
			d->node.path = d->path;
			d->node.len = (uint32_t)i;
			pt_insert(t, &d->node);
		}
		d->count = (uint32_t)((int64_t)d->count + by);
		if (d->count == 0) {
			pt_remove(t, &d->node);
			free(d);
		}
	}
	return 0;
}

void dirs_done(struct pathtree *t)
{
	while (t->root) {
		struct dirnode *d = (struct dirnode *)t->root;
		pt_remove(t, &d->node);
		free(d);
	}
}
