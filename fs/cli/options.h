/* options.h - one table of options a command: parsing and --help come from it. Usage errors are said on stderr. */
#ifndef FS_CLI_OPTIONS_H
#define FS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum opt_kind {
	OPT_FLAG,  /* bool */
	OPT_VALUE, /* const char *, the last one given wins */
	OPT_LIST,  /* struct opt_list, every one given */
};

enum { OPT_LIST_MAX = 64 };
struct opt_list {
	const char *v[OPT_LIST_MAX];
	unsigned n;
};

struct opt {
	char letter;       /* 0: none */
	const char *name;  /* long name without the dashes; NULL ends the table */
	const char *value; /* what the value is called in the help: "FILE" */
	const char *help;
	enum opt_kind kind;
	size_t off; /* where in the command's struct */
};
#define OPT_HELP_WIDTH 24

struct command;
/* Fills `into` by the table and moves the positional words to the front of argv (argv[0] first, order kept; ret_n counts them without
 * argv[0]). 0; 1: --help was asked for and printed; -EINVAL: a usage error, said. */
int options_parse(const struct command *, int argc, char **argv, void *into, int *ret_n);
/* -EINVAL and the words when there are fewer than min or more than max positionals. */
int options_count(const struct command *, int n, int min, int max);
void options_help(const struct command *);

/* The name in the list (ends with NULL) that a person most likely meant, or NULL. */
const char *nearest(const char *word, const char *const *names);

#endif
