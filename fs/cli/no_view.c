/* no_view.c - stands in for core/query/view.h until the decoded views are there: nothing to see. To be removed with their arrival. */
#include <errno.h>

#include "core/query/view.h"

int view_open(struct index *ix, struct snapshot *snap, const char *path, struct view **ret, struct rk_err *err)
{
	(void)ix, (void)snap, (void)path, (void)ret, (void)err;
	return -ENOENT;
}

uint64_t view_size(const struct view *v)
{
	(void)v;
	return 0;
}

int64_t view_read(struct view *v, uint64_t off, void *p, size_t n)
{
	(void)v, (void)off, (void)p, (void)n;
	return 0;
}

void view_close(struct view *v)
{
	(void)v;
}

int view_is_dir(struct index *ix, struct snapshot *snap, const char *path)
{
	(void)ix, (void)snap, (void)path;
	return -ENOENT;
}

int view_list(struct index *ix, struct snapshot *snap, const char *path, const char *after, int (*fn)(void *, const char *, bool), void *arg)
{
	(void)ix, (void)snap, (void)path, (void)after, (void)fn, (void)arg;
	return -ENOENT;
}
