/* fuzz_fst.c - libFuzzer: any bytes as an FST (with a footer made right, too): look up, walk, seek, match; keys cut from the bytes must round trip.
 *
 * What both must agree on: a key that a walk of rising keys gives is found by lookup with the same value.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/fst/fst.h"
#include "core/fst/fst_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int fine)
{
	if (!fine)
		abort();
}

static int start(void *arg)
{
	(void)arg;
	return 0;
}

static int step(void *arg, int state, uint8_t byte)
{
	(void)arg;
	return (state + byte) % 5 == 4 ? -1 : (state + byte) % 5;
}

static bool accepts(void *arg, int state)
{
	(void)arg;
	return state != 3;
}

static void read_all(const uint8_t *bytes, size_t len)
{
	struct fst f;
	struct fst_iter it = {0};
	const struct fst_automaton a = {start, step, accepts, NULL};
	uint64_t v;
	int rc = fst_open(bytes, len, &f);
	must(rc == 0 || rc == -EUCLEAN);
	if (rc < 0)
		return;
	rc = fst_get(&f, bytes, len < 20 ? len : 20, &v);
	must(rc == 0 || rc == 1 || rc == -EUCLEAN);
	rc = fst_iter_seek(&it, &f, NULL, 0);
	for (unsigned n = 0; rc == 0 && n < 300 && (rc = fst_iter_next(&it)) == 1; n++) {
		must(fst_get(&f, it.key.data, it.key.len, &v) == 1 && v == it.value);
		rc = 0;
	}
	rc = fst_iter_seek(&it, &f, bytes, len < 7 ? len : 7);
	for (unsigned n = 0; rc == 0 && n < 50 && fst_iter_next(&it) == 1; n++)
		;
	rc = fst_iter_match(&it, &f, &a);
	for (unsigned n = 0; rc == 0 && n < 50 && fst_iter_next(&it) == 1; n++)
		;
	fst_iter_done(&it);
}

/* The bytes as keys: one length byte, then the key; those that do not rise are refused. */
static void build(const uint8_t *data, size_t size)
{
	struct fst_builder *b;
	struct rk_buf out = {0};
	uint64_t n = 0, v;
	struct fst f;
	must(fst_builder_new(&b) == 0);
	for (size_t at = 0; at < size; n += 3) {
		size_t len = data[at++] % 12;
		len = len < size - at ? len : size - at;
		int rc = fst_builder_add(b, data + at, len, n * n % 1000);
		must(rc == 0 || rc == -EINVAL);
		at += len;
	}
	must(fst_builder_finish(b, &out) == 0 && fst_open(out.data, out.len, &f) == 0);
	struct fst_iter it = {0};
	uint64_t walked = 0;
	must(fst_iter_seek(&it, &f, NULL, 0) == 0);
	for (; fst_iter_next(&it) == 1; walked++)
		must(fst_get(&f, it.key.data, it.key.len, &v) == 1 && v == it.value);
	must(walked == f.nkeys);
	fst_iter_done(&it);
	fst_builder_free(b);
	rk_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size + FST_FOOTER + 1);
	if (!p)
		return 0;
	memcpy(p, data, size);
	read_all(p, size);
	memset(p, 0, size + FST_FOOTER + 1);
	memcpy(p + 1, data, size); /* nodes between a right first byte and a right footer */
	uint8_t *foot = p + 1 + size;
	rk_put64(foot, 1 << 20);
	rk_put64(foot + 8, size);
	rk_put32(foot + 16, 100);
	rk_put32(foot + 24, FST_VERSION);
	rk_put32(foot + 28, FST_MAGIC);
	read_all(p, size + FST_FOOTER + 1);
	free(p);
	build(data, size);
	return 0;
}
