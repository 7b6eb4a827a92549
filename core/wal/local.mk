# core/wal: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/wal/wal.h \
	core/wal/wal_format.c core/wal/wal_format.h \
	core/wal/wal_read.c \
	core/wal/wal_scan.c core/wal/wal_scan_private.h \
	core/wal/wal_write.c

unit_tests += test/t_wal
test_t_wal_SOURCES = test/t_wal.c
test_t_wal_LDADD = $(TEST_LIBS)

unit_tests += test/t_wal_sim
test_t_wal_sim_SOURCES = test/t_wal_sim.c
test_t_wal_sim_LDADD = $(TEST_LIBS)

EXTRA_PROGRAMS += bench/wal
CLEANFILES += bench/wal
bench_wal_SOURCES = bench/wal.c
bench_wal_LDADD = $(CORE_LIBS)
