/* directory.c - conveniences over the vtable; see directory.h. */
#include "core/dir/directory.h"

#include <errno.h>

int dir_put_new(struct rk_dir *d, const char *name, const void *p, size_t n, struct rk_err *err)
{
	struct rk_put *put;
	int rc = d->ops->put_begin(d, name, &put, err);
	if (rc < 0)
		return rc;
	rc = d->ops->put_write(put, p, n, err);
	if (rc < 0) {
		d->ops->put_abort(put);
		return rc;
	}
	return d->ops->put_commit(put, err);
}

int dir_read_all(struct rk_dir *d, const char *name, size_t limit, struct rk_buf *ret, struct rk_err *err)
{
	int64_t size = d->ops->size(d, name, err);
	if (size < 0)
		return (int)size;
	if ((uint64_t)size > limit)
		return rk_fail(err, -EFBIG, "%s: %lld bytes, at most %zu expected", name, (long long)size, limit);
	struct rk_buf b = {0};
	if (rk_buf_reserve(&b, (size_t)size + 1) < 0)
		return rk_fail(err, -ENOMEM, "%s: out of memory", name);
	int64_t n = d->ops->read(d, name, 0, b.data, (size_t)size, err);
	if (n < 0) {
		rk_buf_done(&b);
		return (int)n;
	}
	b.len = (size_t)n;
	rk_buf_done(ret);
	*ret = b;
	return 0;
}
