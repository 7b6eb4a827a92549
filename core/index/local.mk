# core/index: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/index/deadset.c core/index/deadset.h \
	core/index/memtable.c core/index/memtable.h core/index/memtable_private.h \
	core/index/memtable_add.c \
	core/index/memtable_cursor.c

unit_tests += test/t_memtable
test_t_memtable_SOURCES = test/t_memtable.c
test_t_memtable_LDADD = $(TEST_LIBS)
test_t_memtable_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc

# The living index: log records, files of incoming/, flush, recovery.
librankfs_a_SOURCES += \
	core/index/apply.c \
	core/index/check.c \
	core/index/dirs.c \
	core/index/flush.c \
	core/index/ifile.c \
	core/index/inbox.c \
	core/index/inbox.h \
	core/index/index.c \
	core/index/index.h \
	core/index/index_private.h \
	core/index/infile.c \
	core/index/jsonl.c core/index/jsonl.h \
	core/index/jsonscan.c core/index/jsonscan_private.h \
	core/index/manifest.c \
	core/index/manifest.h \
	core/index/merge.c \
	core/index/mem_order.c \
	core/index/mem_order_private.h \
	core/index/pathtree.c \
	core/index/pathtree.h \
	core/index/records.c \
	core/index/records.h \
	core/index/recover.c \
	core/index/rename.c \
	core/index/replay.c \
	core/index/replay_private.h \
	core/index/snapshot.c \
	core/index/snapshot.h \
	core/index/status.c \
	core/index/stream.c

unit_tests += test/t_inbox
test_t_inbox_SOURCES = test/t_inbox.c test/model.c test/model.h
test_t_inbox_LDADD = $(TEST_LIBS)

unit_tests += test/t_jsonl
test_t_jsonl_SOURCES = test/t_jsonl.c
test_t_jsonl_LDADD = $(TEST_LIBS)

# The engine on the crash simulator: a part of it in `make check`, as long as it is given by `make torture`.
check_PROGRAMS += test/torture
test_torture_SOURCES = test/torture.c test/model.c test/model.h
test_torture_LDADD = $(CORE_LIBS)
shell_tests += test/torture.sh
EXTRA_DIST += test/torture.sh
phony_targets += torture
torture: test/torture
	STATES=$${STATES:-100000} FAULTS=$${FAULTS:-3000} SEED=$${SEED:-1} BUILDDIR=. $(SHELL) $(srcdir)/test/torture.sh

unit_tests += test/t_concurrent
test_t_concurrent_SOURCES = test/t_concurrent.c test/model.c test/model.h
test_t_concurrent_LDADD = $(TEST_LIBS)
