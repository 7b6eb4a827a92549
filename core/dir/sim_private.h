/* sim_private.h - the simulated disk's state. Owner: struct sim; everything under its mutex. sim_disk.c runs operations on it, sim_crash.c loses them. */
#ifndef CORE_DIR_SIM_PRIVATE_H
#define CORE_DIR_SIM_PRIVATE_H

#include <pthread.h>

#include "core/base/buf.h"
#include "core/dir/dir_sim.h"
#include "core/dir/fsys_private.h"
#include "core/dir/names_private.h"

enum { SECTOR_BYTES = 512, SIM_PATH_MAX = NAME_BYTES_MAX + 40 };

/* One unsynced change of a file's content or size. */
struct change {
	bool resize;   /* to off, else len bytes at off */
	bool lost;     /* a sync of it failed: no sync writes it any more */
	uint64_t off, len;
	uint64_t size; /* of the file after it */
	uint8_t *data;
};

struct inode {
	struct rk_buf durable, visible; /* len is the size */
	struct change *v;
	size_t n, cap;
	unsigned handles;
	bool used;
};

enum { FOLDER = -1 };

/* path -> inode number, or FOLDER */
struct name {
	char *path;
	int ino;
};
struct names {
	struct name *v;
	size_t n, cap;
};

enum name_kind { NAME_ADD, NAME_REMOVE, NAME_RENAME };
struct name_op {
	enum name_kind kind;
	char *path, *to; /* to: NAME_RENAME only */
	int ino;
};

struct handle {
	int ino;
	int lock; /* 0 none, 1 shared, 2 exclusive */
	bool used;
};

struct sim {
	pthread_mutex_t mu;
	struct inode *inodes;
	size_t ninodes;
	struct names visible, durable;
	struct name_op *ops; /* unsynced */
	size_t nops, ops_cap;
	struct handle *handles;
	size_t nhandles;

	unsigned lies, fail_kinds;
	uint64_t count, left, fail_seen, fail_nth, fail_times, capacity;
	int fail_error;
	bool dead; /* stopped: nothing has an effect any more */
};

int names_find(const struct names *n, const char *path); /* the index, or -1 */
int names_set(struct names *n, const char *path, int ino);
void names_unset(struct names *n, const char *path);
void names_free(struct names *n);

int bytes_resize(struct rk_buf *b, uint64_t size); /* zeros behind what was there */
int bytes_write(struct rk_buf *b, const uint8_t *p, uint64_t n, uint64_t off);
int apply_name(struct names *n, const struct name_op *op);
void change_free(struct inode *f, size_t i);
void name_op_free(struct sim *s, size_t i);

#endif
