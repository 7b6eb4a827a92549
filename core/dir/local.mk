# core/dir: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/dir/dir_fs.c \
	core/dir/dir_mem.c \
	core/dir/dir_sim.h \
	core/dir/directory.c core/dir/directory.h \
	core/dir/fdir.c core/dir/fdir_private.h \
	core/dir/fdir_lease.c \
	core/dir/fdir_log.c \
	core/dir/fdir_put.c \
	core/dir/fsys_private.h \
	core/dir/names.c core/dir/names_private.h \
	core/dir/sim_crash.c \
	core/dir/sim_disk.c core/dir/sim_private.h

shell_tests += test/dir_fallbacks.sh
EXTRA_DIST += test/dir_fallbacks.sh
unit_tests += test/t_dir
test_t_dir_SOURCES = test/t_dir.c
test_t_dir_LDADD = $(TEST_LIBS)

unit_tests += test/t_dir_sim
test_t_dir_sim_SOURCES = test/t_dir_sim.c
test_t_dir_sim_LDADD = $(TEST_LIBS)
