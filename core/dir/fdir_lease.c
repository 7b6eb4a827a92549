/* fdir_lease.c - locks that die with their process. The lock file holds its holder's words and stays when the lock is dropped: removing it would let
 * two processes lock two files of one name. Leases need not survive a power cut, so nothing is synced. */
#include "core/dir/fdir_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct flease {
	struct rk_lease lease;
	int file;
};

static int make_folders(struct fdir *d, const char *folder)
{
	char up[NAME_BYTES_MAX];
	if (!*folder)
		return 0;
	name_folder(folder, up);
	int rc = make_folders(d, up);
	if (rc == 0)
		rc = d->fs->ops->mkdir(d->fs, folder);
	return rc == -EEXIST ? 0 : rc;
}

static int open_lock(struct fdir *d, const char *name, enum rk_lease_mode mode)
{
	char folder[NAME_BYTES_MAX];
	name_folder(name, folder);
	pthread_mutex_lock(&d->mu);
	int rc = d->fs->ops->open(d->fs, name, FSYS_LOCK);
	if (rc == -ENOENT) {
		rc = make_folders(d, folder);
		if (rc == 0)
			rc = d->fs->ops->open(d->fs, name, FSYS_LOCK);
	}
	pthread_mutex_unlock(&d->mu);
	if ((rc == -EROFS || rc == -EACCES) && mode == RK_LEASE_SHARED) /* a reader of what it may not write */
		rc = d->fs->ops->open(d->fs, name, FSYS_READ);
	return rc;
}

static void write_holder(struct fsys *fs, int file, const char *holder)
{
	/* Words only: a full disk must not keep anyone from the lock. */
	if (fs->ops->truncate(fs, file, 0) == 0)
		(void)fdir_pwrite_all(fs, file, holder, strlen(holder), 0);
}

static int refuse(struct fsys *fs, int file, const char *name, struct rk_err *err)
{
	char words[256];
	int64_t n = fdir_pread_all(fs, file, words, sizeof(words) - 1, 0);
	words[n > 0 ? n : 0] = '\0';
	return rk_fail(err, -EAGAIN, "%s is held by %s", name, n > 0 ? words : "another process");
}

int fdir_lease_take(struct rk_dir *dir, const char *name, enum rk_lease_mode mode, const char *holder, struct rk_lease **ret, struct rk_err *err)
{
	struct fdir *d = (struct fdir *)dir;
	if (!name_ok(name))
		return fdir_words(err, -EINVAL, "lock", name ? name : "");
	struct flease *l = calloc(1, sizeof(*l));
	if (!l)
		return fdir_words(err, -ENOMEM, "lock", name);
	int rc = l->file = open_lock(d, name, mode);
	if (rc >= 0) {
		rc = d->fs->ops->lock(d->fs, l->file, mode == RK_LEASE_EXCLUSIVE);
		if (rc == -EAGAIN)
			refuse(d->fs, l->file, name, err);
		if (rc < 0)
			d->fs->ops->close(d->fs, l->file);
	}
	if (rc == -ENOLCK)
		rk_fail(err, rc, "lock %s: this file system has no locks that are safe between machines", name);
	if (rc < 0) {
		free(l);
		return fdir_words(err, rc, "lock", name);
	}
	write_holder(d->fs, l->file, holder ? holder : "");
	l->lease.dir = dir;
	*ret = &l->lease;
	return 0;
}

void fdir_lease_drop(struct rk_lease *lease)
{
	struct flease *l = (struct flease *)lease;
	struct fsys *fs = ((struct fdir *)lease->dir)->fs;
	fs->ops->close(fs, l->file);
	free(l);
}
