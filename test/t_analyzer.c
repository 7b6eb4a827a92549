/* t_analyzer.c - core/text: words as UAX #29 has them, folding, stems, stop words, offsets, hostile bytes, the cache's contract. */
#include <errno.h>
#include <libstemmer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwbrk.h>

#include "core/base/buf.h"
#include "core/text/analyzer.h"
#include "test/tap.h"

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static struct analyzer *make(const char *language, bool stop, bool fold)
{
	struct analyzer_params p = {.stop = stop, .fold = fold};
	struct analyzer *a = NULL;
	struct rk_err err = {{0}};
	snprintf(p.language, sizeof(p.language), "%s", language);
	if (analyzer_new(&p, &a, &err) < 0)
		printf("# %s: %s\n", language, err.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	return a;
}

/* "term@pos term@pos ..." */
static char *terms_of(struct analyzer *a, const char *text, size_t len)
{
	struct rk_buf b = {0};
	struct token t;
	analyzer_begin(a, text, len);
	while (analyzer_next(a, &t))
		rk_buf_printf(&b, "%s%.*s@%u", b.len ? " " : "", (int)t.len, t.term, t.pos);
	rk_buf_u8(&b, 0);
	return (char *)b.data;
}

struct example {
	const char *language, *text, *terms;
};

static const struct example examples[] = {
	/* words */
	{"none", "", ""},
	{"none", " \t\n.,;:!?'\"_-()", ""},
	{"none", "The quick brown fox", "the@0 quick@1 brown@2 fox@3"},
	{"none", "don't 3.14 a.b foo_bar 1,000;2 a,b x:y 1:2", "don't@0 3.14@1 a.b@2 foo_bar@3 1,000;2@4 a@5 b@6 x:y@7 1@8 2@9"},
	{"none", "'quoted' end. a.. b.1 1.b U.S.A. C++ C# _ __ _a a_", "quoted@0 end@1 a@2 b@3 1@4 1@5 b@6 u.s.a@7 c@8 c@9 _a@10 a_@11"},
	{"none", "user@example.com http://x.org/y", "user@0 example.com@1 http@2 x.org@3 y@4"},
	{"none", "caf\xc3\xa9\xe2\x80\x94word, na\xc3\xafve.Bar", "cafe@0 word@1 naive.bar@2"},
	{"none", "3,\xd9\xa4 5", "3,4@0 5@1"},
	{"none", "\xd7\x90\"\xd7\x91 x", "\xd7\x90\"\xd7\x91@0 x@1"},
	/* folding */
	{"none", "ÀÉÎÕÜ Ångström Łódź Øre Straße ŒUVRE Ĳssel", "aeiou@0 angstrom@1 lodz@2 ore@3 strasse@4 oeuvre@5 ijssel@6"},
	{"none", "e\xcc\x81 o\xcc\x88 i\xcc\x87", "e@0 o@1 i@2"},
	{"none", "ﬁne µm ＡＢＣ １２ ①", "fine@0 μm@1 abc@2 12@3"},
	{"none", "Ёлка МОСКВА й и\xcc\x86", "елка@0 москва@1 й@2 й@3"},
	{"none", "ΟΔΟΣ οδός ὁδός", "οδοσ@0 οδοσ@1 οδοσ@2"},
	{"none", "co\xc2\xadoperate x\xe2\x80\x99y", "cooperate@0 x'y@1"},
	{"none", "أحمد إسلام مدرسة مُدَرِّس", "احمد@0 اسلام@1 مدرسه@2 مدرس@3"},
	{"none", "كـــتاب", "كتاب@0"},
	{"none", "İstanbul I ı", "istanbul@0 i@1 i@2"},
	/* English */
	{"en", "John's dogs\xe2\x80\x99 running café's naïvely", "john@0 dog@1 run@2 cafe@3 naiv@4"},
	{"en", "generalizations THE Houses' O'Neil's", "general@0 the@1 hous@2 o'neil@3"},
	{"en+", "The cat is on the mat", "cat@1 mat@5"},
	{"en+", "to be or not to be", ""},
	{"en+", "it's THE x", "x@2"},
	{"en+", "Москва x", "москва@0 x@1"},
	{"english", "running", "run@0"},
	/* others */
	{"de", "Häuser Häusern Hauser Straßen größte", "haus@0 haus@1 haus@2 strass@3 grosst@4"},
	{"de+", "Der Mann und die Frau für Über", "mann@1 frau@4"},
	{"ru", "книги книга Книгами ёлки", "книг@0 книг@1 книг@2 елк@3"},
	{"ru+", "и в Москве", "москв@2"},
	{"fr", "l'avion L\xe2\x80\x99""étudiée étudier qu'elle aujourd'hui", "avion@0 etudi@1 etudi@2 elle@3 aujourd'hui@4"},
	{"tr", "KAPILARI ISLAK istanbul'da", "kapi@0 islak@1 istanbul@2"},
	{"ar", "الكتاب كتاب", "كتاب@0 كتاب@1"},
	{"sv", "flickornas", "flick@0"},
	/* without spaces */
	{"none", "東京都に行く", "東京@0 京都@1 都に@2 に行@3 行く@4"},
	{"none", "カタカナ語 ガ", "カタ@0 タカ@1 カナ@2 ナ語@3 ガ@4"},
	{"none", "中 国 a中b 中国!国", "中@0 国@1 a@2 中@3 b@4 中国@5 国@6"},
	{"none", "人々の", "人々@0 々の@1"},
	{"none", "กินข้าว", "กิน@0 นข้@1 ข้า@2 าว@3"},
	{"none", "한국어 단어", "한국어@0 단어@1"},
	{"en", "iPhone手机3个", "iphon@0 手机@1 3@2 个@3"},
	/* bytes that are not UTF-8 */
	{"none", "a\xff" "b \xc3 c\xe4\xb8", "a@0 b@1 c@2"},
	{"none", "中\xff国", "中@0 国@1"},
	{"none", "\xed\xa0\x80 \xc0\xaf x", "x@0"},
};

static void tricky_cases(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *x = &examples[i];
		char language[16];
		snprintf(language, sizeof(language), "%s", x->language);
		char *plus = strchr(language, '+');
		if (plus)
			*plus = '\0';
		struct analyzer *a = make(language, plus != NULL, true);
		for (int round = 0; round < 2; round++) { /* the second comes from the cache */
			char *got = terms_of(a, x->text, strlen(x->text));
			if (strcmp(got, x->terms) != 0)
				printf("# %s \"%s\": %s, wanted %s\n", x->language, x->text, got, x->terms);
			CU_ASSERT_STRING_EQUAL(got, x->terms);
			free(got);
		}
		analyzer_free(a);
	}
}

/* ---- the same words as libunistring ---- */

struct span {
	uint32_t start, end;
};

static uint32_t twin_words(const uint8_t *s, size_t n, struct span *ret)
{
	static char brk[6000];
	uint32_t nret = 0;
	u8_wordbreaks(s, n, brk);
	for (size_t at = 0; at < n;) {
		size_t e = at + 1;
		while (e < n && !brk[e])
			e++;
		bool alnum = false;
		for (size_t i = at; i < e;) {
			ucs4_t c;
			i += (size_t)u8_mbtouc(&c, s + i, e - i);
			if (i == at + 1 && c != '_' && c < 128 && !uc_is_alnum(c))
				at++; /* punctuation that a joiner ties to a word is no part of it */
			alnum |= (uc_is_property_alphabetic(c) && !uc_is_general_category(c, UC_CATEGORY_M)) || uc_decimal_value(c) >= 0;
		}
		if (alnum)
			ret[nret++] = (struct span){(uint32_t)at, (uint32_t)e};
		at = e;
	}
	return nret;
}

static void compare_with_twin(struct analyzer *a, const char *s, size_t n)
{
	static struct span want[6000];
	uint32_t nwant = twin_words((const uint8_t *)s, n, want), i = 0;
	struct token t;
	analyzer_begin(a, s, n);
	bool same = true;
	while (analyzer_next(a, &t) && same) {
		same = i < nwant && want[i].start == t.start && want[i].end == t.end;
		i++;
	}
	same = same && i == nwant;
	if (!same && n < 60) {
		struct rk_buf b = {0};
		for (size_t k = 0; k < n; k++)
			rk_buf_printf(&b, "\\x%02x", (uint8_t)s[k]);
		printf("# word %u of %u differs in %.*s\n", i, nwant, (int)b.len, b.data);
		rk_buf_done(&b);
	}
	CU_ASSERT_TRUE(same);
}

static void ascii_as_unistring(void)
{
	struct analyzer *a = make("none", false, false);
	static const char likely[] = "aZ19_.:;,'\" -\n\r\t";
	char s[300];
	for (int i = 0; i < 30000; i++) {
		size_t n = rnd(i % 8 ? 24 : 300);
		for (size_t k = 0; k < n; k++)
			s[k] = i % 3 ? likely[rnd(sizeof(likely) - 1)] : (char)rnd(128);
		compare_with_twin(a, s, n);
	}
	for (int x = 0; x < 128 * 128 * 128; x += 3) { /* every three characters */
		char t[5] = {'a', (char)(x & 127), (char)(x >> 7 & 127), (char)(x >> 14), 'b'};
		if (strchr("a1_.:', ", t[1]) || x % 7 == 0)
			compare_with_twin(a, t, 5);
	}
	analyzer_free(a);
}

static void mixed_as_unistring(void)
{
	struct analyzer *a = make("none", false, false);
	static const char *const pieces[] = {
		"a", "B", "7", "_", ".", ":", ",", "'", "\"", " ", "\r\n", "-", "word", "3.14", "é", "\xcc\x81", "\xc2\xad", "\xe2\x80\x99", "\xe2\x80\x8d",
		"\xe2\x80\x8b", "א", "ב", "٣", "٬", "ж", "\xe2\x80\xa8", "\xc2\xa0", "—", "…", "“", "\xf0\x9f\x87\xa9", "\xf0\x9f\x87\xaa",
		"\xf0\x9f\x98\x80", "Ⓜ", "\xe2\x80\xbf", "한", "ª", "²", "٫", "·", "ا", "\xd9\x8e", "\xf0\x9d\x90\x80", "\xe0\xa4\x95", "\xe0\xa5\x8d", "º",
	};
	char s[6000];
	for (int i = 0; i < 20000; i++) {
		size_t n = 0;
		uint32_t few = 3 + rnd(40), parts = i % 50 ? rnd(20) : rnd(500);
		bool windows = rnd(2); /* no ASCII byte that ends a window: words at the edges of cut ones */
		for (uint32_t k = 0; k < parts; k++) {
			const char *p = pieces[rnd(4) ? rnd(few) : rnd(sizeof(pieces) / sizeof(pieces[0]))];
			memcpy(s + n, p, strlen(p));
			n += strlen(p);
			if (parts > 20 && rnd(3) == 0) /* keep words below 255 bytes */
				n += (size_t)sprintf(s + n, "%s", windows ? "—" : rnd(2) ? " " : "(");
		}
		compare_with_twin(a, s, n);
	}
	analyzer_free(a);
}

/* ---- whatever the bytes ---- */

static void check_tokens(struct analyzer *a, const char *s, size_t n)
{
	struct token t;
	int64_t start = -1, pos = -1;
	bool good = true;
	analyzer_begin(a, s, n);
	while (analyzer_next(a, &t)) {
		good &= (int64_t)t.start > start && t.start < t.end && t.end <= n;
		good &= (int64_t)t.pos > pos && t.len > 0 && t.len <= TERM_MAX_BYTES;
		good &= t.end - t.start <= TERM_MAX_BYTES && u8_check((const uint8_t *)t.term, t.len) == NULL;
		good &= u8_check((const uint8_t *)s + t.start, t.end - t.start) == NULL;
		start = t.start;
		pos = t.pos;
	}
	CU_ASSERT_TRUE(good);
}

static void hostile_bytes(void)
{
	struct analyzer *a[] = {make("none", false, true), make("en", true, true), make("fr", true, true), make("tr", false, true), make("ar", true, false)};
	char *s = malloc(4000);
	for (int i = 0; i < 3000; i++) {
		size_t n = rnd(i % 4 ? 64 : 4000);
		char *t = malloc(n + 1); /* of its exact size: a sanitizer sees a read behind it */
		for (size_t k = 0; k < n;) {
			uint8_t u[6] = {(uint8_t)rnd(256)};
			int len = 1;
			if (i & 1)
				len = u8_uctomb(u, rnd(4) ? rnd(0x3100) : rnd(0x110000), 6);
			for (int j = 0; j < len && k < n; j++)
				t[k++] = (char)u[j];
		}
		char *exact = realloc(t, n ? n : 1);
		for (int k = 0; k < 5; k++)
			check_tokens(a[k], exact, n);
		free(exact);
	}
	free(s);
	for (int k = 0; k < 5; k++)
		analyzer_free(a[k]);
}

static double cpu_ms(void) /* of this thread: other work on the machine does not count */
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void long_words_are_cut(void)
{
	struct analyzer *a = make("none", false, true);
	static const char *const units[] = {"a", "é", "中", "カ", "\xcc\x81", "a\xcc\x81", "é\xff", "9,", "é.", "🅰", "\xef\xb7\xba", "ก\xe0\xb9\x88", "::é", "\xff", "_"};
	size_t n = 1 << 19;
	char *s = malloc(n + 8);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		size_t k = 0, len = strlen(units[u]);
		for (; k + len <= n; k += len)
			memcpy(s + k, units[u], len);
		double before = cpu_ms();
		check_tokens(a, s, k);
		double ms = cpu_ms() - before;
		if (ms > 10000)
			printf("# half a megabyte of \"%s\" takes %.0f ms\n", units[u], ms);
		CU_ASSERT_TRUE(ms < 10000); /* quadratic work would take minutes */
	}
	struct token t;
	uint32_t count = 0, covered = 0;
	memset(s, 'a', n);
	analyzer_begin(a, s, n);
	while (analyzer_next(a, &t)) {
		count++;
		CU_ASSERT_EQUAL(t.start, covered);
		covered = t.end;
	}
	CU_ASSERT_EQUAL(covered, n);
	CU_ASSERT_EQUAL(count, (n + 254) / 255);
	free(s);
	analyzer_free(a);
}

/* ---- the rest of the contract ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#if !defined(OWN_MALLOC) && defined(__GLIBC__)
#define OWN_MALLOC 1
#endif

static unsigned long nallocs;

#if OWN_MALLOC
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t n)
{
	nallocs++;
	return __libc_malloc(n);
}

void *realloc(void *p, size_t n)
{
	nallocs++;
	return __libc_realloc(p, n);
}
#endif

/* New words of every kind, longer than the cache keeps: each goes the whole way. */
static void no_allocation_per_token(void)
{
	struct analyzer *a = make("en", true, true), *b = make("ru", true, true);
	char text[20000];
	struct token t;
	unsigned long before = 0;
	for (int round = 0; round < 3; round++) {
		size_t n = 0;
		while (n < sizeof(text) - 200)
			n += (size_t)sprintf(text + n, "internationalization%u%uness Größenordnungen%uéé o\xcc\x88%u Преподавателями%u 東京%u ", rnd(99999), rnd(99999), rnd(99999),
					     rnd(99999), rnd(99999), rnd(99999));
		unsigned ntokens = 0;
		for (analyzer_begin(a, text, n); analyzer_next(a, &t);)
			ntokens++;
		for (analyzer_begin(b, text, n); analyzer_next(b, &t);)
			ntokens++;
		CU_ASSERT_TRUE(ntokens > 500);
		if (round == 0)
			before = nallocs; /* stemmers may grow their buffer to the longest word */
	}
	CU_ASSERT_EQUAL(nallocs, before);
	analyzer_free(a);
	analyzer_free(b);
}

static void offsets_cover_the_original(void)
{
	struct analyzer *a = make("en", true, true);
	static const char text[] = "The \xe2\x80\x9cNaïve\xe2\x80\x9d runner\xe2\x80\x99s 東京都";
	static const char *const want[] = {"Naïve", "runner\xe2\x80\x99s", "東京", "京都"};
	struct token t;
	unsigned i = 0;
	analyzer_begin(a, text, sizeof(text) - 1);
	for (; analyzer_next(a, &t) && i < 4; i++) {
		CU_ASSERT_EQUAL(t.end - t.start, strlen(want[i]));
		CU_ASSERT_EQUAL(memcmp(text + t.start, want[i], strlen(want[i])), 0);
		CU_ASSERT_EQUAL(t.pos, i + 1);
	}
	CU_ASSERT_EQUAL(i, 4);
	analyzer_free(a);
}

/* A text gives the same tokens to a new analyzer and to one with a full or emptied cache; a slot keeps its term for a generation. */
static void cache_changes_nothing(void)
{
	struct analyzer *old = make("en", true, true);
	char(*terms)[TERM_MAX_BYTES + 1] = calloc(ANALYZER_CACHE_SLOTS, TERM_MAX_BYTES + 1);
	char text[6000];
	uint32_t generation = analyzer_cache_generation(old), changes = 0;
	bool stable = true;
	for (int i = 0; i < 1500; i++) {
		size_t n = 0;
		while (n < sizeof(text) - 20) {
			for (uint32_t k = 1 + rnd(9); k; k--)
				text[n++] = (char)('a' + rnd(26));
			n += (size_t)sprintf(text + n, "%s ", rnd(3) ? "" : "ings");
		}
		struct token t;
		analyzer_begin(old, text, n);
		if (analyzer_cache_generation(old) != generation) {
			generation = analyzer_cache_generation(old);
			changes++;
			memset(terms, 0, (size_t)ANALYZER_CACHE_SLOTS * (TERM_MAX_BYTES + 1));
		}
		while (analyzer_next(old, &t)) {
			if (t.cache_slot == UINT32_MAX)
				continue;
			stable &= t.cache_slot < ANALYZER_CACHE_SLOTS;
			char *mine = terms[t.cache_slot];
			if (!mine[0])
				memcpy(mine, t.term, t.len);
			stable &= strlen(mine) == t.len && memcmp(mine, t.term, t.len) == 0;
		}
		if (i % 300 == 299) {
			struct analyzer *fresh = make("en", true, true);
			char *x = terms_of(old, text, n), *y = terms_of(fresh, text, n);
			CU_ASSERT_STRING_EQUAL(x, y);
			free(x);
			free(y);
			analyzer_free(fresh);
		}
	}
	CU_ASSERT_TRUE(stable);
	CU_ASSERT_TRUE(changes >= 1); /* the cache was full of words that never came again */
	free(terms);
	analyzer_free(old);
}

/* The analyzer does not ask the English stemmer about words without vowels. */
static void vowelless_words_are_stems(void)
{
	struct analyzer *a = make("en", false, true);
	struct sb_stemmer *s = sb_stemmer_new("english", "UTF_8");
	for (int i = 0; i < 20000; i++) {
		char w[12];
		int n = 1 + (int)rnd(10);
		for (int k = 0; k < n; k++)
			w[k] = "bcdfghjklmnpqrstvwxz0123456789sssdgln"[rnd(37)];
		struct token t;
		const char *stem = (const char *)sb_stemmer_stem(s, (const sb_symbol *)w, n);
		analyzer_begin(a, w, (size_t)n);
		CU_ASSERT_TRUE(analyzer_next(a, &t) && (int)t.len == sb_stemmer_length(s) && memcmp(t.term, stem, t.len) == 0);
	}
	sb_stemmer_delete(s);
	analyzer_free(a);
}

static void unfolded_and_languages(void)
{
	struct analyzer *a = make("none", false, false);
	char *got = terms_of(a, "The CAFÉ The", strlen("The CAFÉ The"));
	CU_ASSERT_STRING_EQUAL(got, "The@0 CAFÉ@1 The@2");
	free(got);
	analyzer_free(a);
	unsigned n = 0;
	for (const char *const *l = analyzer_languages(); *l; l++, n++)
		analyzer_free(make(*l, true, true));
	CU_ASSERT_TRUE(n >= 29);
	struct analyzer_params bad = {.language = "klingon"}, full = {.language = {'e', 'n', 'g', 'l', 'i', 's', 'h', 'e', 'n', 'g', 'l', 'i', 's', 'h', 'e', 'n'}};
	struct analyzer_params none = {.language = ""};
	struct rk_err err = {{0}};
	CU_ASSERT_EQUAL(analyzer_new(&bad, &a, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "klingon"));
	CU_ASSERT_EQUAL(analyzer_new(&full, &a, NULL), -EINVAL);
	CU_ASSERT_EQUAL(analyzer_new(&none, &a, NULL), -EINVAL);
}

static void query_words_are_folded(void)
{
	struct analyzer *a = make("en", true, true);
	char out[300];
	static const struct {
		const char *in, *out;
	} words[] = {{"RUNNING", "running"}, {"Café", "cafe"}, {"the", "the"}, {"a\xff" "B", "ab"}, {"東京", "東京"}, {"foo-Bar", "foo-bar"}, {"", ""}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = analyzer_fold(a, words[i].in, strlen(words[i].in), out, sizeof(out));
		CU_ASSERT_EQUAL(n, strlen(words[i].out));
		CU_ASSERT_EQUAL(memcmp(out, words[i].out, n), 0);
	}
	CU_ASSERT_EQUAL(analyzer_fold(a, "ééé", 6, out, 2), 2);
	CU_ASSERT_EQUAL(analyzer_fold(a, "中中", 6, out, 5), 3);
	char longest[1000];
	memset(longest, 'x', sizeof(longest));
	CU_ASSERT_EQUAL(analyzer_fold(a, longest, sizeof(longest), out, sizeof(out)), TERM_MAX_BYTES);
	analyzer_free(a);
}

static const struct tap_test tests[] = {
	{"tricky cases, cold and from the cache", tricky_cases},
	{"ASCII: the same words as libunistring", ascii_as_unistring},
	{"mixed: the same words as libunistring", mixed_as_unistring},
	{"hostile bytes: terms are UTF-8, offsets inside and rising", hostile_bytes},
	{"long words are cut, in linear time", long_words_are_cut},
	{"no allocation per token", no_allocation_per_token},
	{"offsets cover the original bytes", offsets_cover_the_original},
	{"cache: changes nothing, slots keep their terms", cache_changes_nothing},
	{"English words without vowels are their own stems", vowelless_words_are_stems},
	{"fold off, every language, unknown ones refused", unfolded_and_languages},
	{"words of a query are folded only", query_words_are_folded},
};

TAP_MAIN(tests)
