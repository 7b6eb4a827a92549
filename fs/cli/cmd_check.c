/* cmd_check.c - rankfs check: every invariant of doc/format.md over every file. Exit code 0 clean, 1 damage found, 2 could not run. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "core/index/index.h"
#include "fs/cli/cmd.h"

struct check_args {
	bool deep, json;
};

static const struct opt opts[] = {
	{0, "deep", NULL, "decode every posting and every document, too", OPT_FLAG, offsetof(struct check_args, deep)},
	{0, "json", NULL, "one JSON object a finding", OPT_FLAG, offsetof(struct check_args, json)},
	{0},
};

static void print_text(void *arg, const char *invariant, const char *words)
{
	(void)arg;
	printf("%s: %s\n", invariant, words);
}

static void print_json(void *arg, const char *invariant, const char *words)
{
	struct json_object *o = json_object_new_object();
	(void)arg;
	json_object_object_add(o, "invariant", json_object_new_string(invariant));
	json_object_object_add(o, "words", json_object_new_string(words));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct check_args a = {0};
	struct rk_err err = {{0}};
	struct rk_dir *dir = NULL;
	int n, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	rc = dir_fs_open(argv[1], false, &dir, &err);
	if (rc == 0)
		rc = index_check(dir, a.deep, a.json ? print_json : print_text, NULL, &err);
	if (dir)
		dir->ops->close(dir);
	if (rc < 0) {
		say("check: %s: %s", argv[1], err.msg[0] ? err.msg : strerror(-rc));
		return EXIT_TROUBLE;
	}
	if (!a.json)
		printf(rc ? "%s: %d found\n" : "%s: clean\n", argv[1], rc);
	return rc ? EXIT_NO : EXIT_OK;
}

static const char more[] = "Exit code: 0 clean, 1 damage found, 2 could not run. Nothing is changed.";

const struct command cmd_check = {"check", "[--deep] [--json] INDEX", "look for damage", more, opts, 0, run};
