# core/codec: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/codec/bitpack.c core/codec/bitpack.h core/codec/bitpack_private.h \
	core/codec/bitpack_avx2.c core/codec/bitpack_scalar.c core/codec/bitpack_sse2.c \
	core/codec/checksum.c core/codec/checksum.h \
	core/codec/zblock.c core/codec/zblock.h

unit_tests += test/t_bitpack
test_t_bitpack_SOURCES = test/t_bitpack.c test/vectors.h
test_t_bitpack_LDADD = $(TEST_LIBS)

unit_tests += test/t_zblock
test_t_zblock_SOURCES = test/t_zblock.c test/vectors.h
test_t_zblock_LDADD = $(TEST_LIBS)

EXTRA_DIST += test/vectors/bitpack.txt test/vectors/zblock.txt
