/* fdir_log.c - the storage protocol: logs that grow in place, preallocated so that a sync writes data and no journal (D2). */
#include "core/dir/fdir_private.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct flog {
	struct rk_log log;
	int file;
	atomic_bool failed; /* a sync failed: no later one may say the bytes are safe */
	bool sealed;
	char name[NAME_BYTES_MAX];
};

static struct fsys *fs_of(struct flog *l)
{
	return ((struct fdir *)l->log.dir)->fs;
}

static int create(struct fdir *d, struct flog *l, uint64_t prealloc, const void *head, size_t n, bool over)
{
	char temp[TEMP_BYTES_MAX];
	int rc = l->file = fdir_create_temp(d, l->name, temp);
	if (rc < 0)
		return rc;
	rc = prealloc ? d->fs->ops->allocate(d->fs, l->file, prealloc) : 0;
	if (rc == 0)
		rc = fdir_pwrite_all(d->fs, l->file, head, n, 0);
	if (rc < 0)
		(void)d->fs->ops->unlink(d->fs, temp);
	else
		rc = fdir_publish(d, l->file, temp, l->name, over);
	if (rc < 0)
		d->fs->ops->close(d->fs, l->file);
	return rc;
}

int fdir_log_create(struct rk_dir *dir, const char *name, uint64_t prealloc, const void *head, size_t n, bool over, struct rk_log **ret,
		    struct rk_err *err)
{
	if (!name_ok(name) || prealloc > INT64_MAX)
		return fdir_words(err, -EINVAL, "create", name ? name : "");
	struct flog *l = calloc(1, sizeof(*l));
	if (!l)
		return fdir_words(err, -ENOMEM, "create", name);
	l->log.dir = dir;
	l->log.end = n;
	strcpy(l->name, name);
	int rc = create((struct fdir *)dir, l, prealloc, head, n, over);
	if (rc < 0) {
		free(l);
		return fdir_words(err, rc, "create", name);
	}
	*ret = &l->log;
	return 0;
}

int fdir_log_append(struct rk_log *log, const void *p, size_t n, struct rk_err *err)
{
	struct flog *l = (struct flog *)log;
	if (l->sealed)
		return rk_fail(err, -EROFS, "append to %s: it is sealed", l->name);
	int rc = fdir_pwrite_all(fs_of(l), l->file, p, n, log->end);
	if (rc < 0)
		return fdir_words(err, rc, "append to", l->name);
	log->end += n;
	return 0;
}

int fdir_log_sync(struct rk_log *log, struct rk_err *err)
{
	struct flog *l = (struct flog *)log;
	int rc = atomic_load(&l->failed) ? -EIO : fs_of(l)->ops->sync(fs_of(l), l->file, true);
	if (rc < 0) {
		atomic_store(&l->failed, true);
		return fdir_words(err, rc, "sync", l->name);
	}
	return 0;
}

/* Gives back what the preallocation did not need. That size needs no sync: what is cut off is zero. */
int fdir_log_seal(struct rk_log *log, struct rk_err *err)
{
	struct flog *l = (struct flog *)log;
	l->sealed = true;
	int rc = fs_of(l)->ops->truncate(fs_of(l), l->file, log->end);
	return rc < 0 ? fdir_words(err, rc, "seal", l->name) : 0;
}

void fdir_log_close(struct rk_log *log)
{
	struct flog *l = (struct flog *)log;
	fs_of(l)->ops->close(fs_of(l), l->file);
	free(l);
}
