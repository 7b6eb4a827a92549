/* cmd_bench.c - rankfs bench: latency percentiles and throughput of searching, in process, warm, one thread.
 *
 * A line of the file is "class<TAB>words" or plain words. Classes: and = all words (@op=and), phrase = the words as one phrase, anything
 * else as it is. Measured is query_search: no rendering, no snippets. Every query runs `rounds` times; its figure is the best of them, as
 * others have measured peers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "fs/cli/terms.h"

enum { MAX_CLASSES = 16 };

struct bench_args {
	const char *rounds;
	struct opt_list o;
};

static const struct opt opts[] = {
	{'n', "rounds", "N", "runs of each query, the best counts (3)", OPT_VALUE, offsetof(struct bench_args, rounds)},
	SESSION_OPT(offsetof(struct bench_args, o)),
	{0},
};

struct class
{
	char name[32];
	uint64_t *ns;
	size_t n, cap;
	uint64_t total_ns, hits;
};

struct bench {
	struct session s;
	struct query_hit *hits;
	struct class classes[MAX_CLASSES];
	unsigned nclasses, rounds;
	struct rk_buf text;
};

static struct class *class_of(struct bench *b, const char *name, size_t len)
{
	for (unsigned i = 0; i < b->nclasses; i++)
		if (strlen(b->classes[i].name) == len && !memcmp(b->classes[i].name, name, len))
			return &b->classes[i];
	if (b->nclasses == MAX_CLASSES || len >= sizeof(b->classes[0].name))
		return NULL;
	struct class *c = &b->classes[b->nclasses++];
	memcpy(c->name, name, len);
	return c;
}

static int record(struct class *c, uint64_t ns, uint32_t hits)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 1024;
		uint64_t *p = realloc(c->ns, cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		c->ns = p;
		c->cap = cap;
	}
	c->ns[c->n++] = ns;
	c->total_ns += ns;
	c->hits += hits;
	return 0;
}

static int run_line(struct bench *b, const char *line, size_t len, struct rk_err *err)
{
	const char *tab = memchr(line, '\t', len);
	struct class *c = tab ? class_of(b, line, (size_t)(tab - line)) : class_of(b, "all", 3);
	struct query_options q = b->s.config.query;
	size_t skip = tab ? (size_t)(tab - line) + 1 : 0;
	uint64_t best = UINT64_MAX;
	uint32_t n = 0;
	if (!c)
		return rk_fail(err, -EINVAL, "more than %d classes", MAX_CLASSES);
	bool phrase = !strcmp(c->name, "phrase");
	if (!strcmp(c->name, "and"))
		q.op = QUERY_AND;
	b->text.len = 0;
	if (rk_buf_str(&b->text, phrase ? "\"" : "") < 0 || rk_buf_put(&b->text, line + skip, len - skip) < 0 ||
	    rk_buf_str(&b->text, phrase ? "\"" : "") < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < b->rounds; i++) {
		uint64_t start = rk_mono_ns();
		int rc = query_search(b->s.snapshot, b->s.analyzer, (const char *)b->text.data, b->text.len, &q, &b->s.config.limits,
				      b->hits, &n, err);
		uint64_t took = rk_mono_ns() - start;
		if (rc < 0)
			return rc;
		best = took < best ? took : best;
	}
	return record(c, best, n);
}

static int by_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static double percentile(const struct class *c, unsigned percent)
{
	return (double)c->ns[(c->n - 1) * percent / 100] / 1000;
}

static void print_table(struct bench *b)
{
	printf("class\tqueries\tp50_us\tp95_us\tp99_us\tmean_us\tqps\thits\n");
	for (unsigned i = 0; i < b->nclasses; i++) {
		struct class *c = &b->classes[i];
		if (!c->n)
			continue;
		qsort(c->ns, c->n, sizeof(c->ns[0]), by_ns);
		double mean = (double)c->total_ns / (double)c->n / 1000;
		printf("%s\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%llu\n", c->name, c->n, percentile(c, 50), percentile(c, 95),
		       percentile(c, 99), mean, mean > 0 ? 1e6 / mean : 0, (unsigned long long)c->hits);
	}
}

static int run_file(struct bench *b, const char *path)
{
	struct rk_err err = {{0}};
	char *line = NULL;
	size_t cap = 0;
	unsigned no = 0;
	int rc = 0;
	FILE *f = fopen(path, "re");
	if (!f) {
		say("bench: %s: %s", path, strerror(errno));
		return -errno;
	}
	for (ssize_t len; rc == 0 && (len = getline(&line, &cap, f)) >= 0;) {
		no++;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		rc = len ? run_line(b, line, (size_t)len, &err) : 0;
	}
	if (rc < 0)
		say("bench: %s:%u: %s", path, no, err.msg[0] ? err.msg : strerror(-rc));
	free(line);
	fclose(f);
	return rc;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct bench_args a = {.rounds = "3"};
	struct bench b;
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 2, argc)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	memset(&b, 0, sizeof(b));
	b.rounds = (unsigned)strtoul(a.rounds, NULL, 10);
	if (b.rounds < 1 || b.rounds > 1000) {
		say("bench: --rounds=%s: not 1 to 1000", a.rounds);
		return EXIT_TROUBLE;
	}
	if (session_open(&b.s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	rc = terms_take(c, &b.s.config.query, argv + 3, n - 2, NULL);
	if (rc == 0)
		rc = session_snapshot(&b.s);
	b.hits = rc == 0 ? calloc(b.s.config.query.k + 1, sizeof(*b.hits)) : NULL;
	if (rc == 0)
		rc = b.hits ? run_file(&b, argv[2]) : -ENOMEM;
	if (rc == 0)
		print_table(&b);
	for (unsigned i = 0; i < b.nclasses; i++)
		free(b.classes[i].ns);
	free(b.hits);
	rk_buf_done(&b.text);
	return session_close(&b.s, rc < 0 ? EXIT_TROUBLE : EXIT_OK);
}

static const char more[] =
	"A line of QUERYFILE is class<TAB>words or plain words; class and: all words, phrase: as a phrase, others as they are.";

const struct command cmd_bench = {"bench", "INDEX QUERYFILE [@k=10 ...]", "search latency and throughput, in process", more, opts, 0, run};
