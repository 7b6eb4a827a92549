/* cmd_eval.c - rankfs eval: how good the ranking is by judged questions: nDCG@10, MAP, P@10, R@100 as trec_eval defines them
 * (core/query/eval.h).
 *
 * Questions are what people typed, "id<TAB>text": signs of the query language in them (quotes, parentheses, + - ^) count as blanks, AND OR
 * NOT as words.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/eval.h"
#include "fs/cli/terms.h"

enum { EVAL_DEPTH = 1000 };

struct eval_args {
	const char *queries, *qrels, *run;
	bool each;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "queries", "FILE", "questions, id<TAB>text a line", OPT_VALUE, offsetof(struct eval_args, queries)},
	{0, "qrels", "FILE", "judgements, TREC format: question 0 document grade", OPT_VALUE, offsetof(struct eval_args, qrels)},
	{0, "run", "FILE", "write the hits as a TREC run", OPT_VALUE, offsetof(struct eval_args, run)},
	{0, "each", NULL, "a line of figures for each question, too", OPT_FLAG, offsetof(struct eval_args, each)},
	SESSION_OPT(offsetof(struct eval_args, o)),
	{0},
};

struct run {
	struct session s;
	struct eval *eval;
	struct query_hit *hits;
	struct eval_id *ids;
	struct rk_buf text, names;
	FILE *out; /* of --run, or NULL */
	bool each;
};

static bool is_operator(const char *w, size_t n)
{
	return (n == 3 && (!memcmp(w, "AND", 3) || !memcmp(w, "NOT", 3))) || (n == 2 && !memcmp(w, "OR", 2));
}

/* The words of a question as words of a query. */
static int plain_words(const char *p, size_t len, struct rk_buf *ret)
{
	ret->len = 0;
	for (size_t i = 0, end; i < len; i = end) {
		while (i < len && (isspace((unsigned char)p[i]) || strchr("\"()+-^~*", p[i])))
			i++;
		for (end = i; end < len && !isspace((unsigned char)p[end]) && !strchr("\"()^~*", p[end]);)
			end++;
		bool lower = is_operator(p + i, end - i);
		for (; i < end; i++)
			rk_buf_u8(ret, (uint8_t)(lower ? tolower((unsigned char)p[i]) : p[i]));
		rk_buf_u8(ret, ' ');
	}
	return ret->bad ? -ENOMEM : 0;
}

/* The hits' ids, which stand in r->names; written as a run when asked. */
static int take_ids(struct run *r, const char *qid, size_t qid_len, uint32_t n)
{
	r->names.len = 0;
	for (uint32_t i = 0; i < n; i++) {
		size_t before = r->names.len;
		int rc = leaf_id(&r->s.snapshot->leaves[r->hits[i].leaf], r->hits[i].doc, &r->names);
		if (rc < 0)
			return rc;
		r->ids[i].len = r->names.len - before;
	}
	const uint8_t *p = r->names.data;
	for (uint32_t i = 0; i < n; p += r->ids[i++].len) {
		r->ids[i].p = p;
		if (r->out)
			fprintf(r->out, "%.*s Q0 %.*s %u %.9g rankfs\n", (int)qid_len, qid, (int)r->ids[i].len, (const char *)p, i + 1,
				(double)r->hits[i].score);
	}
	return 0;
}

static void print_metrics(const char *of, size_t len, const struct eval_metrics *m)
{
	printf("%.*s\t%.4f\t%.4f\t%.4f\t%.4f\n", (int)len, of, m->ndcg_10, m->map, m->p_10, m->recall_100);
}

static int one_question(struct run *r, const char *line, size_t len, struct rk_err *err)
{
	struct eval_metrics m;
	const char *tab = memchr(line, '\t', len);
	if (!tab || tab == line)
		return rk_fail(err, -EINVAL, "not id<TAB>text");
	size_t qid_len = (size_t)(tab - line);
	uint32_t n = 0;
	int rc = plain_words(tab + 1, len - qid_len - 1, &r->text);
	if (rc == 0)
		rc = query_search(r->s.snapshot, r->s.analyzer, (const char *)r->text.data, r->text.len, &r->s.config.query,
				  &r->s.config.limits, r->hits, &n, err);
	if (rc == 0)
		rc = take_ids(r, line, qid_len, n);
	if (rc == 0)
		rc = eval_query(r->eval, line, qid_len, r->ids, n, &m, err);
	if (rc == 1 && r->each)
		print_metrics(line, qid_len, &m);
	return rc < 0 ? rc : 0;
}

static int all_questions(struct run *r, const char *path)
{
	struct rk_err err = {{0}};
	char *line = NULL;
	size_t cap = 0;
	unsigned no = 0;
	int rc = 0;
	FILE *f = fopen(path, "re");
	if (!f) {
		say("eval: %s: %s", path, strerror(errno));
		return -errno;
	}
	for (ssize_t len; rc == 0 && (len = getline(&line, &cap, f)) >= 0;) {
		no++;
		while (len && strchr("\r\n", line[len - 1]))
			len--;
		rc = len ? one_question(r, line, (size_t)len, &err) : 0;
	}
	if (rc < 0)
		say("eval: %s:%u: %s", path, no, err.msg[0] ? err.msg : strerror(-rc));
	free(line);
	fclose(f);
	return rc;
}

static int load_qrels(struct eval *e, const char *path)
{
	struct rk_err err = {{0}};
	struct rk_buf b = {0};
	FILE *f = fopen(path, "re");
	int rc = f ? 0 : -errno;
	for (size_t got = 1; got && rc == 0;) {
		rc = rk_buf_reserve(&b, 1 << 16);
		got = rc == 0 ? fread(b.data + b.len, 1, b.cap - b.len, f) : 0;
		b.len += got;
	}
	if (rc == 0)
		rc = ferror(f) ? -EIO : eval_load_qrels(e, b.data, b.len, &err);
	if (rc < 0)
		say("eval: %s: %s", path, err.msg[0] ? err.msg : strerror(-rc));
	if (f)
		fclose(f);
	rk_buf_done(&b);
	return rc;
}

static int prepare(struct run *r, const struct eval_args *a)
{
	uint32_t k = r->s.config.query.k;
	r->each = a->each;
	r->hits = calloc(k ? k : 1, sizeof(*r->hits));
	r->ids = calloc(k ? k : 1, sizeof(*r->ids));
	int rc = r->hits && r->ids ? eval_new(&r->eval) : -ENOMEM;
	if (rc < 0)
		say("eval: %s", strerror(-rc));
	if (rc == 0)
		rc = load_qrels(r->eval, a->qrels);
	if (rc == 0 && a->run && !(r->out = fopen(a->run, "we"))) {
		rc = -errno;
		say("eval: %s: %s", a->run, strerror(errno));
	}
	return rc < 0 ? rc : session_snapshot(&r->s);
}

static int finish(struct run *r, int rc, const char *run_path)
{
	struct eval_metrics m;
	uint32_t n = rc == 0 ? eval_mean(r->eval, &m) : 0;
	if (rc == 0) {
		printf("queries\t%u\nnDCG@10\t%.4f\nMAP\t%.4f\nP@10\t%.4f\nR@100\t%.4f\n", n, m.ndcg_10, m.map, m.p_10, m.recall_100);
		if (n == 0)
			say("eval: nobody judged any of these questions");
	}
	if (r->out && fclose(r->out) != 0) {
		say("eval: %s: %s", run_path, strerror(errno));
		rc = -EIO;
	}
	eval_free(r->eval);
	free(r->hits);
	free(r->ids);
	rk_buf_done(&r->text);
	rk_buf_done(&r->names);
	return session_close(&r->s, rc < 0 ? EXIT_TROUBLE : n ? EXIT_OK : EXIT_NO);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct eval_args a = {0};
	struct run r = {0};
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (!a.queries || !a.qrels) {
		say("eval: --queries and --qrels are needed; see rankfs eval --help");
		return EXIT_TROUBLE;
	}
	if (session_open(&r.s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	r.s.config.query.k = EVAL_DEPTH;
	rc = terms_take(c, &r.s.config.query, argv + 2, n - 1, NULL);
	if (rc == 0)
		rc = prepare(&r, &a);
	if (rc == 0)
		rc = all_questions(&r, a.queries);
	return finish(&r, rc, a.run);
}

static const char more[] = "With --each: question, nDCG@10, MAP, P@10, R@100 a line. The first 1,000 hits count (@k).";

const struct command cmd_eval = {
	"eval", "--queries FILE --qrels FILE [--run FILE] INDEX [@options]", "ranking quality by judged questions", more, opts, 0, run};
