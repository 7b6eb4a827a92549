/* fts5.c - SQLite FTS5 as a peer: the same normalised texts and queries as ours, through SQLite's C interface.
 *
 * fts5 DB build TEXTS.jsonl            one JSON line a document ({"id","text"}, normalised): contentless table, one transaction, then
 * 'optimize' fts5 DB query QUERIES.tsv ROUNDS     top 10 by bm25(); class, p50, p95, p99, mean in microseconds, best of ROUNDS per query
 * fts5 DB commits N                    N rows of 400 bytes, WAL, synchronous=FULL, one commit each
 */
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_QUERIES = 20000 };

static double now(clockid_t c)
{
	struct timespec t;
	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(sqlite3 *db, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE) {
		fprintf(stderr, "fts5: %s\n", sqlite3_errmsg(db));
		exit(2);
	}
}

static void exec(sqlite3 *db, const char *sql)
{
	must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	must(db, sqlite3_prepare_v2(db, sql, -1, &s, NULL));
	return s;
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;
	return o && json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static void build(sqlite3 *db, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	long n = 0;
	struct rusage u;
	FILE *f = fopen(path, "r");
	if (!f) {
		perror(path);
		exit(2);
	}
	exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;"
		 "CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize='ascii', detail='full');"
		 "INSERT INTO t(t, rank) VALUES('hashsize', 67108864); BEGIN");
	sqlite3_stmt *s = prepare(db, "INSERT INTO t(rowid, text) VALUES(?, ?)");
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), parse = 0;
	while (getline(&line, &cap, f) >= 0) {
		double p = now(CLOCK_PROCESS_CPUTIME_ID);
		struct json_object *o = json_tokener_parse(line);
		const char *text = text_of(o, "text");
		parse += now(CLOCK_PROCESS_CPUTIME_ID) - p; /* not FTS5's work */
		sqlite3_bind_int64(s, 1, ++n);
		sqlite3_bind_text(s, 2, text, -1, SQLITE_STATIC);
		must(db, sqlite3_step(s));
		must(db, sqlite3_reset(s));
		json_object_put(o);
	}
	sqlite3_finalize(s);
	exec(db, "COMMIT; INSERT INTO t(t) VALUES('optimize')");
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	getrusage(RUSAGE_SELF, &u);
	printf("build\tdocs\t%ld\tcpu_s\t%.2f\twall_s\t%.2f\trss_mb\t%.0f\n", n, cpu - parse, wall, (double)u.ru_maxrss / 1024);
	fclose(f);
	free(line);
}

/* One query text of ours in FTS5's language. */
static void translate(const char *class, const char *words, char *out, size_t cap)
{
	const char *join = !strcmp(class, "or") ? " OR " : !strcmp(class, "and") ? " AND " : " ";
	bool first = true;
	size_t n = 0;
	if (!strcmp(class, "phrase")) {
		snprintf(out, cap, "\"%s\"", words);
		return;
	}
	char copy[4096], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w && n < cap; w = strtok_r(NULL, " ", &save), first = false)
		n += (size_t)snprintf(out + n, cap - n, "%s\"%s\"", first ? "" : join, w);
}

static double best_of(sqlite3 *db, sqlite3_stmt *s, const char *match, int rounds, long *hits)
{
	double best = 1e9;
	for (int i = 0; i < rounds; i++) {
		double start = now(CLOCK_MONOTONIC);
		int rc;
		long n = 0;
		sqlite3_bind_text(s, 1, match, -1, SQLITE_STATIC);
		while ((rc = sqlite3_step(s)) == SQLITE_ROW)
			n++;
		must(db, rc);
		must(db, sqlite3_reset(s));
		double took = now(CLOCK_MONOTONIC) - start;
		best = took < best ? took : best;
		if (i == 0)
			*hits += n;
	}
	return best * 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void query(sqlite3 *db, const char *path, int rounds)
{
	static const char *const classes[] = {"term", "and", "or", "phrase"};
	static double us[MAX_QUERIES];
	char *line = NULL;
	size_t cap = 0;
	sqlite3_stmt *s = prepare(db, "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10");
	exec(db, "PRAGMA cache_size=-1048576; PRAGMA mmap_size=4294967296");
	printf("class\tqueries\tp50_us\tp95_us\tp99_us\tmean_us\tqps\thits\n");
	for (unsigned c = 0; c < 4; c++) {
		FILE *f = fopen(path, "r");
		size_t n = 0;
		long hits = 0;
		double sum = 0;
		char match[8192];
		while (f && getline(&line, &cap, f) >= 0 && n < MAX_QUERIES) {
			char *tab = strchr(line, '\t');
			line[strcspn(line, "\n")] = '\0';
			if (!tab || (size_t)(tab - line) != strlen(classes[c]) || strncmp(line, classes[c], strlen(classes[c])) != 0)
				continue;
			translate(classes[c], tab + 1, match, sizeof(match));
			us[n] = best_of(db, s, match, rounds, &hits);
			sum += us[n++];
		}
		if (f)
			fclose(f);
		if (!n)
			continue;
		qsort(us, n, sizeof(us[0]), by_value);
		printf("%s\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%ld\n", classes[c], n, us[(n - 1) * 50 / 100], us[(n - 1) * 95 / 100],
		       us[(n - 1) * 99 / 100], sum / (double)n, 1e6 * (double)n / sum, hits);
		fflush(stdout);
	}
	sqlite3_finalize(s);
	free(line);
}

static void commits(sqlite3 *db, int n)
{
	char row[401];
	memset(row, 'x', 400);
	row[400] = '\0';
	exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS d(text)");
	sqlite3_stmt *s = prepare(db, "INSERT INTO d VALUES(?)");
	double start = now(CLOCK_MONOTONIC);
	for (int i = 0; i < n; i++) {
		sqlite3_bind_text(s, 1, row, 400, SQLITE_STATIC);
		must(db, sqlite3_step(s));
		must(db, sqlite3_reset(s));
	}
	printf("commits_per_s\t%.0f\n", n / (now(CLOCK_MONOTONIC) - start));
	sqlite3_finalize(s);
}

int main(int argc, char **argv)
{
	sqlite3 *db;
	if (argc < 4) {
		fprintf(stderr, "usage: fts5 DB build TEXTS | DB query QUERIES ROUNDS | DB commits N\n");
		return 2;
	}
	must(NULL, sqlite3_open(argv[1], &db));
	if (!strcmp(argv[2], "build"))
		build(db, argv[3]);
	else if (!strcmp(argv[2], "query"))
		query(db, argv[3], argc > 4 ? atoi(argv[4]) : 3);
	else
		commits(db, atoi(argv[3]));
	sqlite3_close(db);
	return 0;
}
