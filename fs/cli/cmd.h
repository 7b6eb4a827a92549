/* cmd.h - what a command is: a row that main.c finds by name; help and parsing come from its option table. */
#ifndef FS_CLI_CMD_H
#define FS_CLI_CMD_H

#include "fs/cli/options.h"

enum { EXIT_OK = 0, EXIT_NO = 1, EXIT_TROUBLE = 2 }; /* as grep: found, nothing (or some input was refused), could not run */

struct command {
	const char *name;
	const char *usage;      /* behind "rankfs NAME" */
	const char *help;       /* one line */
	const char *more;       /* further lines for --help, or NULL */
	const struct opt *opts; /* ends with a row without a name; NULL: none */
	unsigned free_after;    /* 0, or: from this positional on, words that begin with one '-' are no options (a query's -not) */
	int (*run)(const struct command *, int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

extern const struct command cmd_add, cmd_bench, cmd_check, cmd_config, cmd_dump, cmd_eval, cmd_get, cmd_init, cmd_merge, cmd_mount, cmd_query, cmd_rm,
	cmd_status, cmd_umount;

/* "rankfs: what: why" on stderr. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
