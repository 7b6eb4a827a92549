/* jsonscan_private.h - strict JSON (RFC 8259) over bytes in memory: where values begin and end, and strings without their escapes. Allocates nothing.
 *
 * Stricter than json-c 0.16, which also with JSON_TOKENER_STRICT takes NaN, "2.", -01 and tabs in strings, ends a key at \u0000, makes one half of a
 * surrogate pair U+FFFD, and turns 99999999999999999999 into 18446744073709551615: ids would collide and fields would change. A test compares.
 */
#ifndef CORE_INDEX_JSONSCAN_PRIVATE_H
#define CORE_INDEX_JSONSCAN_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_kind { JSON_STRING, JSON_INTEGER, JSON_NUMBER, JSON_OBJECT, JSON_ARRAY, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_span {
	const char *p; /* a string with its quotes */
	size_t len;
	enum json_kind kind;
};

struct json_scan {
	const char *p, *end;
	const char *why; /* what is wrong at p, once something is */
};

void json_space(struct json_scan *);
bool json_sign(struct json_scan *, char c, const char *why);	 /* this character comes next and is consumed, or `why` is set */
bool json_string(struct json_scan *, struct json_span *ret);	 /* a string comes next */
bool json_value(struct json_scan *, struct json_span *ret);	 /* any value, of at most JSON_DEPTH_MAX levels */
int json_unescape(const struct json_span *string, struct rk_buf *); /* of a scanned string; appends */
int json_minify(const struct json_span *, struct rk_buf *);	 /* of a scanned value; appends it without the space between its parts */

#endif
