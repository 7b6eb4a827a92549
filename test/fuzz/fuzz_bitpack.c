/* fuzz_bitpack.c - libFuzzer: any width, base and bytes; all twins must give the same integers and read no byte beyond the block. */
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/codec/bitpack_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int fine)
{
	if (!fine)
		abort();
}

static void one_twin(const struct bitpack_ops *o, unsigned width, uint32_t base, const uint8_t *block)
{
	uint32_t want[RK_BLOCK], got[RK_BLOCK], sum = base;
	uint8_t again[512];
	bitpack_scalar.unpack[width](block, want);
	o->unpack[width](block, got);
	must(memcmp(want, got, sizeof(got)) == 0);
	o->pack[width](got, again);
	must(memcmp(block, again, bitpack_bytes(width)) == 0); /* one block, one encoding */
	o->d1_unpack[width](base, block, got);
	for (unsigned i = 0; i < RK_BLOCK; i++) {
		sum += want[i] + 1;
		must(got[i] == sum);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 5)
		return 0;
	unsigned width = data[0] % 33;
	uint32_t base = rk_get32(data + 1);
	uint8_t *block = malloc(bitpack_bytes(width) + 1); /* exactly the block, at an odd address */
	if (!block)
		return 0;
	memset(block, 0, bitpack_bytes(width) + 1);
	memcpy(block + 1, data + 5, size - 5 < bitpack_bytes(width) ? size - 5 : bitpack_bytes(width));
	static const char *const names[] = {"sse2", "avx2"};
	one_twin(&bitpack_scalar, width, base, block + 1);
	for (unsigned i = 0; i < 2; i++) {
		const struct bitpack_ops *o = bitpack_x86(names[i]);
		if (o)
			one_twin(o, width, base, block + 1);
	}
	free(block);
	return 0;
}
