# core/codec: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/codec/bitpack.h \
	core/codec/checksum.c core/codec/checksum.h \
	core/codec/zblock.h
