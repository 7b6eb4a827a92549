# core/base: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/base/arena.c core/base/arena.h \
	core/base/buf.c core/base/buf.h \
	core/base/bytes.h \
	core/base/clock.h \
	core/base/err.c core/base/err.h \
	core/base/rd.h

unit_tests += test/t_base
test_t_base_SOURCES = test/t_base.c
test_t_base_LDADD = $(TEST_LIBS)
