/* fuzz_analyzer.c - any bytes as a text: terms are UTF-8, offsets inside and rising, words as long as allowed, and the cache changes nothing. */
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "core/text/analyzer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const languages[] = {"none", "en", "de", "fr", "tr", "ru", "ar", "hi"};
enum { NLANGUAGES = sizeof(languages) / sizeof(languages[0]) };
static struct analyzer *warm[NLANGUAGES];

static void check(bool good)
{
	if (!good)
		abort();
}

static struct analyzer *make(unsigned language)
{
	struct analyzer_params p = {.stop = language & 1, .fold = true};
	struct analyzer *a;
	strcpy(p.language, languages[language]);
	check(analyzer_new(&p, &a, NULL) == 0);
	return a;
}

/* A number for all the tokens of a text. */
static uint64_t tokens_of(struct analyzer *a, const char *text, size_t len)
{
	struct token t;
	uint64_t sum = 0;
	int64_t start = -1, pos = -1;
	analyzer_begin(a, text, len);
	while (analyzer_next(a, &t)) {
		check((int64_t)t.start > start && t.start < t.end && t.end <= len && t.end - t.start <= TERM_MAX_BYTES);
		check((int64_t)t.pos > pos && t.len > 0 && t.len <= TERM_MAX_BYTES && !u8_check((const uint8_t *)t.term, t.len));
		check(t.cache_slot == UINT32_MAX || t.cache_slot < ANALYZER_CACHE_SLOTS);
		start = t.start;
		pos = t.pos;
		for (uint32_t i = 0; i < t.len; i++)
			sum = sum * 31 + (uint8_t)t.term[i];
		sum = ((sum * 31 + t.start) * 31 + t.end) * 31 + t.pos;
	}
	return sum;
}

/* The first byte chooses the language, the second how often the rest is repeated. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folded[TERM_MAX_BYTES];
	if (size < 2)
		return 0;
	unsigned l = data[0] % NLANGUAGES, times = data[1] % 8 == 7 ? data[1] / 8 + 1 : 1;
	size_t part = size - 2, len = part * times;
	if (!warm[l])
		warm[l] = make(l);
	char *text = malloc(len ? len : 1);
	for (unsigned i = 0; i < times && part; i++)
		memcpy(text + i * part, data + 2, part);
	uint64_t sum = tokens_of(warm[l], text, len);
	check(sum == tokens_of(warm[l], text, len));
	if (data[1] == 64) { /* not always: a new one costs more than a text */
		struct analyzer *cold = make(l);
		check(sum == tokens_of(cold, text, len));
		analyzer_free(cold);
	}
	size_t n = analyzer_fold(warm[l], text, len, folded, sizeof(folded));
	check(n <= sizeof(folded) && !u8_check((const uint8_t *)folded, n));
	free(text);
	return 0;
}
