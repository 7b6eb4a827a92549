/* words.c - UAX #29 word borders: ASCII by a table and 16 bytes at a time, everything else through libunistring in small windows.
 *
 *	W1: `pos` and the start of every window are word borders, so that nothing before them matters (no rule of UAX #29 looks back over a border).
 *	W2: an ASCII word is given by the table only when the byte behind it cannot belong to it: a byte above 127 there, or behind a punctuation mark
 *	    that could join, hands the word from its start to a window. A window ends at the first ASCII byte that joins nothing (space, '(', ...).
 *	W3: a window consumes at least one segment or 252 bytes of one, and has at most 512: time is linear, whatever the bytes.
 */
#include "core/text/words_private.h"

#include <unictype.h>
#include <unistr.h>
#include <uniwbrk.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/text/utf8_private.h"

enum {
	LETTER = 1,
	DIGIT = 2,
	MID_LETTER = LETTER << 2, /* joins letters: a:b */
	MID_DIGIT = DIGIT << 2,	  /* joins digits: 3,1 */
	UNDERSCORE = 16,
	QUOTE = 32, /* '"' joins Hebrew letters only */
	HIGH = 64,
	BEGINS = LETTER | DIGIT | UNDERSCORE | HIGH,
	INSIDE = LETTER | DIGIT | UNDERSCORE,
};

static const uint8_t class_of[256] = {
	['0' ... '9'] = DIGIT,
	['A' ... 'Z'] = LETTER,
	['a' ... 'z'] = LETTER,
	['_'] = UNDERSCORE,
	['.'] = MID_LETTER | MID_DIGIT,
	['\''] = MID_LETTER | MID_DIGIT,
	[':'] = MID_LETTER,
	[','] = MID_DIGIT,
	[';'] = MID_DIGIT,
	['"'] = QUOTE,
	[128 ... 255] = HIGH,
};

/* The first byte from p on that is no ASCII letter, digit or '_'. Looks at no byte from end on; may stop late by up to 15 behind stop. */
static inline const uint8_t *skip_inside(const uint8_t *p, const uint8_t *stop, const uint8_t *end)
{
#ifdef __SSE2__
	while (p < stop && end - p >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)p);
		__m128i low = _mm_or_si128(x, _mm_set1_epi8(0x20));
		__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
		__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
		__m128i in = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(x, _mm_set1_epi8('_')));
		unsigned out = ~(unsigned)_mm_movemask_epi8(in) & 0xffff;
		if (out)
			return p + __builtin_ctz(out);
		p += 16;
	}
#endif
	while (p < stop && class_of[*p] & INSIDE)
		p++;
	return p;
}

/* A word that begins at s with a letter, digit or '_'. Returns its end, or NULL when bytes above 127 have a say (W2). */
static const uint8_t *ascii_end(const uint8_t *s, const uint8_t *end)
{
	const uint8_t *stop = end - s > WORD_MAX ? s + WORD_MAX : end;
	const uint8_t *p = s;
	for (;;) {
		p = skip_inside(p, stop, end);
		if (p >= stop)
			return stop;
		unsigned c = class_of[*p];
		if (c & HIGH)
			return NULL;
		unsigned joins = c >> 2 & class_of[p[-1]] & (LETTER | DIGIT);
		if (!joins || p + 1 == end)
			return p;
		unsigned next = class_of[p[1]];
		if (next & HIGH)
			return NULL;
		if (!(next & joins))
			return p;
		p += 2;
		if (p >= stop)
			return stop;
	}
}

static bool only_underscores(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p == '_')
		p++;
	return p == end;
}

/* ---- beyond ASCII ---- */

static bool is_extend(uint32_t c)
{
	int p = uc_wordbreak_property(c);
	return p == WBP_EXTEND || p == WBP_FORMAT || p == WBP_ZWJ;
}

static const char cjk; /* its address stands for Han, Hiragana and Katakana together */

/* The script when c belongs to one that is written without spaces, else NULL. UAX #29 breaks between any two letters of these (but Katakana), because
 * finding words in them takes a dictionary: Han, Hiragana, Thai, Lao, Khmer, Myanmar, ... are exactly the alphabetic characters of its class Other. */
static const void *spaceless(uint32_t c)
{
	if ((c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3041 && c <= 0x3096) || c == 0x3005 || c == 0x303b)
		return &cjk;
	if (c < 0xe00 || (c >= 0xac00 && c <= 0xd7a3))
		return NULL;
	int p = uc_wordbreak_property(c);
	if (p == WBP_KATAKANA)
		return &cjk;
	if (p != WBP_OTHER || !uc_is_property_alphabetic(c))
		return NULL;
	const uc_script_t *s = uc_script(c);
	if (!s || uc_is_property_ideographic(c) || c < 0xe00 || (c >= 0x3041 && c <= 0x30ff))
		return &cjk;
	return s;
}

/* A letter or a digit. Marks may be alphabetic too (vowel signs), but make no word without a letter. */
static bool is_alnum(uint32_t c)
{
	if (c < 0x80)
		return class_of[c] & (LETTER | DIGIT);
	return (uc_is_property_alphabetic(c) && !uc_is_general_category(c, UC_CATEGORY_M)) || uc_decimal_value(c) >= 0;
}

enum kind { NOTHING, ASCII_WORD, WORD, GRAMS };

static enum kind kind_of(const uint8_t *p, const uint8_t *end)
{
	bool ascii = true, alnum = false, grams = true;
	const void *script = NULL;
	while (p < end) {
		uint32_t c;
		p += utf8_get(p, &c);
		ascii &= c < 0x80;
		alnum |= !alnum && is_alnum(c);
		if (!grams)
			continue;
		const void *s = spaceless(c);
		if (!s && script && is_extend(c))
			continue;
		grams = s && (!script || s == script);
		script = s;
	}
	return !alnum ? NOTHING : ascii ? ASCII_WORD : grams ? GRAMS : WORD;
}

/* One character with the marks that follow it. */
static size_t cluster_end(const struct words *w, size_t at, size_t end, const void **ret_script)
{
	uint32_t c;
	at += utf8_get(w->text + at, &c);
	*ret_script = spaceless(c);
	while (at < end) {
		unsigned n = utf8_get(w->text + at, &c);
		if (!is_extend(c))
			break;
		at += n;
	}
	return at;
}

/* Opens a window at pos, which is a border (W1): to the next byte that joins nothing, or that is not UTF-8. Such a byte at pos itself is skipped. */
static void window_open(struct words *w)
{
	const uint8_t *p = w->text + w->pos;
	size_t left = w->len - w->pos, n = 0;
	bool cut = false;
	while (n < left && class_of[p[n]]) {
		int step = p[n] < 0x80 ? 1 : u8_mblen(p + n, left - n);
		if (step < 0)
			break;
		cut = n + (size_t)step > WORD_WINDOW;
		if (cut)
			break;
		n += (size_t)step;
	}
	if (n == 0) {
		w->pos++;
		return;
	}
	u8_wordbreaks(p, n, w->border);
	w->win = w->seg = w->gram_end = w->pos;
	w->win_end = w->pos + n;
	w->win_sure = cut ? w->win_end - WORD_AHEAD : w->win_end;
}

static bool window_close(struct words *w, size_t at)
{
	w->pos = at;
	w->win_end = 0;
	return false;
}

static bool give(struct word *ret, size_t start, size_t end, bool ascii)
{
	ret->start = (uint32_t)start;
	ret->end = (uint32_t)end;
	ret->ascii = ascii;
	return true;
}

/* A character of a run that nothing followed. */
static bool give_alone(struct words *w, struct word *ret)
{
	w->alone = false;
	return give(ret, w->run_start, w->run_end, false);
}

/* One more character of a spaceless script. True when ret holds a token; the character is consumed unless an older one had to go first. */
static bool gram_next(struct words *w, struct word *ret)
{
	const void *script;
	size_t at = w->seg, end = cluster_end(w, at, w->gram_end, &script);
	bool follows = w->run_script == script && w->run_end == at && w->run_end > w->run_start;
	if (!follows && w->alone)
		return give_alone(w, ret);
	size_t before = w->run_start;
	w->run_start = at;
	w->run_end = end;
	w->run_script = script;
	w->seg = end;
	w->alone = !follows || end - before > WORD_MAX; /* marks without end: no pair of these */
	return w->alone ? false : give(ret, before, end, false);
}

static bool window_next(struct words *w, struct word *ret)
{
	while (w->seg < w->win_end) {
		if (w->seg < w->gram_end) {
			if (gram_next(w, ret))
				return true;
			continue;
		}
		size_t s = w->seg, e = s + 1;
		while (e < w->win_end && !w->border[e - w->win])
			e++;
		if (e > w->win_sure && s > w->win)
			return window_close(w, s);
		e = s + utf8_cut(w->text + s, e - s, WORD_MAX);
		enum kind k = kind_of(w->text + s, w->text + e);
		if (k == GRAMS) {
			w->gram_end = e;
			continue;
		}
		if (k != NOTHING && w->alone)
			return give_alone(w, ret);
		w->seg = e;
		if (e < w->win_end && !w->border[e - w->win]) /* cut: what follows begins anew */
			window_close(w, e);
		if (k == NOTHING)
			continue;
		while (!(class_of[w->text[s]] & BEGINS)) /* a joiner may tie a mark of punctuation to a word */
			s++;
		return give(ret, s, e, k == ASCII_WORD);
	}
	return window_close(w, w->seg);
}

void words_begin(struct words *w, const void *text, size_t len)
{
	w->text = text;
	w->len = len < UINT32_MAX ? len : UINT32_MAX;
	w->pos = w->win_end = 0;
	w->run_start = w->run_end = 0;
	w->run_script = NULL;
	w->alone = false;
}

bool words_next(struct words *w, struct word *ret)
{
	const uint8_t *text = w->text, *end = text + w->len;
	for (;;) {
		if (w->win_end) {
			if (window_next(w, ret))
				return true;
			continue;
		}
		const uint8_t *p = text + w->pos;
		if (w->alone && (p == end || *p < 0x80))
			return give_alone(w, ret);
		while (p < end && !(class_of[*p] & BEGINS))
			p++;
		w->pos = (size_t)(p - text);
		if (p == end)
			return w->alone ? give_alone(w, ret) : false;
		const uint8_t *e = *p < 0x80 ? ascii_end(p, end) : NULL;
		if (!e) {
			window_open(w);
			continue;
		}
		w->pos = (size_t)(e - text);
		if (*p == '_' && only_underscores(p, e))
			continue;
		return give(ret, (size_t)(p - text), (size_t)(e - text), true);
	}
}
