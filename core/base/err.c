/* err.c - error words for humans; see err.h for the rules. */
#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int rk_fail(struct rk_err *err, int rc, const char *fmt, ...)
{
	if (!err || err->msg[0])
		return rc;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return rc;
}

int rk_wrap(struct rk_err *err, int rc, const char *fmt, ...)
{
	if (!err)
		return rc;
	struct rk_err old = *err;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 3 < sizeof(err->msg) && old.msg[0])
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %.*s", (int)(sizeof(err->msg) - (size_t)n - 3), old.msg);
	return rc;
}
