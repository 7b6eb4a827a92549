/* cmd_merge.c - rankfs merge: fewer, larger segments; what `echo merge > MNT/control` does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/cli/session.h"

struct merge_args {
	const char *max;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "max-segments", "N", "stop at N segments (1)", OPT_VALUE, offsetof(struct merge_args, max)},
	SESSION_OPT(offsetof(struct merge_args, o)),
	{0},
};

static int run(const struct command *c, int argc, char **argv)
{
	struct merge_args a = {0};
	struct session s;
	struct rk_err err = {{0}};
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	char *end = NULL;
	unsigned long max = a.max ? strtoul(a.max, &end, 10) : 1;
	if (max < 1 || max > 65536 || (a.max && *end)) {
		say("merge: --max-segments=%s: a number from 1 to 65536 is wanted", a.max);
		return EXIT_TROUBLE;
	}
	if (session_open(&s, c, argv[1], SESSION_WRITE, &a.o, &code) < 0)
		return code;
	rc = index_flush(s.index, &err); /* so that what was deleted can go */
	if (rc == 0)
		rc = index_merge(s.index, (uint32_t)max, &err);
	if (rc < 0)
		session_say(&s, rc, &err);
	return session_close(&s, rc < 0 ? EXIT_TROUBLE : EXIT_OK);
}

const struct command cmd_merge = {
	"merge", "[--max-segments=N] INDEX", "fewer, larger segments", "An index merges by itself; this does it now, and drops what was deleted.", opts, 0, run};
