# fs/cli: options, configuration, one file per command.
rankfs_SOURCES += \
	fs/cli/cmd.h \
	fs/cli/cmd_add.c \
	fs/cli/cmd_bench.c \
	fs/cli/cmd_check.c \
	fs/cli/cmd_config.c \
	fs/cli/cmd_dump.c \
	fs/cli/cmd_eval.c \
	fs/cli/cmd_get.c \
	fs/cli/cmd_init.c \
	fs/cli/cmd_merge.c \
	fs/cli/cmd_mount.c \
	fs/cli/cmd_query.c \
	fs/cli/cmd_rm.c \
	fs/cli/cmd_status.c \
	fs/cli/cmd_umount.c \
	fs/cli/config.c fs/cli/config.h \
	fs/cli/main.c \
	fs/cli/options.c fs/cli/options.h \
	fs/cli/progress.c fs/cli/progress.h \
	fs/cli/session.c fs/cli/session.h \
	fs/cli/terms.c fs/cli/terms.h
AM_CPPFLAGS += -DRANKFS_SYSCONFDIR='"$(sysconfdir)"'

unit_tests += test/t_cli
test_t_cli_SOURCES = test/t_cli.c fs/cli/options.c fs/cli/config.c fs/cli/progress.c
test_t_cli_CPPFLAGS = $(AM_CPPFLAGS) -URANKFS_SYSCONFDIR -DRANKFS_SYSCONFDIR='"t_cli.tmp/etc"'
test_t_cli_LDADD = $(TEST_LIBS) $(INIH_LIBS)

shell_tests += integration/20-readme.sh integration/21-cli.sh
EXTRA_DIST += integration/20-readme.sh integration/21-cli.sh
