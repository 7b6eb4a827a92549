/* micro.c - one line a figure for the codecs and the dictionary: `bench/micro [WORDS]`, WORDS being sorted distinct lines (else made up).
 *
 * Best of several runs, processor time of one thread. Not part of `make check`: `make bench/micro`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/bytes.h"
#include "core/codec/bitpack_private.h"
#include "core/codec/zblock.h"
#include "core/fst/fst.h"

enum { BLOCKS = 64, RUNS = 9 };

static uint64_t cpu_ns(void) /* of this thread: others on the machine cost less that way */
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static volatile uint32_t sink; /* keeps results alive */

static double unpack_rate(const struct bitpack_ops *o, unsigned width, const uint8_t *bytes, int d1)
{
	double best = 0;
	uint32_t out[RK_BLOCK];
	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t t = cpu_ns();
		for (unsigned again = 0; again < 200; again++) {
			for (unsigned i = 0; i < BLOCKS; i++) {
				const uint8_t *in = bytes + i * bitpack_bytes(width);
				if (d1)
					o->d1_unpack[width](sink, in, out);
				else
					o->unpack[width](in, out);
				sink += out[RK_BLOCK - 1];
			}
		}
		double rate = 200.0 * BLOCKS * RK_BLOCK / (double)(cpu_ns() - t);
		best = rate > best ? rate : best;
	}
	return best;
}

static void bitpack_figures(void)
{
	static const unsigned widths[] = {1, 4, 7, 8, 12, 16, 21};
	static uint8_t bytes[BLOCKS * 512];
	const struct bitpack_ops *twins[] = {&bitpack_scalar, bitpack_x86("sse2"), bitpack_x86("avx2")};
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rnd();
	for (unsigned k = 0; k < 3; k++) {
		for (unsigned w = 0; twins[k] && w < 7; w++)
			printf("bitpack %s width %u: unpack %.1f Gints/s, d1 %.1f Gints/s\n", twins[k]->name, widths[w],
			       unpack_rate(twins[k], widths[w], bytes, 0), unpack_rate(twins[k], widths[w], bytes, 1));
	}
}

struct words {
	char *text;
	uint32_t *at, *len;
	size_t n, bytes;
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *made_up(void) /* a million words of syllables, sorted */
{
	static const char *const syllables[] = {"an", "ber", "ca", "de", "el", "fi", "go", "her", "in", "ja", "ko", "lu", "ment", "na", "or", "ph", "qui"};
	enum { N = 1000000 };
	char *arena = malloc(N * 32), **p = malloc(N * sizeof(*p)), *all = malloc(N * 32), *end = all;
	for (unsigned i = 0; i < N; i++) {
		p[i] = arena + 32 * i;
		p[i][0] = 0;
		for (unsigned k = 0; k < 2 + rnd() % 5; k++)
			strcat(p[i], syllables[rnd() % 17]);
	}
	qsort(p, N, sizeof(*p), by_bytes);
	for (unsigned i = 0; i < N; i++) {
		if (i == 0 || strcmp(p[i - 1], p[i]) != 0)
			end += sprintf(end, "%s\n", p[i]);
	}
	free(arena);
	free(p);
	return all;
}

static char *read_file(const char *name)
{
	FILE *f = fopen(name, "r");
	struct rk_buf b = {0};
	char chunk[65536];
	size_t n;
	if (!f)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		rk_buf_put(&b, chunk, n);
	fclose(f);
	rk_buf_u8(&b, 0);
	return (char *)b.data;
}

static struct words split(char *text)
{
	struct words w = {.text = text};
	size_t cap = 0;
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		if (w.n == cap) {
			cap = cap * 2 + 1024;
			w.at = realloc(w.at, cap * sizeof(*w.at));
			w.len = realloc(w.len, cap * sizeof(*w.len));
		}
		w.at[w.n] = (uint32_t)(p - text);
		w.len[w.n++] = (uint32_t)(nl - p);
		w.bytes += (size_t)(nl - p);
	}
	return w;
}

static double build_ns(const struct words *w, struct rk_buf *out)
{
	struct fst_builder *b;
	uint64_t t = cpu_ns();
	if (fst_builder_new(&b) < 0)
		exit(1);
	for (size_t i = 0; i < w->n; i++) {
		if (fst_builder_add(b, w->text + w->at[i], w->len[i], i) < 0)
			exit(1);
	}
	uint64_t memory = fst_builder_memory(b);
	if (fst_builder_finish(b, out) < 0)
		exit(1);
	double ns = (double)(cpu_ns() - t);
	printf("fst build: %.2f M keys/s, %.1f MiB held\n", 1e3 * (double)w->n / ns, (double)memory / (1 << 20));
	fst_builder_free(b);
	return ns;
}

/* The keys are laid out one behind another first, so that what is measured is the dictionary and not the word list. */
static void lookups(const struct words *w, const struct fst *f, int random)
{
	enum { N = 300000 };
	double best = 1e9;
	struct rk_buf keys = {0};
	uint32_t *pick = malloc(N * sizeof(*pick));
	for (size_t i = 0; i < N; i++) {
		pick[i] = (uint32_t)((random ? rnd() : i) % w->n);
		rk_buf_u32(&keys, w->len[pick[i]]);
		rk_buf_put(&keys, w->text + w->at[pick[i]], w->len[pick[i]]);
	}
	for (unsigned run = 0; run < RUNS; run++) {
		const uint8_t *p = keys.data;
		uint64_t t = cpu_ns(), v = 0;
		for (size_t i = 0; i < N; i++) {
			uint32_t len = rk_get32(p);
			if (fst_get(f, p + 4, len, &v) != 1 || v != pick[i])
				exit(1);
			p += 4 + len;
		}
		double ns = (double)(cpu_ns() - t) / N;
		best = ns < best ? ns : best;
	}
	printf("fst lookup, %s: %.0f ns\n", random ? "random keys" : "keys in order", best);
	free(pick);
	rk_buf_done(&keys);
}

static void fst_figures(char *text)
{
	struct words w = split(text);
	struct rk_buf b = {0};
	struct fst f;
	struct fst_iter it = {0};
	size_t n = 0;
	printf("fst: %zu keys, %.1f bytes each\n", w.n, (double)w.bytes / (double)w.n);
	build_ns(&w, &b);
	b.len = 0;
	build_ns(&w, &b);
	printf("fst size: %zu bytes, %.2f bytes a key\n", b.len, (double)b.len / (double)w.n);
	if (fst_open(b.data, b.len, &f) < 0)
		exit(1);
	lookups(&w, &f, 1);
	lookups(&w, &f, 0);
	uint64_t t = cpu_ns();
	fst_iter_seek(&it, &f, NULL, 0);
	while (fst_iter_next(&it) == 1)
		n++;
	printf("fst walk: %.1f M keys/s\n", 1e3 * (double)n / (double)(cpu_ns() - t));
	fst_iter_done(&it);
	rk_buf_done(&b);
	free(w.at);
	free(w.len);
}

static void zblock_figures(const char *text, size_t n)
{
	struct zcodec *z;
	struct rk_buf b = {0}, got = {0};
	enum { SIZE = 16384 };
	if (n < SIZE || zcodec_new(3, &z) < 0)
		return;
	size_t at = 0, blocks = n / SIZE < 300 ? n / SIZE : 300, raw = blocks * SIZE;
	uint32_t *ends = calloc(blocks, sizeof(*ends));
	uint64_t t = cpu_ns();
	for (size_t i = 0; i < blocks; i++) {
		zblock_put(z, NULL, text + i * SIZE, SIZE, &b);
		ends[i] = (uint32_t)b.len;
	}
	printf("zblock put: %.0f MB/s, %.2f of the size\n", 1e3 * (double)raw / (double)(cpu_ns() - t), (double)b.len / (double)raw);
	t = cpu_ns();
	for (size_t i = 0; i < blocks; at = ends[i++]) {
		got.len = 0;
		if (zblock_get(z, NULL, b.data + at, ends[i] - at, SIZE, &got) < 0)
			exit(1);
	}
	printf("zblock get: %.0f MB/s\n", 1e3 * (double)raw / (double)(cpu_ns() - t));
	zcodec_free(z);
	rk_buf_done(&b);
	rk_buf_done(&got);
	free(ends);
}

int main(int argc, char **argv)
{
	bitpack_figures();
	char *text = argc > 1 ? read_file(argv[1]) : made_up();
	if (!text)
		return 1;
	fst_figures(text);
	zblock_figures(text, strlen(text));
	free(text);
	return 0;
}
