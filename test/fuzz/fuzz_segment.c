/* fuzz_segment.c - changes bytes of a small segment's files, makes every checksum right again, and reads everything: no fault, whatever they say.
 *
 * As a test it runs some thousand mutations from a fixed seed: fuzz_segment [RUNS [SEED]]. With -DLIBFUZZER it is a libFuzzer target whose input is
 * a list of changes (file u8, offset le32, value u8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "test/segment_model.h"

static const uint32_t dfs[] = {1, 2, 127, 128, 129, 140, 260, 300};
static const struct model_shape shape = {.ndocs = 300, .nterms = 30, .dfs = dfs, .ndfs = 8, .max_content = 60};
static struct flat seed_files;

static void make_seed(void)
{
	struct rk_dir *dir;
	struct model m;
	if (seed_files.id)
		return;
	model_make(&m, &shape, 1);
	if (dir_mem_open(&dir, NULL) < 0 || model_write(&m, dir, 1, true, NULL) < 0 || flat_init(&seed_files, dir, 1) < 0)
		abort();
	model_free(&m);
	dir->ops->close(dir);
}

static void copy_seed(struct flat *f)
{
	*f = (struct flat){.dir = seed_files.dir, .id = 1, .fresh = true};
	for (unsigned i = 0; i < FLAT_COUNT; i++)
		if (rk_buf_put(&f->file[i], seed_files.file[i].data, seed_files.file[i].len) < 0)
			abort();
}

static void ignore(void *arg, const char *invariant, const char *words)
{
	(void)arg;
	(void)invariant;
	(void)words;
}

/* 0: everything was read; 1: something was refused. */
static int run(struct flat *f)
{
	struct seg *s = NULL;
	flat_forge(f);
	int rc = seg_open(&f->dir, 1, &s, NULL);
	if (rc == 0) {
		rc = read_everything(s);
		seg_unref(s);
		seg_check(&f->dir, 1, true, ignore, NULL, NULL);
	}
	flat_done(f);
	return rc < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct flat f;
	make_seed();
	copy_seed(&f);
	for (; n >= 6; p += 6, n -= 6) {
		struct rk_buf *b = &f.file[p[0] % FLAT_COUNT];
		b->data[rk_get32(p + 1) % b->len] = p[5];
	}
	run(&f);
	return 0;
}

#ifndef LIBFUZZER
/* Half of the changes hit the sections' small numbers, where a wrong one does most harm. */
static void mutate(struct flat *f, uint64_t *seed)
{
	static const uint32_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff};
	unsigned changes = 1 + (unsigned)(model_random(seed) % 6);
	while (changes--) {
		struct rk_buf *b = &f->file[model_random(seed) % FLAT_COUNT];
		size_t at = 32 + model_random(seed) % (b->len - 32);
		switch (model_random(seed) % 5) {
		case 0:
			b->data[at] = (uint8_t)model_random(seed);
			break;
		case 1:
			b->data[at] ^= (uint8_t)(1u << model_random(seed) % 8);
			break;
		case 2:
			if (at + 4 <= b->len)
				rk_put32(b->data + at, values[model_random(seed) % 8]);
			break;
		case 3: /* a number of info, a little more or less */
			at = 32 + model_random(seed) % 26 * 4;
			rk_put32(f->file[FLAT_META].data + at, rk_get32(f->file[FLAT_META].data + at) + (uint32_t)(model_random(seed) % 9) - 4);
			break;
		default: /* bytes from elsewhere */
			for (size_t k = 0, from = 32 + model_random(seed) % (b->len - 32); k < 8 && at + k < b->len && from + k < b->len; k++)
				b->data[at + k] = b->data[from + k];
		}
	}
}

int main(int argc, char **argv)
{
	long runs = argc > 1 ? atol(argv[1]) : 1500, refused = 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	make_seed();
	struct flat f;
	copy_seed(&f);
	int whole = run(&f);
	for (long i = 0; i < runs; i++) {
		uint64_t s = seed + (uint64_t)i;
		copy_seed(&f);
		mutate(&f, &s);
		refused += run(&f);
	}
	flat_done(&seed_files);
	printf("1..2\n%s 1 - the seed is read whole\n", whole == 0 ? "ok" : "not ok");
	printf("ok 2 - %ld changed segments with right checksums, %ld refused, no fault\n", runs, refused);
	return 0;
}
#endif
