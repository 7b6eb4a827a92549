/* names.c - names and watchers' memory; see names_private.h. */
#include "core/dir/names_private.h"

#include <stdlib.h>
#include <string.h>

struct seen_one {
	char *name;
	int64_t size;
	uint64_t gen;
};

static bool part_ok(const char *p, size_t n)
{
	if (n == 0 || n > PART_BYTES_MAX || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
			return false;
	}
	return true;
}

static bool parts_ok(const char *name, bool folder)
{
	if (strnlen(name, NAME_BYTES_MAX) == NAME_BYTES_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(name, "/");
		if (!part_ok(name, n))
			return false;
		if (!name[n])
			return true;
		name += n + 1;
		if (folder && !*name)
			return true;
	}
}

bool name_ok(const char *name)
{
	return name && parts_ok(name, false);
}

bool name_prefix_ok(const char *prefix)
{
	return prefix && (!*prefix || parts_ok(prefix, true));
}

void name_folder(const char *name, char *ret)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;
	memmove(ret, name, n); /* ret may be name */
	ret[n] = '\0';
}

bool seen_changed(struct seen *s, const char *name, int64_t size, uint64_t gen)
{
	struct seen_one *o = NULL;
	for (size_t i = 0; i < s->n && !o; i++)
		o = strcmp(s->v[i].name, name) == 0 ? &s->v[i] : NULL;
	if (o) {
		bool changed = o->size != size || o->gen != gen;
		o->size = size;
		o->gen = gen;
		return changed;
	}
	if (size < 0)
		return false;
	struct seen_one *v = realloc(s->v, (s->n + 1) * sizeof(*v));
	if (v) {
		s->v = v;
		v[s->n] = (struct seen_one){.name = strdup(name), .size = size, .gen = gen};
		s->n += v[s->n].name != NULL;
	}
	return true; /* out of memory: a needless wake-up */
}

void seen_done(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	*s = (struct seen){0};
}
