/* session.h - an opened index with its settings: what every command that works without a mount begins with. */
#ifndef FS_CLI_SESSION_H
#define FS_CLI_SESSION_H

#include "fs/cli/cmd.h"
#include "fs/cli/config.h"

/* The row that every command with an index has. */
#define SESSION_OPT(off)                                                                            \
	{                                                                                           \
		'o', "option", "KEY=VALUE", "a setting of rankfs.conf, for this run", OPT_LIST, off \
	}

enum session_mode { SESSION_READ, SESSION_WRITE };

struct session {
	const char *command, *path;
	struct config config;
	struct rk_dir *dir;
	struct index *index;
	struct snapshot *snapshot; /* session_snapshot() */
	struct analyzer *analyzer;
	char holder[64];
};

/* Loads the settings (then every -o word), opens the index. All errors are said; the exit code in *ret_code when it is not 0. */
int session_open(struct session *, const struct command *, const char *path, enum session_mode, const struct opt_list *o, int *ret_code);
/* The newest content, and an analyzer for queries: filled in, said when it fails. */
int session_snapshot(struct session *);
/* Closes; returns code, or EXIT_TROUBLE (said) when closing failed. */
int session_close(struct session *, int code);
/* "rankfs: command: path: words" for an error of core/; the errno's own words when it gave none. */
void session_say(const struct session *, int rc, const struct rk_err *);

/* Where an index is mounted by rankfs (from the kernel's table of mounts); false: nowhere that we can see. */
bool mounted_at(const char *index, char *ret, size_t cap);

#endif
