# core/query: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES +=

# Judging rankings.
librankfs_a_SOURCES += core/query/eval.c core/query/eval.h

unit_tests += test/t_eval
test_t_eval_SOURCES = test/t_eval.c
test_t_eval_LDADD = $(TEST_LIBS)
