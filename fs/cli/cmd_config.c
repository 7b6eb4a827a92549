/* cmd_config.c - rankfs config: the settings that count, and who set each; or a sample file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/cli/cmd.h"
#include "fs/cli/config.h"

struct config_args {
	bool origin, sample;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "show-origin", NULL, "who set each: default, FILE:LINE, the environment, -o", OPT_FLAG, offsetof(struct config_args, origin)},
	{0, "sample", NULL, "a sample rankfs.conf with every key", OPT_FLAG, offsetof(struct config_args, sample)},
	{'o', "option", "KEY=VALUE", "a setting, for this run", OPT_LIST, offsetof(struct config_args, o)},
	{0},
};

static int run(const struct command *c, int argc, char **argv)
{
	struct config_args a = {0};
	struct config config;
	struct rk_err err = {{0}};
	int n, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 0, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (a.sample) {
		config_print_sample(stdout);
		return EXIT_OK;
	}
	config_init(&config);
	rc = config_load(&config, n ? argv[1] : NULL, &err);
	for (unsigned i = 0; i < a.o.n && rc == 0; i++)
		rc = config_set_words(&config, a.o.v[i], "-o", &err);
	if (rc < 0) {
		say("config: %s", err.msg[0] ? err.msg : strerror(-rc));
		return EXIT_TROUBLE;
	}
	config_print(&config, a.origin, stdout);
	return EXIT_OK;
}

const struct command cmd_config = {"config", "[--show-origin|--sample] [INDEX]", "the settings and where they come from", NULL, opts, 0,
				   run};
