/* cmd_mount.c - rankfs mount: settings and words to one call of fs/mount.h. Exit codes of its own: 1 usage, 2 index, 3 mount; 0 when it is ready. */
#include <stddef.h>
#include <stdio.h>

#include "fs/cli/cmd.h"
#include "fs/cli/config.h"
#include "fs/mount.h"

struct mount_args {
	bool foreground, debug;
	struct opt_list o;
};

static const struct opt opts[] = {
	{'f', "foreground", NULL, "stay in the foreground", OPT_FLAG, offsetof(struct mount_args, foreground)},
	{'d', "debug", NULL, "show every request on stderr; implies -f", OPT_FLAG, offsetof(struct mount_args, debug)},
	{'o', "option", "KEY=VALUE,...", "settings of rankfs.conf, for this mount; words of fstab are taken too", OPT_LIST, offsetof(struct mount_args, o)},
	{0},
};

static int load(struct config *config, const char *index, const struct opt_list *o, struct rk_err *err)
{
	config_init(config);
	int rc = config_load(config, index, err);
	for (unsigned i = 0; i < o->n && rc == 0; i++)
		rc = config_set_words(config, o->v[i], "-o", err);
	return rc;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct mount_args a = {0};
	struct config config;
	struct rk_err err = {{0}};
	int n, rc = options_parse(c, argc, argv, &a, &n);
	if (rc > 0)
		return MOUNT_OK;
	if (rc < 0 || options_count(c, n, 2, 2) < 0)
		return MOUNT_USAGE;
	if (load(&config, argv[1], &a.o, &err) < 0) {
		say("mount: %s", err.msg);
		return MOUNT_USAGE;
	}
	const struct mount_options m = {
		.index = argv[1],
		.mountpoint = argv[2],
		.foreground = a.foreground || a.debug,
		.debug = a.debug,
		.allow_other = config.mount.allow_other,
		.auto_unmount = config.mount.auto_unmount,
		.threads = config.mount.threads,
		.result_cache = config.mount.result_cache,
		.cache_s = config.mount.cache_s,
		.open = config.index,
		.query = config.query,
		.limits = config.limits,
	};
	return mount_run(&m, say);
}

static const char more[] = "Returns when MNT is ready; every trouble until then is said here. Exit codes: 0 mounted (with -f: ended cleanly), 1 usage, 2 index, 3 mount.\n"
			   "rankfs umount MNT ends it.";

const struct command cmd_mount = {"mount", "[-f] [-d] [-o KEY=VALUE,...] INDEX MNT", "mount an index as a folder", more, opts, 0, run};
