/* fdir_put.c - the storage protocol: immutable objects, and the one switch.
 *
 * A temporary <name>.<number>.tmp in the object's own folder, written, synced, renamed, folder synced (D1). Whatever is left over by a crash ends in
 * ".tmp" and is removed by recovery. Small writes are gathered, so that a writer of many fields costs few system calls.
 */
#include "core/dir/fdir_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"

enum { GATHER_BYTES = 256 << 10 };

struct fput {
	struct rk_put put;
	int file;
	uint64_t off; /* of the file; the gathered bytes come behind */
	struct rk_buf gathered;
	char name[NAME_BYTES_MAX], temp[TEMP_BYTES_MAX];
};

static struct fdir *dir_of(struct fput *p)
{
	return (struct fdir *)p->put.dir;
}

int fdir_create_temp(struct fdir *d, const char *name, char *ret_temp)
{
	char folder[NAME_BYTES_MAX];
	name_folder(name, folder);
	pthread_mutex_lock(&d->mu);
	int rc = fdir_settle(d, folder, true);
	if (rc == 0) {
		do { /* -EEXIST: left over by a crash */
			snprintf(ret_temp, TEMP_BYTES_MAX, "%s.%" PRIx64 ".tmp", name, d->ntemps++);
			rc = d->fs->ops->open(d->fs, ret_temp, FSYS_CREATE);
		} while (rc == -EEXIST);
	}
	pthread_mutex_unlock(&d->mu);
	return rc;
}

int fdir_publish(struct fdir *d, int file, const char *temp, const char *name, bool replace)
{
	struct fsys *fs = d->fs;
	char folder[NAME_BYTES_MAX];
	name_folder(name, folder);
	int rc = fs->ops->sync(fs, file, false);
	if (rc == 0)
		rc = fs->ops->rename(fs, temp, name, replace);
	if (rc < 0) {
		(void)fs->ops->unlink(fs, temp);
		return rc;
	}
	rc = fs->ops->sync_dir(fs, folder);
	if (rc < 0 && !replace)
		(void)fs->ops->unlink(fs, name);
	return rc < 0 ? -EIO : 0;
}

int fdir_put_begin(struct rk_dir *dir, const char *name, struct rk_put **ret, struct rk_err *err)
{
	if (!name_ok(name))
		return fdir_words(err, -EINVAL, "create", name ? name : "");
	struct fput *p = calloc(1, sizeof(*p));
	if (!p)
		return fdir_words(err, -ENOMEM, "create", name);
	p->put.dir = dir;
	strcpy(p->name, name);
	int rc = p->file = fdir_create_temp((struct fdir *)dir, name, p->temp);
	if (rc < 0) {
		free(p);
		return fdir_words(err, rc, "create", name);
	}
	*ret = &p->put;
	return 0;
}

static int flush(struct fput *p)
{
	int rc = fdir_pwrite_all(dir_of(p)->fs, p->file, p->gathered.data, p->gathered.len, p->off);
	if (rc == 0) {
		p->off += p->gathered.len;
		p->gathered.len = 0;
	}
	return rc;
}

int fdir_put_write(struct rk_put *put, const void *b, size_t n, struct rk_err *err)
{
	struct fput *p = (struct fput *)put;
	int rc = 0;
	if (p->gathered.len + n > GATHER_BYTES)
		rc = flush(p);
	if (rc == 0 && n >= GATHER_BYTES) {
		rc = fdir_pwrite_all(dir_of(p)->fs, p->file, b, n, p->off);
		p->off += rc == 0 ? n : 0;
	} else if (rc == 0) {
		if (!p->gathered.cap && n < GATHER_BYTES / 2)
			(void)rk_buf_reserve(&p->gathered, n < 4096 ? 4096 : GATHER_BYTES);
		rc = rk_buf_put(&p->gathered, b, n);
	}
	return rc < 0 ? fdir_words(err, rc, "write", p->name) : 0;
}

static void put_free(struct fput *p)
{
	if (p->file >= 0)
		dir_of(p)->fs->ops->close(dir_of(p)->fs, p->file);
	rk_buf_done(&p->gathered);
	free(p);
}

void fdir_put_abort(struct rk_put *put)
{
	struct fput *p = (struct fput *)put;
	struct fdir *d = dir_of(p);
	(void)d->fs->ops->unlink(d->fs, p->temp);
	put_free(p);
}

static int publish(struct fput *p, bool replace)
{
	struct fdir *d = dir_of(p);
	int rc = flush(p);
	if (rc < 0) {
		(void)d->fs->ops->unlink(d->fs, p->temp);
		return rc;
	}
	return fdir_publish(d, p->file, p->temp, p->name, replace);
}

int fdir_put_commit(struct rk_put *put, struct rk_err *err)
{
	struct fput *p = (struct fput *)put;
	int rc = publish(p, false);
	if (rc < 0)
		fdir_words(err, rc, "commit", p->name);
	put_free(p);
	return rc;
}

/* The generation of what is stored; 0: nothing is. */
static int generation(struct fdir *d, const char *name, uint64_t *ret)
{
	uint8_t head[8];
	int f = d->fs->ops->open(d->fs, name, FSYS_READ);
	if (f == -ENOENT) {
		*ret = 0;
		return 0;
	}
	if (f < 0)
		return f;
	int64_t n = fdir_pread_all(d->fs, f, head, sizeof(head), 0);
	d->fs->ops->close(d->fs, f);
	if (n < (int64_t)sizeof(head))
		return n < 0 ? (int)n : -EUCLEAN;
	*ret = rk_get64(head);
	return 0;
}

static int switch_to(struct fdir *d, const char *name, uint64_t old, const void *b, size_t n, struct rk_err *err)
{
	uint64_t now = 0;
	struct rk_put *put;
	int rc = generation(d, name, &now);
	if (rc < 0)
		return fdir_words(err, rc, "read", name);
	if (now != old)
		return rk_fail(err, -ESTALE, "%s: generation is %" PRIu64 ", not %" PRIu64, name, now, old);
	rc = fdir_put_begin(&d->dir, name, &put, err);
	if (rc < 0)
		return rc;
	rc = fdir_put_write(put, b, n, err);
	if (rc < 0) {
		fdir_put_abort(put);
		return rc;
	}
	rc = publish((struct fput *)put, old != 0);
	put_free((struct fput *)put);
	return rc < 0 ? fdir_words(err, rc == -EEXIST ? -ESTALE : rc, "replace", name) : 0;
}

int fdir_cas(struct rk_dir *dir, const char *name, uint64_t old, const void *b, size_t n, struct rk_err *err)
{
	struct fdir *d = (struct fdir *)dir;
	if (!name_ok(name) || n < 8)
		return fdir_words(err, -EINVAL, "replace", name ? name : "");
	if (rk_get64(b) == 0 || rk_get64(b) == old)
		return rk_fail(err, -EINVAL, "replace %s: the new generation must be another one, and not 0", name);
	pthread_mutex_lock(&d->cas_mu);
	int rc = switch_to(d, name, old, b, n, err);
	pthread_mutex_unlock(&d->cas_mu);
	return rc;
}
