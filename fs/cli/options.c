/* options.c - see options.h. Long and short options anywhere among the words, "--" ends them, as GNU tools do. */
#include "fs/cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/cli/cmd.h"

enum { NAME_MAX_LEN = 40 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	unsigned m = (unsigned)strlen(b);
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned up = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = up;
		}
	}
	return row[m];
}

const char *nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(word) / 3 + 2;
	if (strlen(word) > NAME_MAX_LEN)
		return NULL;
	for (; *names; names++) {
		unsigned d = strlen(*names) > NAME_MAX_LEN ? least : distance(word, *names);
		if (d < least) {
			least = d;
			best = *names;
		}
	}
	return best;
}

static void help_row(const struct opt *o)
{
	char left[80];
	int n = o->letter ? snprintf(left, sizeof(left), "-%c, --%s", o->letter, o->name)
			  : snprintf(left, sizeof(left), "    --%s", o->name);
	if (o->value)
		snprintf(left + n, sizeof(left) - (size_t)n, "%c%s", o->kind == OPT_FLAG ? ' ' : '=', o->value);
	printf("  %-*s %s\n", OPT_HELP_WIDTH, left, o->help);
}

void options_help(const struct command *c)
{
	static const struct opt help = {'h', "help", NULL, "this text", OPT_FLAG, 0};
	printf("Usage: rankfs %s %s\n%s\n", c->name, c->usage, c->help);
	if (c->more)
		printf("\n%s\n", c->more);
	printf("\nOptions:\n");
	for (const struct opt *o = c->opts; o && o->name; o++)
		help_row(o);
	help_row(&help);
}

int options_count(const struct command *c, int n, int min, int max)
{
	if (n >= min && n <= max)
		return 0;
	say("%s: %s; usage: rankfs %s %s", c->name, n < min ? "something is missing" : "too many words", c->name, c->usage);
	return -EINVAL;
}

static int store(const struct command *c, const struct opt *o, const char *value, char *into)
{
	if (o->kind == OPT_FLAG) {
		*(bool *)(void *)(into + o->off) = true;
	} else if (o->kind == OPT_VALUE) {
		*(const char **)(void *)(into + o->off) = value;
	} else {
		struct opt_list *l = (struct opt_list *)(void *)(into + o->off);
		if (l->n == OPT_LIST_MAX) {
			say("%s: --%s: given more than %d times", c->name, o->name, OPT_LIST_MAX);
			return -EINVAL;
		}
		l->v[l->n++] = value;
	}
	return 0;
}

static int unknown(const struct command *c, const char *word, const char *name)
{
	const char *names[32];
	unsigned n = 0;
	for (const struct opt *o = c->opts; o && o->name && n < 30; o++)
		names[n++] = o->name;
	names[n++] = "help";
	names[n] = NULL;
	const char *near = nearest(name, names);
	if (near)
		say("%s: %s: no such option; did you mean --%s?", c->name, word, near);
	else
		say("%s: %s: no such option; see rankfs %s --help", c->name, word, c->name);
	return -EINVAL;
}

struct scan {
	const struct command *c;
	char **argv;
	int argc, i;
	char *into;
};

static int no_value(const struct scan *s, const struct opt *o)
{
	say("%s: --%s: needs a value: --%s=%s", s->c->name, o->name, o->name, o->value);
	return -EINVAL;
}

static int long_option(struct scan *s, const char *word)
{
	char name[NAME_MAX_LEN + 1];
	const char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	if (!strcmp(name, "help"))
		return 1;
	for (const struct opt *o = s->c->opts; o && o->name; o++) {
		if (strcmp(o->name, name) != 0 || len > NAME_MAX_LEN)
			continue;
		if (o->kind == OPT_FLAG && eq) {
			say("%s: --%s: takes no value", s->c->name, o->name);
			return -EINVAL;
		}
		if (o->kind != OPT_FLAG && !eq && s->i + 1 >= s->argc)
			return no_value(s, o);
		return store(s->c, o, eq ? eq + 1 : o->kind == OPT_FLAG ? NULL : s->argv[++s->i], s->into);
	}
	return unknown(s->c, word - 2, name);
}

/* A word of letters: "-fd", "-ofile", "-o file". */
static int letters(struct scan *s, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct opt *o = s->c->opts;
		if (*p == 'h')
			return 1;
		while (o && o->name && o->letter != *p)
			o++;
		if (!o || !o->name)
			return unknown(s->c, word, word + 1);
		if (o->kind == OPT_FLAG) {
			store(s->c, o, NULL, s->into);
			continue;
		}
		if (!p[1] && s->i + 1 >= s->argc)
			return no_value(s, o);
		return store(s->c, o, p[1] ? p + 1 : s->argv[++s->i], s->into);
	}
	return 0;
}

int options_parse(const struct command *c, int argc, char **argv, void *into, int *ret_n)
{
	struct scan s = {c, argv, argc, 1, into};
	int n = 0;
	for (bool ended = false; s.i < argc; s.i++) {
		char *w = argv[s.i];
		bool free_word = c->free_after && n >= (int)c->free_after && !(w[0] == '-' && w[1] == '-');
		int rc = 0;
		if (ended || w[0] != '-' || !w[1] || free_word)
			argv[++n] = w;
		else if (!strcmp(w, "--"))
			ended = true;
		else
			rc = w[1] == '-' ? long_option(&s, w + 2) : letters(&s, w);
		if (rc == 1)
			options_help(c);
		if (rc)
			return rc;
	}
	*ret_n = n;
	return 0;
}
