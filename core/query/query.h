/* query.h - a query text and options to ranked results as bytes: the one entry for query/, results/, ask and the command line.
 *
 * Same snapshot, same query, same options: the same bytes on any machine. Score of a document = sum over query words of
 * idf * tf / (tf + k1 * (1 - b + b * length / average)), k1 = 1.2, b = 0.75, idf = ln(1 + (N - df + 0.5) / (df + 0.5)) (Robertson; Lucene's form,
 * lengths as one byte), rounded per word to multiples of 2^-40 so that sums do not depend on their order, then to float. Ties by id in byte order.
 * RANK_TFIDF: sum of (1 + ln tf) * ln(1 + N / df), rounded alike. A phrase is one word: its weight the sum of its words', tf the places where it stands.
 * Documents that match without a scoring word (purely negative queries) have score 0. Language, formulas and formats: doc/query.md.
 * Threads: any number of queries at once; one query on one thread.
 */
#ifndef CORE_QUERY_QUERY_H
#define CORE_QUERY_QUERY_H

#include <stdatomic.h>

#include "core/index/snapshot.h"
#include "core/text/analyzer.h"

enum query_op { QUERY_OR, QUERY_AND };
enum query_rank { RANK_BM25, RANK_TFIDF };
enum query_format { FORMAT_TSV, FORMAT_JSON, FORMAT_IDS, FORMAT_PATHS, FORMAT_TREC };

struct query_options {
	uint32_t k;	 /* 10; at most 10,000 */
	uint32_t offset; /* 0; k + offset at most 100,000 */
	enum query_op op;
	enum query_rank rank;
	enum query_format format;
	bool snippet;	 /* on */
	char tag[64];	 /* query id for @format=trec; "1" */
};

struct query_limits {
	uint32_t max_clauses;	     /* 1,024: -E2BIG */
	uint64_t max_ns;	     /* 2 s: -ETIMEDOUT */
	size_t max_memory;	     /* 64 MiB: -ENOMEM */
	const _Atomic bool *cancel;  /* becomes true: -EINTR */
};

struct query_hit {
	float score;
	uint32_t leaf;
	docid_t doc;
};

struct query_result {
	struct rk_buf text;   /* rendered; rk_buf_done() by the caller */
	uint32_t nhits;	      /* lines */
	uint64_t generation, took_ns;
	int rc;		      /* 0, or -EUCLEAN: a leaf was damaged, the text holds what the others gave */
};

void query_options_init(struct query_options *);
void query_limits_init(struct query_limits *);
/* "k", "100". -ENOENT: no such option; -EINVAL: bad value; words in err. */
int query_option_set(struct query_options *, const char *name, const char *value, struct rk_err *err);
const char *const *query_option_names(void);

/* -EINVAL with "column N: ..." for a malformed query. An empty query is -EINVAL. */
int query_run(struct snapshot *, struct analyzer *, const char *text, size_t len, const struct query_options *, const struct query_limits *,
	      struct query_result *ret, struct rk_err *err);

/* The steps apart, for eval, bench and tests. hits has room for options->k; they begin after the first `offset`. -EUCLEAN: a leaf was damaged; hits and
 * *ret_n hold what the others gave. */
int query_search(struct snapshot *, struct analyzer *, const char *text, size_t len, const struct query_options *, const struct query_limits *,
		 struct query_hit *hits, uint32_t *ret_n, struct rk_err *err);

/* An id as a path below docs/: empty parts, ".", "..", a leading '/' and '%' are percent-encoded; reversible. */
int id_to_path(const void *id, size_t len, struct rk_buf *ret);
int path_to_id(const char *path, size_t len, struct rk_buf *ret); /* -EINVAL: a bad %XX */

#endif
