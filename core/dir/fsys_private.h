/* fsys_private.h - the few file operations the storage protocol is made of, so that one protocol (fdir*.c) runs over system calls (dir_fs.c) and over
 * the simulated disk of the crash tests (sim_disk.c): what the simulator tests is what runs.
 *
 * Paths are relative, checked by the protocol; "" is the root folder. A file is a small number >= 0. Everything returns -errno; EINTR is handled below,
 * short counts above. Threads: any number, except that one file is closed by one.
 */
#ifndef CORE_DIR_FSYS_PRIVATE_H
#define CORE_DIR_FSYS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fsys_how {
	FSYS_READ,
	FSYS_CREATE,	  /* a new one, for reading and writing; -EEXIST */
	FSYS_LOCK,	  /* for reading and writing, made when missing */
};

typedef int fsys_each(void *arg, const char *name, bool folder, uint64_t size);

struct fsys;
struct fsys_ops {
	int (*open)(struct fsys *, const char *path, enum fsys_how how);
	void (*close)(struct fsys *, int file);
	int64_t (*pread)(struct fsys *, int file, void *p, size_t n, uint64_t off);
	int64_t (*pwrite)(struct fsys *, int file, const void *p, size_t n, uint64_t off);
	int64_t (*size)(struct fsys *, int file);
	int (*allocate)(struct fsys *, int file, uint64_t size); /* of a new file: size set, space taken, reads as zero */
	int (*truncate)(struct fsys *, int file, uint64_t size);
	int (*sync)(struct fsys *, int file, bool data_only);
	int (*map)(struct fsys *, int file, size_t len, const uint8_t **ret); /* len > 0; outlives close */
	void (*unmap)(struct fsys *, const uint8_t *p, size_t len);
	int (*lock)(struct fsys *, int file, bool exclusive); /* until close; -EAGAIN; -ENOLCK: no trustworthy locks here */

	int (*rename)(struct fsys *, const char *from, const char *to, bool replace); /* inside one folder; -EEXIST unless replace */
	int (*unlink)(struct fsys *, const char *path);
	int (*mkdir)(struct fsys *, const char *path);
	int (*rmdir)(struct fsys *, const char *path);
	int (*sync_dir)(struct fsys *, const char *path);
	int (*list)(struct fsys *, const char *path, fsys_each *fn, void *arg); /* regular files and folders only, any order */

	/* Asks changed() at once and whenever the folder may have changed, until it says yes (1) or the time is over (0). */
	int (*wait)(struct fsys *, const char *path, int timeout_ms, bool (*changed)(void *arg), void *arg);
	int (*space)(struct fsys *, uint64_t *ret_free, uint64_t *ret_total);
	void (*free)(struct fsys *);
};

struct fsys {
	const struct fsys_ops *ops;
};

#endif
