/* path.c - ids as paths below docs/ and back: only what a path cannot hold is percent-encoded. */
#include <errno.h>
#include <string.h>

#include "core/query/query.h"

/* A part that is "." or "..". */
static bool is_dots(const char *part, size_t n)
{
	return n && n <= 2 && part[0] == '.' && part[n - 1] == '.';
}

/* '/' that would make an empty part: at either end, or behind another that stands as itself. */
int id_to_path(const void *id, size_t len, struct rk_buf *ret)
{
	const char *p = id, *end = p + len;
	bool begins = true; /* a part begins at p */
	int rc = 0;
	while (p < end && rc == 0) {
		if (*p == '/') {
			bool plain = !begins && p + 1 < end;
			rc = plain ? rk_buf_u8(ret, '/') : rk_buf_str(ret, "%2F");
			begins = plain;
			p++;
			continue;
		}
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);
		bool dots = begins && is_dots(p, n);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = dots ? rk_buf_str(ret, "%2E") : p[i] == '%' ? rk_buf_str(ret, "%25") : rk_buf_u8(ret, (uint8_t)p[i]);
		begins = false;
		p += n;
	}
	return rc;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int path_to_id(const char *path, size_t len, struct rk_buf *ret)
{
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)path[i];
		if (c == '%') {
			int hi = len - i > 2 ? hex(path[i + 1]) : -1, lo = len - i > 2 ? hex(path[i + 2]) : -1;
			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return -EINVAL;
			c = hi << 4 | lo;
			i += 2;
		}
		int rc = rk_buf_u8(ret, (uint8_t)c);
		if (rc < 0)
			return rc;
	}
	return 0;
}
