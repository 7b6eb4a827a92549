/* vectors.h - reads test/vectors/NAME line by line: '#' lines are comments; hexadecimal bytes, "-" for none. */
#ifndef TEST_VECTORS_H
#define TEST_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline FILE *vectors_open(const char *name)
{
	const char *src = getenv("SRCDIR");
	char path[4096];
	snprintf(path, sizeof(path), "%s/test/vectors/%s", src ? src : ".", name);
	return fopen(path, "r");
}

/* The number of bytes, or -1 when it is no hexadecimal or does not fit. */
static inline int vectors_hex(const char *s, unsigned char *out, size_t cap)
{
	size_t n = 0;
	if (strcmp(s, "-") == 0)
		return 0;
	for (; s[0] && s[1]; s += 2, n++) {
		unsigned v;
		if (n == cap || sscanf(s, "%2x", &v) != 1)
			return -1;
		out[n] = (unsigned char)v;
	}
	return *s ? -1 : (int)n;
}

#endif
