/* cmd_query.c - rankfs query: the bytes of MNT/query/@options/WORDS without a mount. Exit codes as grep's: 0 hits, 1 none, 2 error. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cli/terms.h"

struct query_args {
	bool json, nul;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "json", NULL, "one JSON object a line (the same as @format=json)", OPT_FLAG, offsetof(struct query_args, json)},
	{'0', "null", NULL, "ids only, each ended by a NUL: for xargs -0", OPT_FLAG, offsetof(struct query_args, nul)},
	SESSION_OPT(offsetof(struct query_args, o)),
	{0},
};

static int fail(const struct rk_buf *text, int rc, const struct rk_err *err)
{
	say("query: %.*s: %s", (int)text->len, (const char *)text->data, err->msg[0] ? err->msg : strerror(-rc));
	return EXIT_TROUBLE;
}

static int print_rendered(struct session *s, const struct rk_buf *text)
{
	struct query_result r = {0};
	struct rk_err err = {{0}};
	int rc = query_run(s->snapshot, s->analyzer, (const char *)text->data, text->len, &s->config.query, &s->config.limits, &r, &err);
	if (rc < 0)
		return fail(text, rc, &err);
	int code = r.nhits ? EXIT_OK : EXIT_NO;
	if (fwrite(r.text.data, 1, r.text.len, stdout) != r.text.len)
		code = EXIT_TROUBLE;
	if (r.rc < 0) {
		say("query: a part of the index is damaged and was left out; see rankfs check %s", s->path);
		code = EXIT_TROUBLE;
	}
	rk_buf_done(&r.text);
	return code;
}

static int print_ids(struct session *s, const struct rk_buf *text)
{
	struct rk_err err = {{0}};
	struct rk_buf id = {0};
	uint32_t n = 0;
	struct query_hit *hits = calloc(s->config.query.k ? s->config.query.k : 1, sizeof(*hits));
	int rc = hits ? query_search(s->snapshot, s->analyzer, (const char *)text->data, text->len, &s->config.query, &s->config.limits,
				     hits, &n, &err)
		      : -ENOMEM;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		id.len = 0;
		rc = leaf_id(&s->snapshot->leaves[hits[i].leaf], hits[i].doc, &id);
		if (rc == 0 && (fwrite(id.data, 1, id.len, stdout) != id.len || putchar('\0') == EOF))
			rc = -EIO;
	}
	free(hits);
	rk_buf_done(&id);
	return rc < 0 ? fail(text, rc, &err) : n ? EXIT_OK : EXIT_NO;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct query_args a = {0};
	struct session s;
	struct rk_buf text = {0};
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 2, argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (session_open(&s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	code = EXIT_TROUBLE;
	rc = terms_take(c, &s.config.query, argv + 2, n - 1, &text);
	if (rc == 0 && a.json)
		s.config.query.format = FORMAT_JSON;
	if (rc == 0 && text.len == 0)
		say("query: nothing to search for; usage: rankfs query %s", c->usage);
	else if (rc == 0 && session_snapshot(&s) == 0)
		code = a.nul ? print_ids(&s, &text) : print_rendered(&s, &text);
	rk_buf_done(&text);
	return session_close(&s, code);
}

static const char more[] =
	"Words are ranked, any may match; +must -not \"a phrase\" \"a phrase\"~3 prefix* fuzzy~1 word^2.5 (a OR b) AND c.\n"
	"Options of the query: @k=10 @offset=0 @op=or|and @rank=bm25|tfidf @format=tsv|json|ids|paths|trec @snippet=on|off.\n"
	"Exit code: 0 hits, 1 none, 2 error.";

const struct command cmd_query = {"query", "INDEX [@k=10 ...] WORDS...", "search: rank, score, id, snippet a line", more, opts, 2, run};
