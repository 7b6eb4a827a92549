/* cmd_dump.c - rankfs dump: the decoded structures of an index without a mount; PATH as in the tree, the same bytes; a folder is listed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/view.h"
#include "fs/cli/session.h"

enum { DUMP_CHUNK = 1 << 18 };

struct dump_args {
	struct opt_list o;
};

static const struct opt opts[] = {
	SESSION_OPT(offsetof(struct dump_args, o)),
	{0},
};

static int print_name(void *arg, const char *name, bool is_dir)
{
	(void)arg;
	return printf("%s%s\n", name, is_dir ? "/" : "") < 0 ? -EIO : 0;
}

static int print_file(struct session *s, const char *path, struct rk_err *err)
{
	struct view *v;
	int rc = view_open(s->index, s->snapshot, path, &v, err);
	if (rc < 0)
		return rc;
	char *buf = malloc(DUMP_CHUNK);
	uint64_t off = 0;
	int64_t got = buf ? 1 : -ENOMEM;
	while (got > 0 && (got = view_read(v, off, buf, DUMP_CHUNK)) > 0) {
		if (fwrite(buf, 1, (size_t)got, stdout) != (size_t)got)
			got = 0; /* main says it */
		off += (uint64_t)got;
	}
	free(buf);
	view_close(v);
	return got < 0 ? rk_fail(err, (int)got, "damaged after byte %llu: %s", (unsigned long long)off, strerror((int)-got)) : 0;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct dump_args a = {0};
	struct session s;
	struct rk_err err = {{0}};
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 2)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	const char *path = n > 1 ? argv[2] : "";
	for (size_t len = strlen(path); len && path[len - 1] == '/'; len--)
		argv[2][len - 1] = '\0'; /* as a shell completes a folder's name */
	if (session_open(&s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	if (session_snapshot(&s) < 0)
		return session_close(&s, EXIT_TROUBLE);
	if (!*path)
		rc = puts("segments/\nwal/") == EOF ? -EIO : 0;
	else if ((rc = view_is_dir(s.index, s.snapshot, path)) == 1)
		rc = view_list(s.index, s.snapshot, path, "", print_name, NULL);
	else if (rc == 0)
		rc = print_file(&s, path, &err);
	if (rc < 0)
		say("dump: %s: %s", path, err.msg[0] ? err.msg : strerror(-rc));
	return session_close(&s, rc < 0 ? EXIT_TROUBLE : EXIT_OK);
}

static const char more[] =
	"PATH is as in a mount: segments/1/terms, segments/1/postings/WORD, wal/1. Without PATH, or with a folder, its names.";

const struct command cmd_dump = {"dump", "INDEX [PATH]", "decode the structures of an index to text", more, opts, 0, run};
