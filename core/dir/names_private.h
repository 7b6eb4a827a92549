/* names_private.h - what all backends share about names: which are allowed, and which generation of an object a watcher saw last. */
#ifndef CORE_DIR_NAMES_PRIVATE_H
#define CORE_DIR_NAMES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAME_BYTES_MAX = 512, PART_BYTES_MAX = 200 }; /* leaves room for the suffix of a temporary */

bool name_ok(const char *name);			  /* parts of [A-Za-z0-9_.-], none empty, "." or ".." */
bool name_prefix_ok(const char *prefix);	  /* "" or a name, perhaps with a '/' behind */
void name_folder(const char *name, char *ret);	  /* "" for a name without '/'; ret has NAME_BYTES_MAX bytes */

struct seen {
	struct seen_one *v;
	size_t n;
};

/* Remembers (size, first 8 bytes) of name; true when it differs from what was remembered, or nothing was and the object is there (size >= 0). */
bool seen_changed(struct seen *s, const char *name, int64_t size, uint64_t gen);
void seen_done(struct seen *s);

#endif
