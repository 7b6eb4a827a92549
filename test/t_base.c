/* t_base.c - core/base: varints one way only, readers that stay bad, buffers, arenas, error words. */
#include <errno.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/rd.h"
#include "test/tap.h"

static void varint_round_trip(void)
{
	for (unsigned bit = 0; bit <= 64; bit++) {
		for (int d = -1; d <= 1; d++) {
			uint64_t v = (bit == 64 ? 0 : UINT64_C(1) << bit) + (uint64_t)(int64_t)d;
			struct rk_buf b = {0};
			CU_ASSERT_EQUAL(rk_buf_varint(&b, v), 0);
			struct rk_rd r = rk_rd_of(b.data, b.len);
			CU_ASSERT_EQUAL(rk_rd_varint(&r), v);
			CU_ASSERT_TRUE(rk_rd_ok(&r) && rk_rd_left(&r) == 0);
			for (size_t cut = 0; cut < b.len; cut++) {
				r = rk_rd_of(b.data, cut);
				rk_rd_varint(&r);
				CU_ASSERT_FALSE(rk_rd_ok(&r));
			}
			rk_buf_done(&b);
		}
	}
}

static void varint_overlong_is_refused(void)
{
	static const uint8_t overlong[] = {0x80, 0x00};
	static const uint8_t too_big[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
	struct rk_rd r = rk_rd_of(overlong, sizeof(overlong));
	rk_rd_varint(&r);
	CU_ASSERT_FALSE(rk_rd_ok(&r));
	r = rk_rd_of(too_big, sizeof(too_big));
	rk_rd_varint(&r);
	CU_ASSERT_FALSE(rk_rd_ok(&r));
}

static void reader_stays_bad(void)
{
	uint8_t b[5] = {1, 0, 0, 0, 7};
	struct rk_rd r = rk_rd_of(b, sizeof(b));
	CU_ASSERT_EQUAL(rk_rd_u32(&r), 1);
	CU_ASSERT_EQUAL(rk_rd_u32(&r), 0);
	CU_ASSERT_FALSE(rk_rd_ok(&r));
	CU_ASSERT_EQUAL(rk_rd_u8(&r), 0); /* a byte is there, but the reader is bad */
}

static void buffer_escapes(void)
{
	struct rk_buf b = {0};
	rk_buf_escaped(&b, "a\tb\nc\\d\x01", 8);
	CU_ASSERT_EQUAL(b.len, strlen("a\\tb\\nc\\\\d\\x01"));
	CU_ASSERT_EQUAL(memcmp(b.data, "a\\tb\\nc\\\\d\\x01", b.len), 0);
	rk_buf_done(&b);
}

static void arena_limit(void)
{
	struct rk_arena a = {.limit = 1 << 20};
	size_t n = 0;
	while (rk_arena_alloc(&a, 1000))
		n++;
	CU_ASSERT_TRUE(n > 900 && n < 1100);
	CU_ASSERT_TRUE(a.total <= 1 << 20);
	rk_arena_done(&a);
	struct rk_arena c = {0};
	CU_ASSERT_EQUAL(rk_arena_reserve(&c, 100000), 0);
	size_t before = c.total;
	for (int i = 0; i < 12500; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(rk_arena_alloc(&c, 8));
	CU_ASSERT_EQUAL(c.total, before);
	rk_arena_done(&c);
}

static void first_words_are_kept(void)
{
	struct rk_err e = {{0}};
	CU_ASSERT_EQUAL(rk_fail(&e, -EIO, "disk %d", 1), -EIO);
	rk_fail(&e, -EIO, "later");
	rk_wrap(&e, -EIO, "opening");
	CU_ASSERT_STRING_EQUAL(e.msg, "opening: disk 1");
}

static const struct tap_test tests[] = {
	{"varint: round trip, every prefix refused", varint_round_trip},
	{"varint: overlong and too big are refused", varint_overlong_is_refused},
	{"reader: a short read stays bad", reader_stays_bad},
	{"buffer: escapes to one line", buffer_escapes},
	{"arena: limit and reserve hold", arena_limit},
	{"errors: first words are kept, wrapping adds in front", first_words_are_kept},
};

TAP_MAIN(tests)
