/* cmd_rm.c - rankfs rm: deletes documents by id; durable when it returns: what rm MNT/docs/ID does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/cli/session.h"

struct rm_args {
	struct opt_list o;
};

static const struct opt opts[] = {
	SESSION_OPT(offsetof(struct rm_args, o)),
	{0},
};

static int run(const struct command *c, int argc, char **argv)
{
	struct rm_args a = {0};
	struct session s;
	struct rk_err err = {{0}};
	uint64_t seq = 0;
	int n, code = EXIT_OK, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 2, argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (session_open(&s, c, argv[1], SESSION_WRITE, &a.o, &code) < 0)
		return code;
	code = EXIT_OK;
	for (int i = 2; i <= n && code != EXIT_TROUBLE; i++) {
		rc = index_delete(s.index, argv[i], strlen(argv[i]), &seq, &err);
		if (rc == -ENOENT) {
			say("rm: %s: no such document", argv[i]);
			code = EXIT_NO;
			err.msg[0] = '\0';
		} else if (rc < 0) {
			session_say(&s, rc, &err);
			code = EXIT_TROUBLE;
		}
	}
	rc = seq ? index_sync(s.index, seq, &err) : 0;
	if (rc < 0) {
		session_say(&s, rc, &err);
		code = EXIT_TROUBLE;
	}
	return session_close(&s, code);
}

const struct command cmd_rm = {"rm", "INDEX ID...", "delete documents", NULL, opts, 0, run};
