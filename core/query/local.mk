# core/query: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/query/exec.c core/query/exec.h core/query/exec_private.h \
	core/query/exec_and.c \
	core/query/exec_or.c \
	core/query/exec_tree.c \
	core/query/kernels.c core/query/kernels.h \
	core/query/options.c \
	core/query/parse.c core/query/parse.h \
	core/query/path.c \
	core/query/plan.c core/query/plan.h \
	core/query/query.c core/query/query.h \
	core/query/rank.c core/query/rank.h \
	core/query/render.c core/query/render.h \
	core/query/scratch.c core/query/scratch.h \
	core/query/snippet.c core/query/snippet.h \
	core/query/topk.c core/query/topk.h \
	core/query/view.c core/query/view.h core/query/view_private.h \
	core/query/view_path.c \
	core/query/view_segment.c \
	core/query/view_wal.c

unit_tests += test/t_query
test_t_query_SOURCES = test/t_query.c test/oracle.c test/oracle.h
test_t_query_LDADD = $(TEST_LIBS)

# Judging rankings.
librankfs_a_SOURCES += core/query/eval.c core/query/eval.h

unit_tests += test/t_eval
test_t_eval_SOURCES = test/t_eval.c
test_t_eval_LDADD = $(TEST_LIBS)

unit_tests += test/t_view
test_t_view_SOURCES = test/t_view.c test/segment_model.c test/segment_model.h
test_t_view_LDADD = $(TEST_LIBS)
