/* fdir_private.h - the storage protocol over a struct fsys: who holds what. fdir.c folders, reading, listing, removing, watching; fdir_put.c objects
 * and the switch; fdir_log.c logs; fdir_lease.c locks.
 *
 * Invariants (the simulator's tests break each):
 *  D1 an object's bytes are synced before it gets its name, and its folder after; only then commit and cas return 0.
 *  D2 a log gets its name when its header and size are synced, and log_create returns when the name is; its bytes are durable when log_sync returns.
 *  D3 before anything in a folder is changed for the first time, the folder and those above it are synced: what an earlier process renamed or made,
 *     and we have read, cannot come undone after we acted on it.
 *  D4 a folder is removed and files are created in folders only under mu.
 */
#ifndef CORE_DIR_FDIR_PRIVATE_H
#define CORE_DIR_FDIR_PRIVATE_H

#include <pthread.h>

#include "core/dir/directory.h"
#include "core/dir/fsys_private.h"
#include "core/dir/names_private.h"

enum { TEMP_BYTES_MAX = NAME_BYTES_MAX + 32 };

struct fdir {
	struct rk_dir dir;
	struct fsys *fs;
	pthread_mutex_t mu;	/* settled, the making and removing of names */
	pthread_mutex_t cas_mu; /* one switch at a time */
	char **settled;		/* folders that are known to be durable (D3) */
	size_t nsettled;
	uint64_t ntemps;
	pthread_mutex_t seen_mu;
	struct seen seen;
};

/* Owns fs from the call on, also when it fails. */
int fdir_new(struct fsys *fs, struct rk_dir **ret, struct rk_err *err);

int fdir_words(struct rk_err *err, int rc, const char *verb, const char *name); /* "verb name: why"; returns rc */
int fdir_settle(struct fdir *d, const char *folder, bool make);			/* D3; holds mu */
int fdir_open(struct fdir *d, const char *name, enum fsys_how how, struct rk_err *err);
/* A new file of its own, <name>.<number>.tmp beside where it will be; ret_temp has TEMP_BYTES_MAX. Returns the file. */
int fdir_create_temp(struct fdir *d, const char *name, char *ret_temp);
/* D1: a synced temporary gets its name. -EIO: nobody knows whether the name is there; after any other error it is not, and the temporary is gone. */
int fdir_publish(struct fdir *d, int file, const char *temp, const char *name, bool replace);
int fdir_pwrite_all(struct fsys *fs, int file, const void *p, size_t n, uint64_t off);
int64_t fdir_pread_all(struct fsys *fs, int file, void *p, size_t n, uint64_t off); /* less than n only at the end */

/* fdir_put.c */
int fdir_put_begin(struct rk_dir *, const char *name, struct rk_put **ret, struct rk_err *);
int fdir_put_write(struct rk_put *, const void *p, size_t n, struct rk_err *);
int fdir_put_commit(struct rk_put *, struct rk_err *);
void fdir_put_abort(struct rk_put *);
int fdir_cas(struct rk_dir *, const char *name, uint64_t old, const void *p, size_t n, struct rk_err *);

/* fdir_log.c */
int fdir_log_create(struct rk_dir *, const char *name, uint64_t prealloc, const void *head, size_t n, bool over, struct rk_log **ret,
		    struct rk_err *);
int fdir_log_append(struct rk_log *, const void *p, size_t n, struct rk_err *);
int fdir_log_sync(struct rk_log *, struct rk_err *);
int fdir_log_seal(struct rk_log *, struct rk_err *);
void fdir_log_close(struct rk_log *);

/* fdir_lease.c */
int fdir_lease_take(struct rk_dir *, const char *name, enum rk_lease_mode, const char *holder, struct rk_lease **ret, struct rk_err *);
void fdir_lease_drop(struct rk_lease *);

#endif
