/* snippet.c - finds the words of a query in a text again and cuts the best piece out; see snippet.h.
 *
 * Best: the most different words within SNIPPET_BYTES, then the most words, then the earliest. */
#include "core/query/snippet.h"

#include <errno.h>
#include <string.h>

enum { MATCHES_MAX = 1024, BORDER_SEARCH = 40 };

struct snippet_match {
	uint32_t start, end, word;
};

static int collect(struct snippet_words *w, const struct pnode *n)
{
	if (n->kind == P_BOOL) {
		for (const struct pnode *c = n->child; c; c = c->next)
			if (c->occur != OCCUR_NOT)
				collect(w, c);
		return 0;
	}
	for (uint32_t i = 0; i < (n->kind == P_TERM ? 1 : n->nterms); i++) {
		uint32_t same = w->plan->terms[n->term + i].same, k = 0;
		while (k < w->n && w->terms[k] != same)
			k++;
		if (k == w->n)
			w->terms[w->n++] = same;
	}
	return 0;
}

int snippet_words_init(struct snippet_words *w, const struct plan *plan)
{
	*w = (struct snippet_words){.plan = plan};
	w->terms = scratch_alloc(plan->mem, (plan->nterms + 1) * sizeof(*w->terms));
	w->matches = scratch_alloc(plan->mem, MATCHES_MAX * sizeof(*w->matches));
	if (!w->terms || !w->matches)
		return -ENOMEM;
	return plan->root ? collect(w, plan->root) : 0;
}

unsigned utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	if (len == 1)
		return 1;
	uint32_t c = p[0] & (0x7fu >> len);
	for (unsigned i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static uint32_t find_matches(struct snippet_words *w, struct analyzer *an, const char *text, size_t len)
{
	uint32_t n = 0;
	struct token t;
	analyzer_begin(an, text, len);
	while (n < MATCHES_MAX && analyzer_next(an, &t))
		for (uint32_t i = 0; i < w->n; i++) {
			const struct pterm *p = &w->plan->terms[w->terms[i]];
			if (p->len == t.len && memcmp(p->term, t.term, t.len) == 0) {
				w->matches[n++] = (struct snippet_match){t.start, t.end, i};
				break;
			}
		}
	return n;
}

/* The matches [*ret_first, *ret_last] of the best piece. Different words are counted up to 64. */
static void best_piece(const struct snippet_match *m, uint32_t n, uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t best = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t words = 0;
		uint32_t j = i;
		for (; j < n && m[j].end - m[i].start <= SNIPPET_BYTES; j++)
			words |= UINT64_C(1) << m[j].word % 64;
		j = j == i ? i + 1 : j; /* a word longer than all */
		uint32_t value = (uint32_t)__builtin_popcountll(words) * 1000 + (j - i);
		if (value > best) {
			best = value;
			*ret_first = i;
			*ret_last = j - 1;
		}
	}
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Moves a cut to the next border between words towards `to`, at most BORDER_SEARCH bytes; at least to one between characters. */
static uint32_t cut_after(const char *text, uint32_t at, uint32_t to)
{
	for (uint32_t i = at; i < to && i - at < BORDER_SEARCH; i++)
		if (is_blank(text[i]))
			return i + 1;
	while (at < to && is_inside(text[at]))
		at++;
	return at;
}

static uint32_t cut_before(const char *text, uint32_t at, uint32_t to)
{
	for (uint32_t i = at; i > to && at - i < BORDER_SEARCH; i--)
		if (is_blank(text[i - 1]))
			return i - 1;
	while (at > to && is_inside(text[at]))
		at--;
	return at;
}

/* Around [first, last): the room that is left is shared by both sides. */
static void choose_cuts(const char *text, uint32_t len, uint32_t first, uint32_t last, uint32_t *ret_from, uint32_t *ret_to)
{
	uint32_t room = last - first < SNIPPET_BYTES ? SNIPPET_BYTES - (last - first) : 0;
	uint32_t from = first > room / 2 ? first - room / 2 : 0;
	uint32_t to = len - last > room - (first - from) ? last + room - (first - from) : len;
	if (to == len && to - from < SNIPPET_BYTES)
		from = len > SNIPPET_BYTES ? (len - SNIPPET_BYTES < first ? len - SNIPPET_BYTES : first) : 0;
	*ret_from = from && !is_blank(text[from - 1]) ? cut_after(text, from, first) : from;
	*ret_to = to < len && !is_blank(text[to]) ? cut_before(text, to, last) : to;
}

struct writer {
	struct rk_buf *out;
	bool blank; /* a space is due before the next character */
};

static void put_text(struct writer *w, const char *p, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		unsigned k = utf8_char(p + i, n - i);
		if (k == 1 && is_blank(p[i])) {
			w->blank = true;
			i++;
			continue;
		}
		if (w->blank)
			rk_buf_u8(w->out, ' ');
		w->blank = false;
		if (k)
			rk_buf_put(w->out, p + i, k);
		else
			rk_buf_str(w->out, "\xef\xbf\xbd");
		i += k ? k : 1;
	}
}

static void put_mark(struct writer *w, const char *p, uint32_t n)
{
	if (w->blank)
		rk_buf_u8(w->out, ' ');
	w->blank = false;
	rk_buf_str(w->out, "**");
	put_text(w, p, n);
	rk_buf_str(w->out, "**");
}

int snippet_make(struct snippet_words *w, struct analyzer *an, const char *text, size_t full, struct rk_buf *out)
{
	uint32_t len = full < SNIPPET_SCAN ? (uint32_t)full : SNIPPET_SCAN;
	uint32_t n = w->n ? find_matches(w, an, text, len) : 0, first = 0, last = 0, from = 0, to;
	struct writer wr = {.out = out};
	if (n) {
		best_piece(w->matches, n, &first, &last);
		choose_cuts(text, len, w->matches[first].start, w->matches[last].end, &from, &to);
	} else {
		choose_cuts(text, len, 0, 0, &from, &to);
	}
	while (from && first && w->matches[first - 1].start >= from)
		first--;
	if (from)
		rk_buf_str(out, "...");
	uint32_t at = from;
	for (uint32_t i = first; i < n && w->matches[i].end <= to; i++) {
		if (w->matches[i].start < at)
			continue; /* overlapping bigrams */
		put_text(&wr, text + at, w->matches[i].start - at);
		put_mark(&wr, text + w->matches[i].start, w->matches[i].end - w->matches[i].start);
		at = w->matches[i].end;
	}
	if (to > at)
		put_text(&wr, text + at, to - at);
	if (to < full)
		rk_buf_str(out, "...");
	return out->bad ? -ENOMEM : 0;
}
