/* t_cli.c - the command line without an index: options by table, settings from every place with the later winning, the progress line. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/cli/cmd.h"
#include "fs/cli/config.h"
#include "fs/cli/progress.h"
#include "test/tap.h"

static char said[500];

void say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

struct demo {
	bool fast, loud;
	const char *out;
	struct opt_list o;
};

static const struct opt opts[] = {
	{'f', "fast", NULL, "", OPT_FLAG, offsetof(struct demo, fast)},
	{0, "loud", NULL, "", OPT_FLAG, offsetof(struct demo, loud)},
	{0, "out", "FILE", "", OPT_VALUE, offsetof(struct demo, out)},
	{'o', "option", "KEY=VALUE", "", OPT_LIST, offsetof(struct demo, o)},
	{0},
};
static const struct command demo = {"demo", "X", "", NULL, opts, 0, NULL};
static const struct command words = {"words", "X", "", NULL, opts, 2, NULL};

/* The words up to NULL; positionals joined by ' ' in got. */
static int parse(const struct command *c, struct demo *d, char got[100], const char *const *w)
{
	char *argv[20] = {(char *)"demo"};
	int argc = 1, n = 0;
	for (; w[argc - 1]; argc++)
		argv[argc] = (char *)w[argc - 1];
	memset(d, 0, sizeof(*d));
	got[0] = said[0] = '\0';
	int rc = options_parse(c, argc, argv, d, &n);
	for (int i = 1; rc == 0 && i <= n; i++) {
		strcat(got, i > 1 ? " " : "");
		strcat(got, argv[i]);
	}
	return rc;
}

#define W(...) ((const char *const[]){__VA_ARGS__, NULL})

static void options_anywhere(void)
{
	struct demo d;
	char got[100];
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("a", "-f", "b", "--out", "x", "-oa=1", "-o", "b=2", "--", "-c")), 0);
	CU_ASSERT_STRING_EQUAL(got, "a b -c");
	CU_ASSERT_TRUE(d.fast && !d.loud);
	CU_ASSERT_STRING_EQUAL(d.out, "x");
	CU_ASSERT_EQUAL_FATAL(d.o.n, 2);
	CU_ASSERT_STRING_EQUAL(d.o.v[0], "a=1");
	CU_ASSERT_STRING_EQUAL(d.o.v[1], "b=2");
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("-fo", "k=3", "--out=", "-")), 0);
	CU_ASSERT_STRING_EQUAL(got, "-");
	CU_ASSERT_STRING_EQUAL(d.out, "");
	CU_ASSERT_STRING_EQUAL(d.o.v[0], "k=3");
}

static void options_refused(void)
{
	struct demo d;
	char got[100];
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("--fsat")), -EINVAL);
	CU_ASSERT_STRING_EQUAL(said, "demo: --fsat: no such option; did you mean --fast?");
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("--zzzzzzzz")), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "see rankfs demo --help"));
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("--out")), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "needs a value"));
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("-o")), -EINVAL);
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("-fx")), -EINVAL);
	CU_ASSERT_EQUAL(parse(&demo, &d, got, W("--fast=yes")), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "takes no value"));
}

static void query_words_may_begin_with_a_dash(void)
{
	struct demo d;
	char got[100];
	CU_ASSERT_EQUAL(parse(&words, &d, got, W("index", "-f", "linux", "-kernel", "-f", "--loud")), 0);
	CU_ASSERT_STRING_EQUAL(got, "index linux -kernel -f");
	CU_ASSERT_TRUE(d.fast && d.loud);
	CU_ASSERT_EQUAL(parse(&words, &d, got, W("index", "linux", "--lout")), -EINVAL);
}

static void nearest_names(void)
{
	const char *const names[] = {"durability", "linger", "wal_file", NULL};
	CU_ASSERT_STRING_EQUAL(nearest("durabilty", names), "durability");
	CU_ASSERT_STRING_EQUAL(nearest("lingr", names), "linger");
	CU_ASSERT_PTR_NULL(nearest("colour", names));
	CU_ASSERT_PTR_NULL(nearest("a word that is longer than any name of any table could ever be", names));
}

static void values_and_ranges(void)
{
	struct config c;
	struct rk_err e = {{0}};
	config_init(&c);
	CU_ASSERT_EQUAL(c.index.writer_buffer, 64 << 20);
	CU_ASSERT_EQUAL(c.index.durability, DURABILITY_WRITE);
	CU_ASSERT_EQUAL(c.limits.max_ns, 2000000000u);
	CU_ASSERT_EQUAL(c.query.k, 10);
	CU_ASSERT_EQUAL(config_set(&c, "writer_buffer", "8MiB", "-o", &e), 0);
	CU_ASSERT_EQUAL(c.index.writer_buffer, 8 << 20);
	CU_ASSERT_EQUAL(config_set(&c, "linger", "0", "-o", &e), 0);
	CU_ASSERT_EQUAL(c.index.linger_s, UINT32_MAX);
	CU_ASSERT_EQUAL(config_set(&c, "durability", "batch:50", "-o", &e), 0);
	CU_ASSERT_EQUAL(c.index.durability, DURABILITY_BATCH);
	CU_ASSERT_EQUAL(c.index.batch_ms, 50);
	CU_ASSERT_EQUAL(config_set(&c, "max_query_time", "5", "-o", &e), 0);
	CU_ASSERT_EQUAL(c.limits.max_ns, 5000000u);
	static const char *const bad[][2] = {{"writer_buffer", "1K"},
					     {"writer_buffer", "-1"},
					     {"writer_buffer", "9999999T"},
					     {"writer_buffer", "8Q"},
					     {"linger", "1x"},
					     {"linger", ""},
					     {"durability", "batch:0"},
					     {"durability", "maybe"},
					     {"ro", "perhaps"},
					     {"k", "0x"},
					     {"k", "1000000"},
					     {"op", "xor"}};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.msg[0] = '\0';
		CU_ASSERT_EQUAL(config_set(&c, bad[i][0], bad[i][1], "here:7", &e), -EINVAL);
		CU_ASSERT_EQUAL(strncmp(e.msg, "here:7: ", 8), 0);
	}
	e.msg[0] = '\0';
	CU_ASSERT_EQUAL(config_set(&c, "durabilty", "write", "f:3", &e), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.msg, "f:3: durabilty: no such key; did you mean durability?");
}

static void mount_words(void)
{
	struct config c;
	struct rk_err e = {{0}};
	config_init(&c);
	CU_ASSERT_EQUAL(config_set_words(&c, "nofail,_netdev,x-systemd.automount,ro,allow_other,linger=5", "-o", &e), 0);
	CU_ASSERT_TRUE(c.index.read_only && c.mount.allow_other);
	CU_ASSERT_EQUAL(c.index.linger_s, 5);
	CU_ASSERT_EQUAL(config_set_words(&c, "linger", "-o", &e), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "linger=60"));
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

/* RANKFS_SYSCONFDIR is t_cli.tmp/etc for this program (test/local.mk of fs/cli). */
static void places_in_order(void)
{
	struct config c;
	struct rk_err e = {{0}};
	mkdir("t_cli.tmp", 0777);
	mkdir("t_cli.tmp/etc", 0777);
	mkdir("t_cli.tmp/etc/rankfs", 0777);
	mkdir("t_cli.tmp/xdg", 0777);
	mkdir("t_cli.tmp/xdg/rankfs", 0777);
	mkdir("t_cli.tmp/index", 0777);
	write_file("t_cli.tmp/etc/rankfs/rankfs.conf",
		   "# all of them\n[index]\nlinger = 1\nwal_file = 1M\n[mount]\nthreads = 1\n[query]\nk = 1\n");
	write_file("t_cli.tmp/xdg/rankfs/config", "linger = 2\nk = 2\nthreads = 2\n");
	write_file("t_cli.tmp/index/config", "k = 3\nthreads = 3\n");
	setenv("XDG_CONFIG_HOME", "t_cli.tmp/xdg", 1);
	setenv("RANKFS_THREADS", "4", 1);
	config_init(&c);
	CU_ASSERT_EQUAL(config_load(&c, "t_cli.tmp/index", &e), 0);
	CU_ASSERT_EQUAL(config_set_words(&c, "max_clauses=5", "-o", &e), 0);
	CU_ASSERT_EQUAL(c.index.wal_file, 1 << 20);
	CU_ASSERT_EQUAL(c.index.linger_s, 2);
	CU_ASSERT_EQUAL(c.query.k, 3);
	CU_ASSERT_EQUAL(c.mount.threads, 4);
	CU_ASSERT_EQUAL(c.limits.max_clauses, 5);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	config_print(&c, true, f);
	fclose(f);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "wal_file = 1M\tt_cli.tmp/etc/rankfs/rankfs.conf:4\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "linger = 2\tt_cli.tmp/xdg/rankfs/config:1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "k = 3\tt_cli.tmp/index/config:1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "threads = 4\tRANKFS_THREADS\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "max_clauses = 5\t-o\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "ro = no\tdefault\n"));
	free(text);
	setenv("RANKFS_THREADS", "many", 1);
	CU_ASSERT_EQUAL(config_load(&c, NULL, &e), -EINVAL);
	CU_ASSERT_EQUAL(strncmp(e.msg, "RANKFS_THREADS: ", 16), 0);
	unsetenv("RANKFS_THREADS");
}

static void bad_files_name_the_line(void)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{"\n\nlinger = 1\nlingr = 2\n", "t_cli.tmp/index/config:4: lingr: no such key; did you mean linger?"},
		{"[index]\nlinger = soon\n", "t_cli.tmp/index/config:2: linger = soon"},
		{"[mount]\n\nlinger = 3\n", "t_cli.tmp/index/config:3: linger belongs into [index]"},
		{"# fine\nthis is no setting\n", "t_cli.tmp/index/config:2: not "},
	};
	struct config c;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rk_err e = {{0}};
		config_init(&c);
		write_file("t_cli.tmp/index/config", bad[i].text);
		CU_ASSERT_EQUAL(config_load(&c, "t_cli.tmp/index", &e), -EINVAL);
		CU_ASSERT_EQUAL(strncmp(e.msg, bad[i].words, strlen(bad[i].words)), 0);
	}
	char line[400] = "linger = ";
	memset(line + 9, '1', 300);
	write_file("t_cli.tmp/index/config", line);
	struct rk_err e = {{0}};
	CU_ASSERT_EQUAL(config_load(&c, "t_cli.tmp/index", &e), -EINVAL);
	CU_ASSERT_EQUAL(strncmp(e.msg, "t_cli.tmp/index/config:1: ", 26), 0);
	CU_ASSERT_EQUAL(system("rm -rf t_cli.tmp"), 0);
}

/* etc/rankfs.conf is the table, printed; and taken as it is, with its comment marks gone, it changes nothing. */
static void sample_is_the_table(void)
{
	char *text = NULL, path[4096], got[16384];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	config_print_sample(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/etc/rankfs.conf", getenv("SRCDIR") ? getenv("SRCDIR") : ".");
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	size_t n = fread(got, 1, sizeof(got), f);
	fclose(f);
	CU_ASSERT_EQUAL(n, len);
	CU_ASSERT_EQUAL(memcmp(got, text, n < len ? n : len), 0);
	free(text);
}

static void progress_words(void)
{
	struct progress p = {.start_ns = 1000, .bytes = 431, .total_bytes = 1000, .docs = 86201, .total_docs = 200000};
	struct rk_buf b = {0};
	CU_ASSERT_EQUAL(progress_line(&p, 1000 + UINT64_C(12) * 1000000000u, &b), 0);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "[0:12] 43.1%  86,201 / 200,000 docs  0 MB/s  ETA 0:15");
	b.len = 0;
	p = (struct progress){.start_ns = 0, .bytes = UINT64_C(52000000) * 3700, .docs = 1000};
	CU_ASSERT_EQUAL(progress_line(&p, UINT64_C(3700) * 1000000000u, &b), 0);
	rk_buf_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL((char *)b.data, "[1:01:40] 1,000 docs  52 MB/s");
	rk_buf_done(&b);
}

static const struct tap_test tests[] = {
	{"options: anywhere among the words, -- ends them", options_anywhere},
	{"options: unknown ones are refused with the nearest name", options_refused},
	{"options: behind the first word of a query, -word is a word", query_words_may_begin_with_a_dash},
	{"nearest: close names only", nearest_names},
	{"settings: units, ranges, and words that say what is wrong", values_and_ranges},
	{"settings: -o takes what fstab has", mount_words},
	{"settings: later places win, origins are told", places_in_order},
	{"settings: a bad file names its line", bad_files_name_the_line},
	{"settings: etc/rankfs.conf is the table", sample_is_the_table},
	{"progress: the line", progress_words},
};

TAP_MAIN(tests)
