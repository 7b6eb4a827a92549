/* terms.c - see terms.h. */
#include "fs/cli/terms.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static int set_option(const struct command *c, struct query_options *q, const char *word)
{
	char name[40];
	struct rk_err err = {{0}};
	const char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	int rc = query_option_set(q, name, eq ? eq + 1 : "", &err);
	const char *near = rc == -ENOENT ? nearest(name, query_option_names()) : NULL;
	if (near)
		say("%s: @%s: no such option; did you mean @%s?", c->name, word, near);
	else if (rc < 0)
		say("%s: @%s: %s", c->name, word, err.msg[0] ? err.msg : strerror(-rc));
	return rc;
}

int terms_take(const struct command *c, struct query_options *q, char **words, int n, struct rk_buf *text)
{
	int rc = 0;
	for (int i = 0; i < n && rc == 0; i++) {
		if (words[i][0] == '@' && isalpha((unsigned char)words[i][1])) {
			rc = set_option(c, q, words[i] + 1);
		} else if (!text) {
			say("%s: %s: only @options may stand here", c->name, words[i]);
			rc = -EINVAL;
		} else {
			rc = text->len ? rk_buf_u8(text, ' ') : 0;
			if (rc == 0)
				rc = rk_buf_str(text, words[i]);
		}
	}
	return rc;
}
