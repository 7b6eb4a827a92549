/* t_zblock.c - blocks: round trips, every cut and every flipped bit refused, limits before allocation, wrong dictionaries, a vector by hand. */
#include "core/codec/zblock.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"
#include "test/tap.h"
#include "test/vectors.h"

enum { HEADER = 17 };

static uint64_t seed = 1181783497276652981u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Text of common words (compresses), or noise (does not). */
static void fill(uint8_t *p, size_t n, bool text)
{
	static const char *const words[] = {"the ", "index ", "of ", "ranked ", "retrieval ", "file ", "system ", "a ", "block ", "zstd "};
	for (size_t i = 0; i < n;) {
		const char *w = words[rnd() % 10];
		size_t len = text ? strlen(w) : 1;
		uint8_t noise = (uint8_t)rnd();
		for (size_t k = 0; k < len && i < n; k++)
			p[i++] = text ? (uint8_t)w[k] : noise;
	}
}

static void train(struct rk_buf *ret, unsigned salt)
{
	size_t sizes[400], total = 0;
	uint8_t *samples = malloc(400 * 600);
	seed += salt;
	for (unsigned i = 0; i < 400; i++) {
		sizes[i] = 200 + rnd() % 400;
		fill(samples + total, sizes[i], true);
		total += sizes[i];
	}
	CU_ASSERT_EQUAL_FATAL(zdict_train(samples, sizes, 400, 4096, ret), 0);
	CU_ASSERT_TRUE(ret->len > 256 && ret->len <= 4096);
	free(samples);
}

static void round_trip_with(struct zcodec *z, const struct zdict *d)
{
	static const size_t sizes[] = {0, 1, 2, 16, 17, 100, 1000, 4095, 65536, 300000};
	uint8_t *p = malloc(300000);
	struct rk_buf b = {0}, got = {0};
	for (unsigned i = 0; i < 20; i++) {
		size_t n = sizes[i / 2], start = b.len;
		fill(p, n, i % 2);
		CU_ASSERT_EQUAL(zblock_put(z, d, p, n, &b), 0);
		CU_ASSERT_TRUE(b.len - start <= HEADER + n);
		if (i % 2 && n >= 1000)
			CU_ASSERT_TRUE(b.len - start < n / 2);
		got.len = 0;
		rk_buf_str(&got, "before");
		CU_ASSERT_EQUAL(zblock_get(z, d, b.data + start, b.len - start, n, &got), 0);
		CU_ASSERT_EQUAL_FATAL(got.len, n + 6);
		CU_ASSERT_EQUAL(memcmp(got.data, "before", 6), 0);
		CU_ASSERT_EQUAL(memcmp(got.data + 6, p, n), 0);
		if (n)
			CU_ASSERT_EQUAL(zblock_get(z, d, b.data + start, b.len - start, n - 1, &got), -EUCLEAN);
		CU_ASSERT_EQUAL(got.len, n + 6);
	}
	rk_buf_done(&b);
	rk_buf_done(&got);
	free(p);
}

static void round_trip(void)
{
	struct zcodec *z;
	struct zdict *d;
	struct rk_buf dict = {0};
	CU_ASSERT_EQUAL_FATAL(zcodec_new(3, &z), 0);
	round_trip_with(z, NULL);
	train(&dict, 0);
	CU_ASSERT_EQUAL_FATAL(zdict_new(dict.data, dict.len, 3, &d), 0);
	round_trip_with(z, d);
	zdict_free(d);
	round_trip_with(z, NULL); /* the codec keeps no pointer to it */
	zcodec_free(z);
	rk_buf_done(&dict);
}

/* Runs over a stored block, a frame, and a frame with a dictionary. */
static void each_kind(void (*check)(struct zcodec *, const struct zdict *, const struct rk_buf *block))
{
	struct zcodec *z;
	struct zdict *d;
	struct rk_buf dict = {0}, b = {0};
	uint8_t p[700];
	CU_ASSERT_EQUAL_FATAL(zcodec_new(3, &z), 0);
	train(&dict, 1);
	CU_ASSERT_EQUAL_FATAL(zdict_new(dict.data, dict.len, 3, &d), 0);
	for (unsigned kind = 0; kind < 3; kind++) {
		fill(p, sizeof(p), kind > 0);
		b.len = 0;
		CU_ASSERT_EQUAL(zblock_put(z, kind == 2 ? d : NULL, p, kind ? sizeof(p) : 60, &b), 0);
		CU_ASSERT_EQUAL(b.data[16], kind == 0 ? 0 : kind == 1 ? 1 : 3);
		check(z, d, &b);
	}
	zdict_free(d);
	zcodec_free(z);
	rk_buf_done(&dict);
	rk_buf_done(&b);
}

static void cuts(struct zcodec *z, const struct zdict *d, const struct rk_buf *b)
{
	struct rk_buf got = {0};
	for (size_t n = 0; n < b->len; n++) {
		uint8_t *exact = malloc(n + !n); /* so that a sanitizer sees a read beyond the cut */
		memcpy(exact, b->data, n);
		CU_ASSERT_EQUAL(zblock_get(z, d, exact, n, 1 << 20, &got), -EUCLEAN);
		free(exact);
	}
	uint8_t *more = calloc(1, b->len + 1);
	memcpy(more, b->data, b->len);
	CU_ASSERT_EQUAL(zblock_get(z, d, more, b->len + 1, 1 << 20, &got), -EUCLEAN);
	CU_ASSERT_EQUAL(got.len, 0);
	free(more);
	rk_buf_done(&got);
}

static void every_cut_is_refused(void)
{
	each_kind(cuts);
}

static void flips(struct zcodec *z, const struct zdict *d, const struct rk_buf *b)
{
	struct rk_buf got = {0};
	for (size_t bit = 0; bit < 8 * b->len; bit++) {
		b->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(zblock_get(z, d, b->data, b->len, 1 << 20, &got), -EUCLEAN);
		b->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(zblock_get(z, d, b->data, b->len, 1 << 20, &got), 0);
	rk_buf_done(&got);
}

static void every_flip_is_refused(void)
{
	each_kind(flips);
}

/* Flips under a checksum that is right again: only a hostile writer does that. Sizes and flags must still be believed by nobody. */
static void resealed(struct zcodec *z, const struct zdict *d, const struct rk_buf *b)
{
	struct rk_buf got = {0};
	for (size_t bit = 64; bit < 8 * b->len; bit++) {
		b->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rk_put64(b->data, rk_checksum(b->data + 8, b->len - 8));
		got.len = 0;
		int rc = zblock_get(z, d, b->data, b->len, 4096, &got);
		CU_ASSERT_TRUE(rc == -EUCLEAN || (rc == 0 && bit >= 8 * HEADER && got.len == rk_get32(b->data + 8)));
		b->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	rk_put64(b->data, rk_checksum(b->data + 8, b->len - 8));
	rk_buf_done(&got);
}

static void resealed_flips_are_harmless(void)
{
	each_kind(resealed);
}

static void a_claimed_size_allocates_nothing(void)
{
	struct zcodec *z;
	struct rk_buf b = {0}, got = {0};
	uint8_t *zeros = calloc(1, 1 << 20);
	CU_ASSERT_EQUAL_FATAL(zcodec_new(1, &z), 0);
	CU_ASSERT_EQUAL(zblock_put(z, NULL, zeros, 1 << 20, &b), 0);
	CU_ASSERT_EQUAL(zblock_get(z, NULL, b.data, b.len, (1 << 20) - 1, &got), -EUCLEAN);
	CU_ASSERT_EQUAL(got.cap, 0);
	CU_ASSERT_EQUAL(zblock_get(z, NULL, b.data, b.len, 1 << 20, &got), 0);
	CU_ASSERT_EQUAL(got.len, 1 << 20);
	zcodec_free(z);
	rk_buf_done(&b);
	rk_buf_done(&got);
	free(zeros);
}

static void the_wrong_dictionary_is_refused(void)
{
	struct zcodec *z;
	struct zdict *a, *c, *raw;
	struct rk_buf da = {0}, dc = {0}, b = {0}, got = {0};
	uint8_t p[500];
	CU_ASSERT_EQUAL_FATAL(zcodec_new(3, &z), 0);
	train(&da, 2);
	train(&dc, 3);
	fill(p, sizeof(p), true);
	CU_ASSERT_EQUAL_FATAL(zdict_new(da.data, da.len, 3, &a), 0);
	CU_ASSERT_EQUAL_FATAL(zdict_new(dc.data, dc.len, 3, &c), 0);
	CU_ASSERT_EQUAL_FATAL(zdict_new(p, 100, 3, &raw), 0); /* bytes without the magic serve as they are */
	CU_ASSERT_EQUAL(zblock_put(z, a, p, sizeof(p), &b), 0);
	CU_ASSERT_EQUAL(zblock_get(z, c, b.data, b.len, 4096, &got), -EUCLEAN);
	CU_ASSERT_EQUAL(zblock_get(z, raw, b.data, b.len, 4096, &got), -EUCLEAN);
	CU_ASSERT_EQUAL(zblock_get(z, NULL, b.data, b.len, 4096, &got), -EUCLEAN);
	CU_ASSERT_EQUAL(zblock_get(z, a, b.data, b.len, 4096, &got), 0);
	b.len = 0;
	CU_ASSERT_EQUAL(zblock_put(z, NULL, p, sizeof(p), &b), 0); /* a block without one is read whatever is given */
	CU_ASSERT_EQUAL(zblock_get(z, a, b.data, b.len, 4096, &got), 0);
	zdict_free(a);
	zdict_free(c);
	zdict_free(raw);
	da.len = 20; /* a dictionary cut within its tables */
	CU_ASSERT_EQUAL(zdict_new(da.data, da.len, 3, &a), -EUCLEAN);
	size_t two[] = {10, 10};
	CU_ASSERT_EQUAL(zdict_train(p, two, 2, 4096, &got), -ENODATA);
	zcodec_free(z);
	rk_buf_done(&da);
	rk_buf_done(&dc);
	rk_buf_done(&b);
	rk_buf_done(&got);
}

static void a_dictionary_does_not_stick(void) /* after content that did not shrink with one, the next block needs none */
{
	struct zcodec *z;
	struct zdict *d;
	struct rk_buf dict = {0}, b = {0}, got = {0};
	uint8_t noise[300], text[300];
	CU_ASSERT_EQUAL_FATAL(zcodec_new(3, &z), 0);
	train(&dict, 5);
	CU_ASSERT_EQUAL_FATAL(zdict_new(dict.data, dict.len, 3, &d), 0);
	fill(noise, sizeof(noise), false);
	fill(text, sizeof(text), true);
	CU_ASSERT_EQUAL(zblock_put(z, d, noise, sizeof(noise), &b), 0);
	CU_ASSERT_EQUAL(b.data[16], 0);
	zdict_free(d);
	b.len = 0;
	CU_ASSERT_EQUAL(zblock_put(z, NULL, text, sizeof(text), &b), 0);
	CU_ASSERT_EQUAL(b.data[16], 1);
	CU_ASSERT_EQUAL(zblock_get(z, NULL, b.data, b.len, sizeof(text), &got), 0);
	CU_ASSERT_TRUE(got.len == sizeof(text) && memcmp(got.data, text, sizeof(text)) == 0);
	zcodec_free(z);
	rk_buf_done(&dict);
	rk_buf_done(&b);
	rk_buf_done(&got);
}

static struct zdict *shared;

static void *putter(void *arg)
{
	struct zcodec *z;
	struct rk_buf b = {0}, got = {0};
	uint8_t *p = arg;
	if (zcodec_new(3, &z) < 0)
		return NULL;
	bool fine = true;
	for (unsigned i = 0; i < 50; i++) {
		b.len = got.len = 0;
		fine = fine && zblock_put(z, shared, p, 500 - i, &b) == 0 && b.data[16] == 3;
		fine = fine && zblock_get(z, shared, b.data, b.len, 500, &got) == 0 && memcmp(got.data, p, 500 - i) == 0;
	}
	zcodec_free(z);
	rk_buf_done(&b);
	rk_buf_done(&got);
	return fine ? p : NULL;
}

static void threads_share_a_dictionary(void)
{
	struct rk_buf dict = {0};
	uint8_t p[500];
	pthread_t t[4];
	void *fine;
	train(&dict, 4);
	fill(p, sizeof(p), true);
	CU_ASSERT_EQUAL_FATAL(zdict_new(dict.data, dict.len, 3, &shared), 0);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&t[i], NULL, putter, p), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(t[i], &fine);
		CU_ASSERT_PTR_NOT_NULL(fine);
	}
	zdict_free(shared);
	rk_buf_done(&dict);
}

static void vectors(void) /* test/vectors/zblock.txt: content and the block made of it elsewhere; '!' must be refused */
{
	FILE *f = vectors_open("zblock.txt");
	char line[1024], kind[8], content[400], block[500];
	unsigned char want[200], in[250];
	struct zcodec *z;
	unsigned n = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL_FATAL(zcodec_new(3, &z), 0);
	while (fgets(line, sizeof(line), f)) {
		struct rk_buf got = {0};
		if (line[0] == '#')
			continue;
		CU_ASSERT_EQUAL_FATAL(sscanf(line, "%7s %399s %499s", kind, content, block), 3);
		int wlen = vectors_hex(content, want, sizeof(want)), len = vectors_hex(block, in, sizeof(in));
		CU_ASSERT_TRUE_FATAL(wlen >= 0 && len >= 0);
		int rc = zblock_get(z, NULL, in, (size_t)len, 200, &got);
		CU_ASSERT_EQUAL(rc, kind[0] == '!' ? -EUCLEAN : 0);
		if (rc == 0)
			CU_ASSERT_TRUE(got.len == (size_t)wlen && (wlen == 0 || memcmp(got.data, want, got.len) == 0));
		rk_buf_done(&got);
		n++;
	}
	CU_ASSERT_TRUE(n >= 6);
	zcodec_free(z);
	fclose(f);
}

static const struct tap_test tests[] = {
	{"zblock: round trips, with a dictionary and without", round_trip},
	{"zblock: every cut, and a byte more, is refused", every_cut_is_refused},
	{"zblock: every flipped bit is refused", every_flip_is_refused},
	{"zblock: flips under a right checksum do no harm", resealed_flips_are_harmless},
	{"zblock: the limit is asked before anything is allocated", a_claimed_size_allocates_nothing},
	{"zblock: the wrong dictionary is refused", the_wrong_dictionary_is_refused},
	{"zblock: a dictionary does not stick to the codec", a_dictionary_does_not_stick},
	{"zblock: threads share a dictionary", threads_share_a_dictionary},
	{"zblock: vectors", vectors},
};

TAP_MAIN(tests)
