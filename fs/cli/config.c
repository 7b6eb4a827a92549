/* config.c - the table of settings, and where their values come from; see config.h. */
#include "fs/cli/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cli/options.h"

enum kind {
	KIND_BYTES, /* uint64_t or size_t; 64M */
	KIND_COUNT, /* a plain number, times `scale` */
	KIND_BOOL,
	KIND_DURABILITY, /* two fields at once */
	KIND_QUERY,      /* query_option_set knows it */
};

struct key {
	const char *name, *section, *unit, *value; /* value: the default as one would write it */
	enum kind kind;
	size_t off, width;
	uint64_t min, max, scale;
	bool zero_is_max; /* the field's 0 means "default", so a 0 that was written becomes the largest value */
	const char *help;
};

#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)0)->member)

static const struct key keys[] = {
	{"durability", "index", "write | close | batch:MS | none", "write", KIND_DURABILITY, 0, 0, 0, 0, 0, false,
	 "when an addition is on disk: at each write, at close, every MS milliseconds, or when the system likes"},
	{"writer_buffer", "index", "bytes", "64M", KIND_BYTES, FIELD(index.writer_buffer), 1 << 20, UINT64_C(1) << 34, 1, false,
	 "memory for new documents before they become a segment"},
	{"wal_file", "index", "bytes", "16M", KIND_BYTES, FIELD(index.wal_file), 1 << 16, UINT64_C(1) << 32, 1, false,
	 "size of one file of the log"},
	{"max_document", "index", "bytes", "64M", KIND_BYTES, FIELD(index.max_document), 1, UINT64_C(1) << 30, 1, false,
	 "a larger document is refused (EFBIG)"},
	{"linger", "index", "seconds", "60", KIND_COUNT, FIELD(index.linger_s), 0, 86400, 1, true,
	 "how long an added file stays listed in incoming/"},
	{"ro", "mount", "yes | no", "no", KIND_BOOL, FIELD(index.read_only), 0, 0, 0, false,
	 "read only: another process may write meanwhile"},
	{"allow_other", "mount", "yes | no", "no", KIND_BOOL, FIELD(mount.allow_other), 0, 0, 0, false, "other users may enter the mount"},
	{"auto_unmount", "mount", "yes | no", "yes", KIND_BOOL, FIELD(mount.auto_unmount), 0, 0, 0, false,
	 "a daemon that dies leaves no dead mount"},
	{"threads", "mount", "number", "0", KIND_COUNT, FIELD(mount.threads), 0, 64, 1, false,
	 "queries evaluated at the same time; 0: eight"},
	{"result_cache", "mount", "bytes", "64M", KIND_BYTES, FIELD(mount.result_cache), 0, UINT64_C(1) << 34, 1, false,
	 "memory for results kept for the next reader"},
	{"cache", "mount", "seconds", "3600", KIND_COUNT, FIELD(mount.cache_s), 0, 86400, 1, false,
	 "how long the kernel keeps unchanged names and sizes"},
	{"k", "query", "hits", "10", KIND_QUERY, 0, 0, 0, 0, 0, false, "how many a query shows, at most 10000"},
	{"op", "query", "or | and", "or", KIND_QUERY, 0, 0, 0, 0, 0, false, "plain words: any may match, or all must"},
	{"rank", "query", "bm25 | tfidf", "bm25", KIND_QUERY, 0, 0, 0, 0, 0, false, "the ranking formula"},
	{"format", "query", "tsv | json | ids | paths | trec", "tsv", KIND_QUERY, 0, 0, 0, 0, 0, false, "what a result looks like"},
	{"snippet", "query", "on | off", "on", KIND_QUERY, 0, 0, 0, 0, 0, false, "show where the words were found"},
	{"max_clauses", "query", "words", "1024", KIND_COUNT, FIELD(limits.max_clauses), 1, 65536, 1, false,
	 "a query of more is refused (E2BIG)"},
	{"max_query_time", "query", "milliseconds", "2000", KIND_COUNT, FIELD(limits.max_ns), 1, 3600000, 1000000, false,
	 "a slower query is ended (ETIMEDOUT)"},
	{"max_query_memory", "query", "bytes", "64M", KIND_BYTES, FIELD(limits.max_memory), 1 << 20, UINT64_C(1) << 34, 1, false,
	 "a query that needs more is ended (ENOMEM)"},
};
enum { NKEYS = sizeof(keys) / sizeof(keys[0]) };
_Static_assert((int)NKEYS <= (int)CONFIG_MAX_KEYS, "struct config has room for every key");

static void put(struct config *c, const struct key *k, uint64_t v)
{
	char *p = (char *)c + k->off;
	if (k->width == sizeof(uint64_t))
		*(uint64_t *)(void *)p = v;
	else if (k->width == sizeof(uint32_t))
		*(uint32_t *)(void *)p = (uint32_t)v;
	else
		*(bool *)(void *)p = v != 0;
}

/* "64M", "64MiB", "64m", "512": powers of 1024. */
static int parse_bytes(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	char *end;
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	uint64_t v = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	const char *u = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (u) {
		unsigned shift = 10 * (unsigned)(u - units + 1);
		if (v > UINT64_MAX >> shift)
			return -EINVAL;
		v <<= shift;
		end++;
	}
	if (*end && strcasecmp(end, "ib") != 0 && strcasecmp(end, "b") != 0)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int parse_count(const char *s, uint64_t *ret)
{
	char *end;
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	*ret = strtoull(s, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int parse_bool(const char *s, uint64_t *ret)
{
	static const char *const yes[] = {"", "yes", "on", "true", "1"}, *const no[] = {"no", "off", "false", "0"};
	for (unsigned i = 0; i < 5; i++)
		if (!strcasecmp(s, yes[i]))
			return (int)(*ret = 1) - 1;
	for (unsigned i = 0; i < 4; i++)
		if (!strcasecmp(s, no[i]))
			return (int)(*ret = 0);
	return -EINVAL;
}

static int set_durability(struct config *c, const char *value)
{
	static const char *const names[] = {
		[DURABILITY_WRITE] = "write", [DURABILITY_CLOSE] = "close", [DURABILITY_BATCH] = "batch", [DURABILITY_NONE] = "none"};
	uint64_t ms;
	if (!strncmp(value, "batch:", 6)) {
		if (parse_count(value + 6, &ms) < 0 || ms < 1 || ms > 60000)
			return -EINVAL;
		c->index.durability = DURABILITY_BATCH;
		c->index.batch_ms = (unsigned)ms;
		return 0;
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			c->index.durability = (enum durability)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int out_of_range(const struct key *k, const char *value, const char *origin, struct rk_err *err)
{
	char range[80] = "";
	if (k->max)
		snprintf(range, sizeof(range), ", %llu to %llu", (unsigned long long)k->min, (unsigned long long)k->max);
	return rk_fail(err, -EINVAL, "%s: %s = %s: not a value of this key (%s%s)", origin, k->name, value, k->unit, range);
}

static int set_key(struct config *c, const struct key *k, const char *value, const char *origin, struct rk_err *err)
{
	uint64_t v = 0;
	int rc;
	if (k->kind == KIND_QUERY) {
		rc = query_option_set(&c->query, k->name, value, err);
		if (rc < 0)
			return rk_wrap(err, -EINVAL, "%s", origin);
	} else if (k->kind == KIND_DURABILITY) {
		if (set_durability(c, value) < 0)
			return out_of_range(k, value, origin, err);
	} else {
		rc = k->kind == KIND_BYTES   ? parse_bytes(value, &v)
		     : k->kind == KIND_COUNT ? parse_count(value, &v)
					     : parse_bool(value, &v);
		if (rc < 0 || (k->kind != KIND_BOOL && (v < k->min || v > k->max)))
			return out_of_range(k, value, origin, err);
		put(c, k, k->zero_is_max && v == 0 ? UINT_MAX : k->kind == KIND_COUNT ? v * k->scale : v);
	}
	snprintf(c->origin[k - keys], CONFIG_ORIGIN, "%s", origin);
	snprintf(c->value[k - keys], sizeof(c->value[0]), "%s", k->kind == KIND_BOOL ? (v ? "yes" : "no") : value);
	return 0;
}

static const struct key *find(const char *name)
{
	for (unsigned i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static int unknown(const char *name, const char *origin, struct rk_err *err)
{
	const char *names[NKEYS + 1];
	for (unsigned i = 0; i < NKEYS; i++)
		names[i] = keys[i].name;
	names[NKEYS] = NULL;
	const char *near = nearest(name, names);
	if (near)
		return rk_fail(err, -EINVAL, "%s: %s: no such key; did you mean %s?", origin, name, near);
	return rk_fail(err, -EINVAL, "%s: %s: no such key; rankfs config lists them", origin, name);
}

int config_set(struct config *c, const char *name, const char *value, const char *origin, struct rk_err *err)
{
	const struct key *k = find(name);
	return k ? set_key(c, k, value, origin, err) : unknown(name, origin, err);
}

/* Written by mount(8) for every file system, or always so here. */
static bool means_nothing(const char *w)
{
	static const char *const words[] = {
		"defaults", "rw",     "nofail", "_netdev", "auto",    "noauto",   "user",       "users", "nouser", "owner",
		"group",    "nosuid", "nodev",  "noexec",  "noatime", "relatime", "nodiratime", "sync",  "async",  "default_permissions"};
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(w, words[i]))
			return true;
	return !strncmp(w, "x-", 2) || !strncmp(w, "X-", 2) || !strncmp(w, "comment=", 8);
}

int config_set_words(struct config *c, const char *words, const char *origin, struct rk_err *err)
{
	int rc = 0;
	char *copy = strdup(words), *save = NULL;
	if (!copy)
		return -ENOMEM;
	for (char *w = strtok_r(copy, ",", &save); w && rc == 0; w = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(w, '=');
		if (means_nothing(w))
			continue;
		if (eq)
			*eq = '\0';
		const struct key *k = find(w);
		if (!eq && k && k->kind != KIND_BOOL)
			rc = rk_fail(err, -EINVAL, "%s: %s: needs a value: %s=%s", origin, w, w, k->value);
		else
			rc = config_set(c, w, eq ? eq + 1 : "", origin, err);
	}
	free(copy);
	return rc;
}

struct file {
	FILE *f;
	const char *path;
	unsigned line;
	struct config *config;
	struct rk_err *err;
	int rc;
};

/* inih asks for one line at a time and calls the handler before it asks for the next: so the count here is the handler's line. */
static char *read_line(char *s, int n, void *arg)
{
	struct file *f = arg;
	char *line = f->rc < 0 ? NULL : fgets(s, n, f->f);
	if (line)
		f->line++;
	if (line && !strchr(line, '\n') && !feof(f->f)) {
		f->rc = rk_fail(f->err, -EINVAL, "%s:%u: the line is longer than %d bytes", f->path, f->line, n - 2);
		return NULL;
	}
	return line;
}

static int handler(void *arg, const char *section, const char *name, const char *value)
{
	struct file *f = arg;
	char origin[CONFIG_ORIGIN];
	if (f->rc < 0)
		return 1;
	snprintf(origin, sizeof(origin), "%s:%u", f->path, f->line);
	const struct key *k = find(name);
	if (k && *section && strcmp(section, k->section) != 0)
		f->rc = rk_fail(f->err, -EINVAL, "%s: %s belongs into [%s], not [%s]", origin, name, k->section, section);
	else
		f->rc = config_set(f->config, name, value, origin, f->err);
	return 1;
}

static int load_file(struct config *c, const char *path, struct rk_err *err)
{
	struct file f = {.path = path, .config = c, .err = err};
	f.f = fopen(path, "re");
	if (!f.f)
		return errno == ENOENT || errno == ENOTDIR ? 0 : rk_fail(err, -errno, "%s: %s", path, strerror(errno));
	int bad_line = ini_parse_stream(read_line, &f, handler, &f);
	if (f.rc == 0 && ferror(f.f))
		f.rc = rk_fail(err, -EIO, "%s: cannot be read", path);
	if (f.rc == 0 && bad_line > 0)
		f.rc = rk_fail(err, -EINVAL, "%s:%d: not \"key = value\", [section] or a comment", path, bad_line);
	fclose(f.f);
	return f.rc;
}

static int load_environment(struct config *c, struct rk_err *err)
{
	for (unsigned i = 0; i < NKEYS; i++) {
		char name[64] = "RANKFS_";
		for (unsigned j = 0; keys[i].name[j]; j++)
			name[7 + j] = (char)toupper((unsigned char)keys[i].name[j]);
		const char *v = getenv(name);
		int rc = v ? set_key(c, &keys[i], v, name, err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	query_options_init(&c->query);
	query_limits_init(&c->limits);
	for (unsigned i = 0; i < NKEYS; i++)
		(void)set_key(c, &keys[i], keys[i].value, "default", NULL);
}

int config_load(struct config *c, const char *index, struct rk_err *err)
{
	char path[PATH_MAX];
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int rc = load_file(c, RANKFS_SYSCONFDIR "/rankfs/rankfs.conf", err);
	if (rc == 0 && ((xdg && *xdg) || home)) {
		snprintf(path, sizeof(path), "%s/%srankfs/config", xdg && *xdg ? xdg : home, xdg && *xdg ? "" : ".config/");
		rc = load_file(c, path, err);
	}
	if (rc == 0 && index) {
		snprintf(path, sizeof(path), "%s/config", index);
		rc = load_file(c, path, err);
	}
	return rc == 0 ? load_environment(c, err) : rc;
}

void config_print_sample(FILE *f)
{
	fputs("# rankfs.conf - every key with its default. Also: ~/.config/rankfs/config, INDEX/config, RANKFS_KEY=..., -o key=value; "
	      "later wins.\n",
	      f);
	for (unsigned i = 0; i < NKEYS; i++) {
		if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
			fprintf(f, "\n[%s]\n", keys[i].section);
		fprintf(f, "# %s (%s)\n#%s = %s\n", keys[i].help, keys[i].unit, keys[i].name, keys[i].value);
	}
}

void config_print(const struct config *c, bool origins, FILE *f)
{
	for (unsigned i = 0; i < NKEYS; i++) {
		if (origins)
			fprintf(f, "%s = %s\t%s\n", keys[i].name, c->value[i], c->origin[i]);
		else
			fprintf(f, "%s = %s\n", keys[i].name, c->value[i]);
	}
}
