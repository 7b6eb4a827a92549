/* main.c - finds the command by its name. Every command is a file cmd_NAME.c with one row; the table here is all of them. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/cli/cmd.h"

static const struct command *const commands[] = {
	&cmd_init,   &cmd_mount, &cmd_umount, &cmd_add,  &cmd_query, &cmd_get,    &cmd_rm,
	&cmd_status, &cmd_dump,  &cmd_check,  &cmd_eval, &cmd_bench, &cmd_merge, &cmd_config, NULL,
};

void say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	flockfile(stderr);
	fputs("rankfs: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	funlockfile(stderr);
	va_end(ap);
}

static void usage(FILE *f)
{
	fputs("Usage: rankfs COMMAND ...\nA search index that is mounted as a folder: write files to add documents, read files to "
	      "search.\n\n",
	      f);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(f, "  %-8s %s\n", (*c)->name, (*c)->help);
	fputs("\nrankfs COMMAND --help tells more; rankfs --version.\n", f);
}

static int unknown_command(const char *word)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	unsigned n = 0;
	for (const struct command *const *c = commands; *c; c++)
		names[n++] = (*c)->name;
	names[n] = NULL;
	const char *near = nearest(word, names);
	if (near)
		say("%s: no such command; did you mean %s?", word, near);
	else
		say("%s: no such command; rankfs --help lists them", word);
	return EXIT_TROUBLE;
}

/* What was printed must have arrived: a full disk behind stdout is an error, a reader that went away is none. */
static int finish(int code)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("standard output: %s", strerror(errno ? errno : EIO));
		return EXIT_TROUBLE;
	}
	return code;
}

static const struct command *find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

/* Memory that a memtable or a merge needed goes back to the system when it is freed, and threads share their heaps: the bound on memory is one on what
 * `ps` shows, too. */
static void tame_malloc(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

int main(int argc, char **argv)
{
	tame_malloc();
	if (argc < 2) {
		usage(stderr);
		return EXIT_TROUBLE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("rankfs " RANKFS_VERSION);
		return finish(EXIT_OK);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		const struct command *about = argc > 2 ? find(argv[2]) : NULL;
		if (argc > 2 && !about)
			return unknown_command(argv[2]);
		if (about)
			options_help(about);
		else
			usage(stdout);
		return finish(EXIT_OK);
	}
	const struct command *c = find(argv[1]);
	return c ? finish(c->run(c, argc - 1, argv + 1)) : unknown_command(argv[1]);
}
