/* cmd_status.c - rankfs status: how an index is, the text of MNT/status/summary, or one JSON object. Exit code 0 ok, 1 not ok, 2 could not
 * tell. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "fs/cli/session.h"
#include "fs/status.h"

struct status_args {
	bool json;
	struct opt_list o;
};

static const struct opt opts[] = {
	{0, "json", NULL, "one JSON object", OPT_FLAG, offsetof(struct status_args, json)},
	SESSION_OPT(offsetof(struct status_args, o)),
	{0},
};

struct row {
	const char *name;
	uint64_t value;
};

static void print_json(const struct index_status *st, const struct row *rows, size_t n, const char *language)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "health", json_object_new_string(st->health));
	json_object_object_add(o, "why", json_object_new_string(st->health_why));
	json_object_object_add(o, "language", json_object_new_string(language));
	for (size_t i = 0; i < n; i++)
		json_object_object_add(o, rows[i].name, json_object_new_uint64(rows[i].value));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* The bytes of MNT/status/summary. */
static int print_text(struct session *s)
{
	struct rk_buf text = {0};
	struct rk_err err = {{0}};
	int rc = status_text(s->index, NULL, "summary", &text);
	if (rc < 0)
		session_say(s, rc, &err);
	else
		fwrite(text.data, 1, text.len, stdout);
	rk_buf_done(&text);
	return rc;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct status_args a = {0};
	struct session s;
	struct index_status st;
	char mnt[4096];
	int n, code, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	if (session_open(&s, c, argv[1], SESSION_READ, &a.o, &code) < 0)
		return code;
	if (session_snapshot(&s) < 0)
		return session_close(&s, EXIT_TROUBLE);
	index_get_status(s.index, &st);
	const struct row rows[] = {{"generation", st.generation},       {"documents", st.ndocs},       {"segments", st.nsegments},
				   {"segment_bytes", st.segment_bytes}, {"text_bytes", st.text_bytes}, {"in_memory", st.memtable_docs},
				   {"memory_bytes", st.memtable_bytes}, {"wal_bytes", st.wal_bytes}};
	if (a.json)
		print_json(&st, rows, sizeof(rows) / sizeof(rows[0]), index_get_params(s.index)->analyzer.language);
	else if (print_text(&s) < 0)
		return session_close(&s, EXIT_TROUBLE);
	if (!a.json && mounted_at(argv[1], mnt, sizeof(mnt)))
		printf("mounted      %s\n", mnt);
	/* This handle only reads, and says so; what matters is whether anything is damaged. */
	return session_close(&s, !strcmp(st.health, "degraded") ? EXIT_NO : EXIT_OK);
}

const struct command cmd_status = {
	"status", "[--json] INDEX", "how an index is, in numbers", "Exit code: 0 ok, 1 degraded, 2 could not tell.", opts, 0, run};
