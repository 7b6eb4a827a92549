/* parse.h - query text to a tree of words, phrases and groups. Grammar: doc/query.md.
 *
 *   query  := list { "OR" list }
 *   list   := and { and }                      juxtaposed: any may match, or all with op=and
 *   and    := unary { "AND" unary }
 *   unary  := ("+" | "-" | "NOT") unary | item
 *   item   := WORD | '"' bytes '"' | "(" query ")"     each may be followed by "^" NUMBER
 *
 * Bytes are arbitrary; what a word becomes is the analyzer's business (plan.h). Nothing is copied: nodes point into the text. */
#ifndef CORE_QUERY_PARSE_H
#define CORE_QUERY_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/query/scratch.h"

enum { PARSE_DEPTH_MAX = 100 };

enum occur { OCCUR_SHOULD, OCCUR_MUST, OCCUR_NOT };
enum qkind { Q_WORD, Q_PHRASE, Q_BOOL };

struct qnode {
	enum qkind kind;
	enum occur occur; /* within its parent */
	uint32_t column;  /* from 1 */
	uint32_t len;
	const char *text; /* of a word or phrase */
	double boost;
	struct qnode *child, *next; /* of a group: the first; the next in the same group */
};

/* -EINVAL with "column N: ..."; -E2BIG: more than max_clauses words and phrases, or nested too deeply; -ENOMEM. */
int parse_query(struct scratch *, const char *text, size_t len, bool op_and, uint32_t max_clauses, struct qnode **ret, struct rk_err *err);

#endif
