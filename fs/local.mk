# fs: the mounted tree and the command line, one program.
bin_PROGRAMS += rankfs
rankfs_SOURCES =

# A library of its own, so that unit tests can have it too.
noinst_LIBRARIES += librankfsmount.a
librankfsmount_a_SOURCES = \
	fs/cache.c fs/cache.h \
	fs/control.c \
	fs/dirstream.c fs/dirstream.h \
	fs/fs.c fs/fs.h \
	fs/guard.c fs/guard.h \
	fs/incoming.c \
	fs/killed.c fs/killed.h \
	fs/loop.c fs/loop.h \
	fs/mount.c fs/mount.h \
	fs/node.c fs/node.h \
	fs/notify.c fs/notify.h \
	fs/open.c fs/open.h \
	fs/ops.c fs/ops.h \
	fs/readme.c fs/readme.h \
	fs/reap.c fs/reap.h \
	fs/slow.c fs/slow.h \
	fs/status.h \
	fs/tree.c fs/tree.h \
	fs/view_docs.c fs/view_query.c fs/view_segment.c fs/view_status.c
rankfs_LDADD = librankfsmount.a $(CORE_LIBS) $(FUSE_LIBS) $(INIH_LIBS)

include %D%/cli/local.mk

unit_tests += test/t_fs
test_t_fs_SOURCES = test/t_fs.c
test_t_fs_LDADD = librankfsmount.a $(TEST_LIBS) $(FUSE_LIBS)
