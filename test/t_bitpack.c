/* t_bitpack.c - packed blocks: vectors made elsewhere, every width, all twins equal, no byte beyond the block, hostile bytes. */
#include "core/codec/bitpack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/codec/bitpack_private.h"
#include "test/tap.h"
#include "test/vectors.h"

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static unsigned twins(const struct bitpack_ops *t[4])
{
	static const char *const names[] = {"sse2", "avx2"};
	unsigned n = 0;
	t[n++] = &bitpack_scalar;
	for (unsigned i = 0; i < 2; i++) {
		const struct bitpack_ops *o = bitpack_x86(names[i]);
		if (o)
			t[n++] = o;
	}
	return n;
}

static void vector_values(unsigned width, uint32_t v[RK_BLOCK])
{
	for (uint32_t i = 0; i < RK_BLOCK; i++)
		v[i] = width ? (i * 2654435761u + 12345u) >> (32 - width) : 0;
}

static void one_vector(const char *line)
{
	char hex[1100];
	uint8_t bytes[512], packed[512];
	uint32_t want[RK_BLOCK], got[RK_BLOCK], base, last;
	unsigned width;
	const struct bitpack_ops *t[4];
	unsigned n = twins(t);
	bool d1 = sscanf(line, "d1 %u %u %u %1099s", &width, &base, &last, hex) == 4;
	CU_ASSERT_TRUE_FATAL(d1 || sscanf(line, "unpack %u %1099s", &width, hex) == 2);
	CU_ASSERT_EQUAL_FATAL(vectors_hex(hex, bytes, sizeof(bytes)), (int)bitpack_bytes(width));
	vector_values(width, want);
	for (unsigned i = 0; i < n; i++) {
		if (d1) {
			t[i]->d1_unpack[width](base, bytes, got);
			CU_ASSERT_EQUAL(got[0], base + want[0] + 1);
			CU_ASSERT_EQUAL(got[RK_BLOCK - 1], last);
			continue;
		}
		t[i]->unpack[width](bytes, got);
		CU_ASSERT_EQUAL(memcmp(got, want, sizeof(got)), 0);
		t[i]->pack[width](want, packed);
		CU_ASSERT_EQUAL(memcmp(packed, bytes, bitpack_bytes(width)), 0);
	}
}

static void vectors(void)
{
	FILE *f = vectors_open("bitpack.txt");
	char line[2048];
	unsigned n = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '#') {
			one_vector(line);
			n++;
		}
	}
	fclose(f);
	CU_ASSERT_TRUE(n > 20);
}

static void widths_are_the_fewest(void)
{
	uint32_t v[RK_BLOCK] = {0};
	CU_ASSERT_EQUAL(bitpack_width(v), 0);
	for (unsigned w = 1; w <= 32; w++) {
		memset(v, 0, sizeof(v));
		v[rnd() % RK_BLOCK] = UINT32_C(1) << (w - 1);
		CU_ASSERT_EQUAL(bitpack_width(v), w);
		v[rnd() % RK_BLOCK] |= RK_MASK(w);
		CU_ASSERT_EQUAL(bitpack_width(v), w);
	}
	for (uint32_t i = 0; i < RK_BLOCK; i++)
		v[i] = i;
	CU_ASSERT_EQUAL(bitpack_d1_width(UINT32_MAX, v), 0);
	v[127] = 128;
	CU_ASSERT_EQUAL(bitpack_d1_width(UINT32_MAX, v), 1);
	for (uint32_t i = 0; i < RK_BLOCK; i++)
		v[i] = 500 + i;
	CU_ASSERT_EQUAL(bitpack_d1_width(499, v), 0);
	CU_ASSERT_EQUAL(bitpack_d1_width(498, v), 1);
}

static void round_trip(void)
{
	const struct bitpack_ops *t[4];
	unsigned n = twins(t);
	for (unsigned w = 0; w <= 32; w++) {
		for (unsigned again = 0; again < 50; again++) {
			uint32_t v[RK_BLOCK], got[RK_BLOCK];
			uint8_t first[512], other[512];
			for (unsigned i = 0; i < RK_BLOCK; i++)
				v[i] = again == 0 ? RK_MASK(w) : rnd() & RK_MASK(w);
			memset(first, 0xa5, sizeof(first));
			t[0]->pack[w](v, first);
			for (unsigned i = bitpack_bytes(w); i < sizeof(first); i++)
				CU_ASSERT_EQUAL(first[i], 0xa5);
			for (unsigned k = 0; k < n; k++) {
				memset(other, 0xa5, sizeof(other));
				t[k]->pack[w](v, other);
				CU_ASSERT_EQUAL(memcmp(first, other, sizeof(first)), 0);
				t[k]->unpack[w](first, got);
				CU_ASSERT_EQUAL(memcmp(v, got, sizeof(v)), 0);
			}
			bitpack_pack(v, w, other);
			bitpack_unpack(other, w, got);
			CU_ASSERT_EQUAL(memcmp(v, got, sizeof(v)), 0);
		}
	}
}

static void d1_round_trip(void)
{
	const struct bitpack_ops *t[4];
	unsigned n = twins(t);
	for (unsigned w = 0; w <= 25; w++) {
		for (unsigned again = 0; again < 50; again++) {
			uint32_t v[RK_BLOCK], got[RK_BLOCK], base = again % 2 ? UINT32_MAX : rnd() >> 8, last = base;
			uint8_t bytes[512];
			for (unsigned i = 0; i < RK_BLOCK; i++)
				v[i] = last = last + 1 + (rnd() & RK_MASK(w));
			unsigned width = bitpack_d1_width(base, v);
			CU_ASSERT_TRUE(width <= w);
			bitpack_d1_pack(base, v, width, bytes);
			for (unsigned k = 0; k < n; k++) {
				t[k]->d1_unpack[width](base, bytes, got);
				CU_ASSERT_EQUAL(memcmp(v, got, sizeof(v)), 0);
			}
			bitpack_d1_unpack(base, bytes, width, got);
			CU_ASSERT_EQUAL(memcmp(v, got, sizeof(v)), 0);
		}
	}
}

static void hostile_bytes_agree(void) /* sums that wrap, every width: all twins give the same integers */
{
	const struct bitpack_ops *t[4];
	unsigned n = twins(t);
	for (unsigned again = 0; again < 2000; again++) {
		uint8_t bytes[512];
		uint32_t want[RK_BLOCK], got[RK_BLOCK], base = rnd();
		unsigned w = again % 33;
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)rnd();
		uint32_t sum = base;
		t[0]->unpack[w](bytes, want);
		for (unsigned i = 0; i < RK_BLOCK; i++)
			want[i] = sum = sum + want[i] + 1;
		for (unsigned k = 0; k < n; k++) {
			t[k]->d1_unpack[w](base, bytes, got);
			CU_ASSERT_EQUAL(memcmp(want, got, sizeof(want)), 0);
		}
	}
}

static void never_a_byte_beyond(void) /* the block ends at a page that cannot be read, then begins behind one; unaligned too */
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *m = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct bitpack_ops *t[4];
	unsigned n = twins(t);
	CU_ASSERT_TRUE_FATAL(m != MAP_FAILED && mprotect(m + page, page, PROT_READ | PROT_WRITE) == 0);
	for (unsigned w = 0; w <= 32; w++) {
		uint8_t *places[] = {m + 2 * page - bitpack_bytes(w), m + page, m + page + 1};
		for (unsigned p = 0; p < 3; p++) {
			for (unsigned k = 0; k < n; k++) {
				uint32_t v[RK_BLOCK], got[RK_BLOCK];
				for (unsigned i = 0; i < RK_BLOCK; i++)
					v[i] = rnd() & RK_MASK(w);
				t[k]->pack[w](v, places[p]);
				t[k]->unpack[w](places[p], got);
				CU_ASSERT_EQUAL(memcmp(v, got, sizeof(v)), 0);
				t[k]->d1_unpack[w](0, places[p], got);
				CU_ASSERT_EQUAL(got[0], v[0] + 1);
			}
		}
	}
	munmap(m, 3 * page);
}

/* In a child, before this process chooses: what RANKFS_SIMD asks for is what works. */
static void the_choice_obeys(void)
{
	static const char *const wants[][2] = {{"scalar", "scalar"}, {"sse2", "sse2"}, {"avx2", "avx2"}, {"nonsense", NULL}};
	const struct bitpack_ops *best = bitpack_x86(NULL);
	for (unsigned i = 0; i < 4; i++) {
		const struct bitpack_ops *o = bitpack_x86(wants[i][0]);
		const char *expect = i == 0 ? "scalar" : o ? o->name : best ? best->name : "scalar";
		int status;
		pid_t child = fork();
		if (child == 0) {
			setenv("RANKFS_SIMD", wants[i][0], 1);
			_exit(strcmp(bitpack_impl(), expect) != 0);
		}
		CU_ASSERT_TRUE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
		if (wants[i][1] && o)
			CU_ASSERT_STRING_EQUAL(o->name, wants[i][1]);
	}
}

static const struct tap_test tests[] = {
	{"bitpack: RANKFS_SIMD is obeyed", the_choice_obeys},
	{"bitpack: vectors made by another program", vectors},
	{"bitpack: widths are the fewest", widths_are_the_fewest},
	{"bitpack: every width round trips, twins give the same bytes", round_trip},
	{"bitpack: rising numbers round trip at every width", d1_round_trip},
	{"bitpack: twins agree on hostile bytes", hostile_bytes_agree},
	{"bitpack: no byte before or beyond the block is touched", never_a_byte_beyond},
};

TAP_MAIN(tests)
