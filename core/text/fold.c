/* fold.c - folding: Unicode by libunistring (NFKD, drop, replace, lower, NFC), with tables of its results for Latin, Greek, Cyrillic, Hebrew, Arabic.
 *
 * Accents go from scripts where a reader may leave them out (Latin, Greek, Cyrillic, Hebrew and Arabic points). Marks that are part of the spelling stay:
 * vowels of Thai and of the Indic scripts, the voicing marks of kana, the breve of Cyrillic short i (a letter of its own).
 * The tables hold what fold_slowly gives for each character, where it does not depend on the neighbours. Threads: any number after fold_init.
 */
#include "core/text/fold_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "core/text/utf8_private.h"

enum {
	TABLE_BEGIN = 0x80,
	TABLE_END = 0x700,
	ENTRY_SLOW = 0xff, /* ask fold_slowly for the whole word */
	SLOW_ROOM = 255 * 18, /* the longest decomposition makes 18 characters of 1 */
};

static struct entry {
	uint8_t len, utf8[3];
} table[3][TABLE_END - TABLE_BEGIN];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

struct pair {
	uint32_t from;
	char to[4];
};

/* Letters that Unicode does not take apart; sorted. */
static const struct pair likeness[] = {
	{0x00e6, "ae"}, {0x00f0, "d"},	{0x00f8, "o"}, {0x00fe, "th"}, {0x0111, "d"},  {0x0127, "h"},  {0x0131, "i"},  {0x0138, "k"},	{0x0142, "l"},
	{0x014b, "n"},	{0x0153, "oe"}, {0x0167, "t"}, {0x0180, "b"},  {0x0188, "c"},  {0x018c, "d"},  {0x0192, "f"},  {0x0199, "k"},	{0x019a, "l"},
	{0x019e, "n"},	{0x01a5, "p"},	{0x01ad, "t"}, {0x01b4, "y"},  {0x01b6, "z"},  {0x01e5, "g"},  {0x0225, "z"},  {0x0234, "l"},	{0x0235, "n"},
	{0x0236, "t"},	{0x0237, "j"},	{0x023c, "c"}, {0x023f, "s"},  {0x0240, "z"},  {0x0247, "e"},  {0x0249, "j"},  {0x024d, "r"},	{0x024f, "y"},
	{0x0629, "ه"},  {0x0649, "ي"},  {0x06a9, "ك"}, {0x06cc, "ي"},
};

static const char *like(uint32_t c)
{
	for (size_t i = 0; i < sizeof(likeness) / sizeof(likeness[0]); i++) {
		if (likeness[i].from == c)
			return likeness[i].to;
	}
	return NULL;
}

/* Points that may be left out: not the marks of the scripts where they are vowels or other letters. */
static bool is_accent(uint32_t c, uint32_t base)
{
	if (c == 0x306 && (base == 0x438 || base == 0x418))
		return false;
	if (c < 0x300)
		return false;
	return c < 0x370 || (c >= 0x483 && c < 0x48a) || (c >= 0x591 && c <= 0x5c7 && uc_combining_class(c)) ||
	       (c >= 0x610 && c <= 0x6ed && uc_combining_class(c)) || (c >= 0x8d3 && c <= 0x8ff && uc_combining_class(c)) ||
	       (c >= 0x1ab0 && c < 0x1b00) || (c >= 0x1dc0 && c < 0x1e00) || (c >= 0x20d0 && c < 0x2100) || (c >= 0xfe20 && c < 0xfe30);
}

/* Invisible inside a word: soft hyphen, joiners, directions, the Arabic stretching stroke, variants of a glyph; spaces out of compatibility forms. */
static bool is_filling(uint32_t c)
{
	return c == 0x20 || c == 0xad || c == 0x640 || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

/* One decomposed character to out (8 bytes of room). */
static size_t fold_one(enum fold_how how, uint32_t c, uint32_t base, uint8_t *out)
{
	if (is_filling(c) || (how == FOLD_FULL && is_accent(c, base)))
		return 0;
	if (c == 0x2018 || c == 0x2019)
		c = '\'';
	int digit = c < 0x80 ? -1 : uc_decimal_value(c);
	if (digit >= 0)
		c = '0' + (uint32_t)digit;
	c = how == FOLD_TURKIC && c == 'I' ? 0x131 : uc_tolower(c);
	if (c == 0x3c2) /* final sigma */
		c = 0x3c3;
	const char *to = c == 0xdf ? "ss" : how == FOLD_FULL && c >= 0x80 ? like(c) : NULL;
	if (!to)
		return utf8_put(out, c);
	size_t n = strlen(to);
	memcpy(out, to, n);
	return n;
}

/* Normalises into room when it fits, else into memory that the caller frees; NULL: out of memory. */
static uint8_t *normalize(uninorm_t form, const uint8_t *in, size_t n, uint8_t *room, size_t *len)
{
	*len = SLOW_ROOM;
	return u8_normalize(form, in, n, room, len);
}

static size_t fold_slowly(enum fold_how how, const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	uint8_t room[SLOW_ROOM], lowered[2 * SLOW_ROOM], *composed = NULL;
	size_t len, nlow = 0, ret = 0;
	/* Without NFC first a capital that only exists composed would differ: I with dot is i, not i and a dot. */
	uint8_t *apart = normalize(how == FOLD_FULL ? UNINORM_NFKD : UNINORM_NFKC, in, n, room, &len);
	if (!apart)
		return 0;
	uint32_t base = 0;
	for (size_t at = 0; at < len;) {
		uint32_t c;
		at += utf8_get(apart + at, &c);
		if (nlow + 8 <= sizeof(lowered))
			nlow += fold_one(how, c, base, lowered + nlow);
		if (!uc_combining_class(c))
			base = c;
	}
	if (apart != room)
		free(apart);
	composed = normalize(UNINORM_NFC, lowered, nlow, room, &len);
	if (!composed)
		return 0;
	ret = utf8_cut(composed, len, cap);
	memcpy(out, composed, ret);
	if (composed != room)
		free(composed);
	return ret;
}

static void fill_table(enum fold_how how)
{
	for (uint32_t c = TABLE_BEGIN; c < TABLE_END; c++) {
		struct entry *e = &table[how][c - TABLE_BEGIN];
		uint8_t in[4], out[16];
		size_t n = fold_slowly(how, in, utf8_put(in, c), out, sizeof(out));
		/* A mark that stays, or one that goes only behind some letters, depends on its neighbours. */
		bool mark = uc_is_general_category(c, UC_CATEGORY_M);
		e->len = n > sizeof(e->utf8) || (mark && (n || c == 0x306)) ? ENTRY_SLOW : (uint8_t)n;
		if (e->len != ENTRY_SLOW)
			memcpy(e->utf8, out, n);
	}
}

static void fill_tables(void)
{
	fill_table(FOLD_CASE);
	fill_table(FOLD_TURKIC);
	fill_table(FOLD_FULL);
}

void fold_init(void)
{
	pthread_once(&table_once, fill_tables);
}

/* Characters that folding leaves alone and that no neighbour changes: the bulk of Han, kana, Hangul and Thai (vowels below go before tone marks). */
static bool is_plain(uint32_t c, uint32_t before)
{
	if (c >= 0xe38 && c <= 0xe3a)
		return before >= 0xe01 && before <= 0xe37;
	return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0x3041 && c <= 0x3096) ||
	       (c >= 0x30a1 && c <= 0x30fa) || c == 0x30fc || (c >= 0xe01 && c <= 0xe37 && c != 0xe33) || (c >= 0xe40 && c <= 0xe4e);
}

size_t fold_word(enum fold_how how, const uint8_t *in, size_t n, char *out, size_t cap)
{
	uint8_t *o = (uint8_t *)out;
	size_t len = 0;
	uint32_t c = 0, before;
	for (size_t at = 0; at < n;) {
		before = c;
		unsigned step = utf8_get(in + at, &c);
		const uint8_t *from = in + at;
		uint8_t low;
		size_t k = step;
		if (c < 0x80) {
			low = (uint8_t)(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
			from = &low;
			if (how == FOLD_TURKIC && c == 'I') {
				from = (const uint8_t *)"ı";
				k = 2;
			}
		} else if (c < TABLE_END) {
			const struct entry *e = &table[how][c - TABLE_BEGIN];
			if (e->len == ENTRY_SLOW)
				return fold_slowly(how, in, n, o, cap);
			from = e->utf8;
			k = e->len;
		} else if (c == 0x2019) {
			low = '\'';
			from = &low;
			k = 1;
		} else if (!is_plain(c, before)) {
			return fold_slowly(how, in, n, o, cap);
		}
		if (len + k > cap)
			break;
		memcpy(o + len, from, k);
		len += k;
		at += step;
	}
	return len;
}
