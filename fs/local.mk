# fs: the mounted tree and the command line, one program.
bin_PROGRAMS += rankfs
rankfs_SOURCES =
rankfs_LDADD = $(CORE_LIBS) $(FUSE_LIBS) $(INIH_LIBS)

include %D%/cli/local.mk
