/* parse.c - recursive descent over the query text, bounded in depth and clauses; see parse.h. */
#include "core/query/parse.h"

#include <errno.h>
#include <string.h>

enum token_kind { T_END, T_WORD, T_PHRASE, T_OPEN, T_CLOSE, T_PLUS, T_MINUS, T_AND, T_OR, T_NOT };

struct parser {
	struct scratch *mem;
	const char *start, *p, *end;
	enum token_kind tok; /* the token that comes next ... */
	const char *at;	     /* ... where it begins ... */
	const char *text;    /* ... and its bytes */
	size_t len;
	double boost;
	bool op_and;
	unsigned depth;
	uint32_t clauses, max_clauses;
	struct rk_err *err;
};

static uint32_t column(const struct parser *p, const char *at)
{
	return (uint32_t)(at - p->start) + 1;
}

static bool is_space(char c)
{
	return (unsigned char)c <= ' ';
}

static bool ends_word(char c)
{
	return is_space(c) || c == '"' || c == '(' || c == ')';
}

/* "^2.5" right behind a word, a phrase or a group. Digits with at most one point; 0.001 to 1000. */
static int take_boost(struct parser *p, const char **ret_end, double *ret)
{
	const char *q = p->p;
	double v = 0, scale = 0;
	unsigned digits = 0;
	*ret = 1;
	*ret_end = p->p;
	if (q == p->end || *q != '^')
		return 0;
	for (q++; q < p->end && ((*q >= '0' && *q <= '9') || (*q == '.' && !scale)); q++) {
		if (*q == '.') {
			scale = 1;
		} else {
			v = v * 10 + (*q - '0');
			scale *= 10;
			if (++digits > 9)
				break;
		}
	}
	if (scale)
		v /= scale;
	if (!digits || (q < p->end && !ends_word(*q)) || !(v >= 0.001 && v <= 1000))
		return rk_fail(p->err, -EINVAL, "column %u: a weight is a number from 0.001 to 1000 behind '^'", column(p, p->p));
	*ret = v;
	*ret_end = q;
	return 0;
}

static int take_phrase(struct parser *p)
{
	const char *close = memchr(p->p + 1, '"', (size_t)(p->end - p->p - 1));
	if (!close)
		return rk_fail(p->err, -EINVAL, "column %u: this quotation mark is never closed", column(p, p->at));
	p->tok = T_PHRASE;
	p->text = p->p + 1;
	p->len = (size_t)(close - p->text);
	p->p = close + 1;
	return take_boost(p, &p->p, &p->boost);
}

/* A word ends at a space, a quotation mark or a parenthesis; "^" with a good number at its end is its weight. */
static int take_word(struct parser *p)
{
	const char *q = p->p, *caret = NULL;
	for (; q < p->end && !ends_word(*q); q++)
		if (*q == '^')
			caret = q;
	p->tok = T_WORD;
	p->text = p->p;
	p->boost = 1;
	p->len = (size_t)(q - p->p);
	if (caret && caret > p->p) {
		struct rk_err ignored = {{0}}, *err = p->err;
		const char *end;
		double boost;
		p->p = caret;
		p->err = &ignored;
		if (take_boost(p, &end, &boost) == 0 && end == q) {
			p->boost = boost;
			p->len = (size_t)(caret - p->text);
		}
		p->err = err;
	}
	p->p = q;
	if (p->len == 3 && memcmp(p->text, "AND", 3) == 0)
		p->tok = T_AND;
	else if (p->len == 3 && memcmp(p->text, "NOT", 3) == 0)
		p->tok = T_NOT;
	else if (p->len == 2 && memcmp(p->text, "OR", 2) == 0)
		p->tok = T_OR;
	return 0;
}

static int next_token(struct parser *p)
{
	while (p->p < p->end && is_space(*p->p))
		p->p++;
	p->at = p->p;
	if (p->p == p->end) {
		p->tok = T_END;
		return 0;
	}
	switch (*p->p) {
	case '"':
		return take_phrase(p);
	case '(':
		p->tok = T_OPEN;
		break;
	case ')':
		p->tok = T_CLOSE;
		break;
	case '+':
		p->tok = T_PLUS;
		break;
	case '-':
		p->tok = T_MINUS;
		break;
	default:
		return take_word(p);
	}
	p->p++;
	return 0;
}

static struct qnode *new_node(struct parser *p, enum qkind kind, const char *at)
{
	struct qnode *n = scratch_alloc(p->mem, sizeof(*n));
	if (n)
		*n = (struct qnode){.kind = kind, .column = column(p, at), .boost = 1};
	return n;
}

static int parse_or(struct parser *p, struct qnode **ret);

static int parse_group(struct parser *p, struct qnode **ret)
{
	const char *open = p->at;
	int rc = next_token(p);
	if (rc < 0)
		return rc;
	if (p->tok == T_CLOSE)
		return rk_fail(p->err, -EINVAL, "column %u: nothing stands in these parentheses", column(p, open));
	rc = parse_or(p, ret);
	if (rc < 0)
		return rc;
	if (p->tok != T_CLOSE)
		return rk_fail(p->err, -EINVAL, "column %u: this parenthesis is never closed", column(p, open));
	double boost;
	rc = take_boost(p, &p->p, &boost);
	(*ret)->boost *= boost;
	return rc < 0 ? rc : next_token(p);
}

static int parse_item(struct parser *p, struct qnode **ret)
{
	if (p->tok == T_OPEN)
		return parse_group(p, ret);
	if (++p->clauses > p->max_clauses)
		return rk_fail(p->err, -E2BIG, "column %u: more than %u words and phrases", column(p, p->at), p->max_clauses);
	struct qnode *n = new_node(p, p->tok == T_PHRASE ? Q_PHRASE : Q_WORD, p->at);
	if (!n)
		return -ENOMEM;
	n->text = p->text;
	n->len = (uint32_t)p->len;
	n->boost = p->boost;
	*ret = n;
	return next_token(p);
}

static const char *name_of(enum token_kind t)
{
	static const char *const names[] = {[T_END] = "the end", [T_WORD] = "a word", [T_PHRASE] = "a phrase", [T_OPEN] = "'('", [T_CLOSE] = "')'",
					    [T_PLUS] = "'+'", [T_MINUS] = "'-'", [T_AND] = "AND", [T_OR] = "OR", [T_NOT] = "NOT"};
	return names[t];
}

static bool begins_item(enum token_kind t)
{
	return t == T_WORD || t == T_PHRASE || t == T_OPEN || t == T_PLUS || t == T_MINUS || t == T_NOT;
}

/* An even number of negations is none; a '+' says nothing beside a '-'. */
static int parse_unary(struct parser *p, struct qnode **ret)
{
	enum occur occur = OCCUR_SHOULD;
	while (p->tok == T_PLUS || p->tok == T_MINUS || p->tok == T_NOT) {
		enum token_kind op = p->tok;
		const char *at = p->at;
		if (op != T_PLUS)
			occur = occur == OCCUR_NOT ? OCCUR_MUST : OCCUR_NOT;
		else if (occur == OCCUR_SHOULD)
			occur = OCCUR_MUST;
		bool glued = op == T_NOT || (p->p < p->end && !is_space(*p->p));
		int rc = next_token(p);
		if (rc < 0)
			return rc;
		if (!glued || !begins_item(p->tok))
			return rk_fail(p->err, -EINVAL, "column %u: %s stands alone", column(p, at), name_of(op));
	}
	if (!begins_item(p->tok))
		return rk_fail(p->err, -EINVAL, "column %u: a word was expected before %s", column(p, p->at), name_of(p->tok));
	int rc = parse_item(p, ret);
	if (rc == 0)
		(*ret)->occur = occur;
	return rc;
}

/* A group of one is that one, unless it is a lone negation, which only a group can hold. */
static struct qnode *wrap(struct parser *p, struct qnode *first)
{
	struct qnode *g = new_node(p, Q_BOOL, p->start + first->column - 1);
	if (g)
		g->child = first;
	return g;
}

static int parse_and(struct parser *p, struct qnode **ret)
{
	struct qnode *first, **tail;
	int rc = parse_unary(p, &first);
	if (rc < 0 || p->tok != T_AND) {
		*ret = first;
		return rc;
	}
	for (tail = &first->next; rc == 0 && p->tok == T_AND; tail = &(*tail)->next) {
		const char *at = p->at;
		rc = next_token(p);
		if (rc == 0 && !begins_item(p->tok))
			rc = rk_fail(p->err, -EINVAL, "column %u: AND has nothing on its right", column(p, at));
		if (rc == 0)
			rc = parse_unary(p, tail);
		if (rc < 0)
			return rc;
	}
	for (struct qnode *n = first; n; n = n->next)
		if (n->occur == OCCUR_SHOULD)
			n->occur = OCCUR_MUST;
	*ret = wrap(p, first);
	return *ret ? 0 : -ENOMEM;
}

static int parse_list(struct parser *p, struct qnode **ret)
{
	struct qnode *first = NULL, **tail = &first;
	while (begins_item(p->tok)) {
		int rc = parse_and(p, tail);
		if (rc < 0)
			return rc;
		if (p->op_and && (*tail)->occur == OCCUR_SHOULD)
			(*tail)->occur = OCCUR_MUST;
		tail = &(*tail)->next;
	}
	if (!first)
		return rk_fail(p->err, -EINVAL, "column %u: a word was expected before %s", column(p, p->at), name_of(p->tok));
	*ret = first->next || first->occur == OCCUR_NOT ? wrap(p, first) : first;
	if (!*ret)
		return -ENOMEM;
	(*ret)->occur = OCCUR_SHOULD;
	return 0;
}

static int parse_or(struct parser *p, struct qnode **ret)
{
	struct qnode *first, **tail;
	if (++p->depth > PARSE_DEPTH_MAX)
		return rk_fail(p->err, -E2BIG, "column %u: nested more than %d deep", column(p, p->at), PARSE_DEPTH_MAX);
	int rc = parse_list(p, &first);
	if (rc < 0)
		return rc;
	for (tail = &first->next; p->tok == T_OR; tail = &(*tail)->next) {
		const char *at = p->at;
		rc = next_token(p);
		if (rc == 0 && !begins_item(p->tok))
			rc = rk_fail(p->err, -EINVAL, "column %u: OR has nothing on its right", column(p, at));
		if (rc == 0)
			rc = parse_list(p, tail);
		if (rc < 0)
			return rc;
	}
	p->depth--;
	*ret = first->next ? wrap(p, first) : first;
	return *ret ? 0 : -ENOMEM;
}

int parse_query(struct scratch *mem, const char *text, size_t len, bool op_and, uint32_t max_clauses, struct qnode **ret, struct rk_err *err)
{
	struct parser p = {.mem = mem, .start = text, .p = text, .end = text + len, .op_and = op_and, .max_clauses = max_clauses, .err = err, .boost = 1};
	if (len > UINT32_MAX / 2)
		return rk_fail(err, -E2BIG, "the query has more than %u bytes", UINT32_MAX / 2);
	int rc = next_token(&p);
	if (rc == 0 && p.tok == T_END)
		return rk_fail(err, -EINVAL, "column 1: the query is empty");
	struct qnode *n = NULL;
	if (rc == 0)
		rc = parse_or(&p, &n);
	if (rc == 0 && p.tok != T_END)
		rc = rk_fail(err, -EINVAL, "column %u: %s was not expected here", column(&p, p.at), name_of(p.tok));
	if (rc == 0)
		*ret = n;
	return rc;
}
