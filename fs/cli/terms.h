/* terms.h - the words behind INDEX: "@name=value" sets an option of the query, the others are its text, joined by blanks. */
#ifndef FS_CLI_TERMS_H
#define FS_CLI_TERMS_H

#include "fs/cli/session.h"

/* 0, or -errno, said. text may be NULL where only options may stand. A word "@" without a letter behind is text. */
int terms_take(const struct command *, struct query_options *, char **words, int n, struct rk_buf *text);

#endif
