/* fuzz_zblock.c - libFuzzer: any bytes as a block, under a checksum made right, and any content through put and get. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/checksum.h"
#include "core/codec/zblock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int fine)
{
	if (!fine)
		abort();
}

static void decode(struct zcodec *z, const struct zdict *dict, const uint8_t *data, size_t size)
{
	enum { LIMIT = 1 << 16 };
	struct rk_buf out = {0};
	uint8_t *block = malloc(size + !size);
	if (!block)
		return;
	memcpy(block, data, size);
	int rc = zblock_get(z, dict, block, size, LIMIT, &out);
	must(rc == 0 || rc == -EUCLEAN);
	if (size >= 17) {
		if (block[16] & 2)
			rk_put32(block + 12, (uint32_t)rk_checksum("some words of a dictionary", 26));
		rk_put64(block, rk_checksum(block + 8, size - 8));
		out.len = 0;
		rc = zblock_get(z, dict, block, size, LIMIT, &out);
		must(rc == -EUCLEAN || (rc == 0 && out.len == rk_get32(block + 8) && out.len <= LIMIT));
	}
	free(block);
	rk_buf_done(&out);
}

static void round_trip(struct zcodec *z, const struct zdict *dict, const uint8_t *data, size_t size)
{
	struct rk_buf b = {0}, got = {0};
	must(zblock_put(z, dict, data, size, &b) == 0);
	must(b.len <= size + 17);
	must(zblock_get(z, dict, b.data, b.len, size, &got) == 0);
	must(got.len == size && (size == 0 || memcmp(got.data, data, size) == 0));
	rk_buf_done(&b);
	rk_buf_done(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zcodec *z;
	static struct zdict *dict;
	if (!z && (zcodec_new(1, &z) < 0 || zdict_new("some words of a dictionary", 26, 1, &dict) < 0))
		abort();
	decode(z, dict, data, size);
	round_trip(z, size % 2 ? dict : NULL, data, size);
	return 0;
}
