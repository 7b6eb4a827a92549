# core/fst: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/fst/fst.h core/fst/fst_private.h \
	core/fst/fst_build.c \
	core/fst/fst_get.c \
	core/fst/fst_iter.c \
	core/fst/fst_node.c \
	core/fst/fst_register.c core/fst/fst_register.h

unit_tests += test/t_fst
test_t_fst_SOURCES = test/t_fst.c test/vectors.h
test_t_fst_LDADD = $(TEST_LIBS)

EXTRA_DIST += test/vectors/fst.txt
