/* cmd_get.c - rankfs get: the documents with these ids, byte for byte, one behind the other: what cat MNT/docs/ID gives. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/cli/session.h"

struct get_args {
	struct opt_list o;
};

static const struct opt opts[] = {
	SESSION_OPT(offsetof(struct get_args, o)),
	{0},
};

static int get_one(struct session *s, struct rk_buf *buf, const char *id)
{
	const struct leaf *leaf;
	struct rk_doc doc;
	struct rk_err err = {{0}};
	docid_t d;
	int rc = snapshot_find(s->snapshot, id, strlen(id), false, &leaf, &d);
	if (rc == 0) {
		say("get: %s: no such document", id);
		return EXIT_NO;
	}
	if (rc > 0)
		rc = leaf_doc(leaf, d, buf, &doc, &err);
	if (rc < 0) {
		say("get: %s: %s", id, err.msg[0] ? err.msg : strerror(-rc));
		return EXIT_TROUBLE;
	}
	return fwrite(doc.content, 1, doc.content_len, stdout) == doc.content_len ? EXIT_OK : EXIT_TROUBLE;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct get_args a = {0};
	struct session s;
	struct rk_buf buf = {0};
	int n, code = EXIT_OK, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 2, argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (session_open(&s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	code = session_snapshot(&s) < 0 ? EXIT_TROUBLE : EXIT_OK;
	for (int i = 2; i <= n && code != EXIT_TROUBLE; i++) {
		int one = get_one(&s, &buf, argv[i]);
		code = one > code ? one : code;
	}
	rk_buf_done(&buf);
	return session_close(&s, code);
}

const struct command cmd_get = {"get", "INDEX ID...", "print documents", NULL, opts, 0, run};
