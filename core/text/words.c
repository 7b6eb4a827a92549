/* words.c - UAX #29 word borders: ASCII by bit masks of 64 bytes and a table, everything else through libunistring in small windows.
 *
 *	W1: `pos` and the start of every window are word borders, so that nothing before them matters (no rule of UAX #29 looks back over a border).
 *	W2: an ASCII word is given by the table only when the byte behind it cannot belong to it: a byte above 127 there, or behind a punctuation mark
 *	    that could join, hands the word from its start to a window. A window ends at the first ASCII byte that joins nothing (space, '(', ...).
 *	W3: a window consumes at least one segment or 252 bytes of one, and has at most 512: time is linear, whatever the bytes.
 */
#include "core/text/words_private.h"

#include <unictype.h>
#include <unistr.h>
#include <string.h>
#include <uniwbrk.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/base/bytes.h"
#include "core/text/utf8_private.h"

enum {
	LETTER = 1,
	DIGIT = 2,
	MID_LETTER = LETTER << 2, /* joins letters: a:b */
	MID_DIGIT = DIGIT << 2,	  /* joins digits: 3,1 */
	UNDERSCORE = 16,
	QUOTE = 32, /* '"' joins Hebrew letters only */
	HIGH = 64,
	INSIDE = LETTER | DIGIT | UNDERSCORE,
	BEGINS = INSIDE | HIGH,
	BLOCK = 64,
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

/* Of 64 bytes one bit each: letters, digits and '_'; bytes above 127. */
static inline uint64_t classify(const uint8_t *p, uint64_t *ret_high)
{
	uint64_t inside = 0, high = 0;
#if defined(__SSE2__) && !defined(WORDS_PORTABLE)
	for (int i = 0; i < BLOCK; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i low = _mm_or_si128(x, _mm_set1_epi8(0x20)); /* signed comparison: bytes above 127 are below all */
		__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
		__m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
		__m128i in = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(x, _mm_set1_epi8('_')));
		inside |= (uint64_t)(uint32_t)_mm_movemask_epi8(in) << i;
		high |= (uint64_t)(uint32_t)_mm_movemask_epi8(x) << i;
	}
#else
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80, gather = UINT64_C(0x0102040810204080);
	for (int i = 0; i < BLOCK; i += 8) {
		uint64_t x = rk_get64(p + i), x7 = x & ~tops, low = x7 | ones * 0x20;
		uint64_t letter = (low + ones * (0x80 - 'a')) & ~(low + ones * (0x80 - 'z' - 1));
		uint64_t digit = (x7 + ones * (0x80 - '0')) & ~(x7 + ones * (0x80 - '9' - 1));
		uint64_t under = ~((x7 ^ ones * '_') + ones * 0x7f);
		inside |= (((letter | digit | under) & ~x & tops) >> 7) * gather >> 56 << i;
		high |= ((x & tops) >> 7) * gather >> 56 << i;
	}
#endif
	*ret_high = high;
	return inside;
}

/* A word that begins at s with a letter, digit or '_'. Returns its end, or NULL when bytes above 127 have a say (W2). */
static const uint8_t *ascii_end(const uint8_t *s, const uint8_t *end)
{
	const uint8_t *stop = end - s > WORD_MAX ? s + WORD_MAX : end;
	const uint8_t *p = s;
	for (;;) {
		while (p < stop && class_of[*p] & INSIDE)
			p++;
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

/* One word that a mask could not decide: punctuation behind it may join, or it is long. False: it took a window, or is no word. */
static bool ascii_next(struct words *w, struct word *ret)
{
	const uint8_t *p = w->text + w->pos, *e = ascii_end(p, w->text + w->len);
	if (!e) {
		window_open(w);
		return false;
	}
	w->pos = (size_t)(e - w->text);
	return *p == '_' && only_underscores(p, e) ? false : give(ret, (size_t)(p - w->text), (size_t)(e - w->text), true);
}

/* Whether the byte at e, behind a word in a block, may belong to it: ascii_end() decides. */
static inline bool may_join(const uint8_t *p, size_t e)
{
	unsigned c = class_of[p[e]];
	if (!(c & (MID_LETTER | MID_DIGIT | HIGH)))
		return false;
	return c & HIGH || (c >> 2 & class_of[p[e - 1]] & (LETTER | DIGIT) && (e + 1 == BLOCK || class_of[p[e + 1]] & BEGINS));
}

/* The words of the next 64 bytes, as far as they are ASCII; pos moves on, if only to a byte that needs another look. */
static size_t block_read(struct words *w, struct word *ret, size_t cap)
{
	const uint8_t *p = w->text + w->pos;
	size_t left = w->len - w->pos, n = 0, at = 0;
	uint8_t tail[BLOCK] = {0};
	uint64_t high, inside;

	if (left < BLOCK) {
		memcpy(tail, p, left);
		p = tail;
	}
	inside = classify(p, &high);
	uint64_t begins = inside | high;
	while (n < cap && at < BLOCK) {
		if (!(begins >> at)) {
			at = left < BLOCK ? left : BLOCK;
			break;
		}
		at += (size_t)__builtin_ctzll(begins >> at);
		uint64_t behind = ~(inside >> at); /* bit 0: the byte at `at` is above 127 */
		size_t e = at + (behind ? (size_t)__builtin_ctzll(behind) : BLOCK);
		if ((high >> at & 1) || e >= BLOCK || p[at] == '_' || may_join(p, e)) {
			if (at && e >= BLOCK)
				break; /* it may fit in a block that begins with it */
			w->pos += at;
			if (high >> (at & (BLOCK - 1)) & 1)
				window_open(w);
			else
				n += ascii_next(w, ret + n);
			return n;
		}
		give(ret + n, w->pos + at, w->pos + e, true);
		n++;
		at = e;
	}
	w->pos += at;
	return n;
}

size_t words_read(struct words *w, struct word *ret, size_t cap)
{
	size_t n = 0;
	while (n < cap) {
		if (w->win_end) {
			n += window_next(w, ret + n);
			continue;
		}
		bool end = w->pos >= w->len;
		if (w->alone && (end || w->text[w->pos] < 0x80))
			n += give_alone(w, ret + n);
		else if (end)
			break;
		else
			n += block_read(w, ret + n, cap - n);
	}
	return n;
}
