# core/index: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/index/deadset.c core/index/deadset.h \
	core/index/memtable.c core/index/memtable.h core/index/memtable_private.h \
	core/index/memtable_add.c \
	core/index/memtable_cursor.c

unit_tests += test/t_memtable
test_t_memtable_SOURCES = test/t_memtable.c test/stub_text.c
test_t_memtable_LDADD = $(TEST_LIBS)
