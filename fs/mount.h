/* mount.h - the mount as one call: open the index, mount it, go to the background, serve until it is unmounted or told to end. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "core/index/index.h"
#include "core/query/query.h"

struct mount_options {
	const char *index, *mountpoint; /* paths as typed */
	bool foreground, debug;
	bool allow_other, auto_unmount;
	unsigned threads;	/* evaluations at the same time; 0: eight */
	uint64_t result_cache;	/* bytes; 0: 64 MiB */
	unsigned cache_s;	/* how long the kernel may keep what does not change; 0: nothing is kept, as on a kernel without epochs */
	struct index_options open;
	struct query_options query; /* what a query without options means */
	struct query_limits limits;
};

enum { MOUNT_OK = 0, MOUNT_USAGE = 1, MOUNT_INDEX = 2, MOUNT_FAILED = 3 };

/* Returns an exit code. In the background case it returns twice: in the caller once the mount is ready (or failed), in the daemon when it ended.
 * `say` gets every error, before the background is reached; afterwards errors go to status/errors. */
int mount_run(const struct mount_options *, void (*say)(const char *fmt, ...));

#endif
