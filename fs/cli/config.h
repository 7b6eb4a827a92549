/* config.h - every setting by one table: name, kind, unit, default, range. Files, environment and -o fill the same struct.
 *
 * Later wins: /etc/rankfs/rankfs.conf, $XDG_CONFIG_HOME/rankfs/config (else ~/.config), INDEX/config, RANKFS_KEY in the environment, -o
 * key=value. An unknown key or a bad value is -EINVAL with file and line and the nearest right key. Owner: the caller's struct, no heap.
 */
#ifndef FS_CLI_CONFIG_H
#define FS_CLI_CONFIG_H

#include <stdio.h>

#include "core/index/index.h"
#include "core/query/query.h"

struct mount_config {
	bool allow_other;      /* other users may enter (needs user_allow_other in /etc/fuse.conf unless root) */
	bool auto_unmount;     /* fusermount3 takes the mount down when the daemon dies */
	unsigned threads;      /* queries evaluated at the same time; 0: eight */
	uint64_t result_cache; /* bytes of rendered results kept */
	unsigned cache_s;      /* how long the kernel may keep names and attributes of unchanged content */
};

enum { CONFIG_MAX_KEYS = 40, CONFIG_ORIGIN = 120 };

struct config {
	struct index_options index;
	struct query_options query;
	struct query_limits limits;
	struct mount_config mount;
	char origin[CONFIG_MAX_KEYS][CONFIG_ORIGIN]; /* who set key i: "default", "FILE:LINE", "RANKFS_K", "-o" */
	char value[CONFIG_MAX_KEYS][48];             /* as it was written */
};

void config_init(struct config *); /* the defaults */
/* Files and environment. index may be NULL (no INDEX/config). */
int config_load(struct config *, const char *index, struct rk_err *);
int config_set(struct config *, const char *key, const char *value, const char *origin, struct rk_err *);
/* One -o word, "a=1,ro,b=2". Words that mount(8) adds from fstab (nofail, _netdev, x-..., nosuid, ...) are taken and mean nothing. */
int config_set_words(struct config *, const char *words, const char *origin, struct rk_err *);

/* The whole table as a sample file, every key commented out; or each key with its value and origin. */
void config_print_sample(FILE *);
void config_print(const struct config *, bool origins, FILE *);

#endif
