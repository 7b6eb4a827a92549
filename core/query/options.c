/* options.c - the options of a query by name, as folders ("@k=100") and the command line give them. */
#include <errno.h>
#include <string.h>

#include "core/query/query.h"

enum { K_MAX = 10000, DEPTH_MAX = 100000 };

void query_options_init(struct query_options *o)
{
	*o = (struct query_options){.k = 10, .snippet = true, .tag = "1"};
}

void query_limits_init(struct query_limits *l)
{
	*l = (struct query_limits){.max_clauses = 1024, .max_ns = 2000000000u, .max_memory = 64u << 20};
}

static int set_number(const char *name, const char *value, uint32_t min, uint32_t max, uint32_t *ret, struct rk_err *err)
{
	uint64_t v = 0;
	const char *p = value;
	for (; *p >= '0' && *p <= '9' && v <= max; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (*p || p == value || v < min || v > max)
		return rk_fail(err, -EINVAL, "@%s=%s: a number from %u to %u", name, value, min, max);
	*ret = (uint32_t)v;
	return 0;
}

static int set_word(const char *name, const char *value, const char *const *words, unsigned *ret, struct rk_err *err)
{
	char all[160] = "";
	size_t n = 0;
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*ret = i;
			return 0;
		}
		if (n + strlen(words[i]) + 3 < sizeof(all)) {
			n = (size_t)(stpcpy(stpcpy(all + n, n ? ", " : ""), words[i]) - all);
		}
	}
	return rk_fail(err, -EINVAL, "@%s=%s: one of %s", name, value, all);
}

static int set_tag(struct query_options *o, const char *value, struct rk_err *err)
{
	size_t n = strlen(value);
	if (n == 0 || n >= sizeof(o->tag) || strpbrk(value, " \t\r\n"))
		return rk_fail(err, -EINVAL, "@tag=%s: 1 to %zu bytes without spaces", value, sizeof(o->tag) - 1);
	memcpy(o->tag, value, n + 1);
	return 0;
}

const char *const *query_option_names(void)
{
	static const char *const names[] = {"k", "offset", "op", "rank", "format", "snippet", "tag", NULL};
	return names;
}

int query_option_set(struct query_options *o, const char *name, const char *value, struct rk_err *err)
{
	static const char *const ops[] = {"or", "and", NULL}, *const ranks[] = {"bm25", "tfidf", NULL}, *const switches[] = {"off", "on", NULL};
	static const char *const formats[] = {"tsv", "json", "ids", "paths", "trec", NULL};
	unsigned v = 0;
	int rc;
	if (strcmp(name, "k") == 0) {
		rc = set_number(name, value, 1, K_MAX, &o->k, err);
	} else if (strcmp(name, "offset") == 0) {
		rc = set_number(name, value, 0, DEPTH_MAX, &o->offset, err);
	} else if (strcmp(name, "op") == 0) {
		rc = set_word(name, value, ops, &v, err);
		o->op = rc == 0 ? (enum query_op)v : o->op;
	} else if (strcmp(name, "rank") == 0) {
		rc = set_word(name, value, ranks, &v, err);
		o->rank = rc == 0 ? (enum query_rank)v : o->rank;
	} else if (strcmp(name, "format") == 0) {
		rc = set_word(name, value, formats, &v, err);
		o->format = rc == 0 ? (enum query_format)v : o->format;
	} else if (strcmp(name, "snippet") == 0) {
		rc = set_word(name, value, switches, &v, err);
		o->snippet = rc == 0 ? v == 1 : o->snippet;
	} else if (strcmp(name, "tag") == 0) {
		rc = set_tag(o, value, err);
	} else {
		rc = rk_fail(err, -ENOENT, "no option @%s", name);
	}
	return rc;
}
