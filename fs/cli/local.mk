# fs/cli: options, configuration, one file per command. Commands join rankfs_SOURCES as the parts of core/ they call land.
rankfs_SOURCES += \
	fs/cli/cmd.h \
	fs/cli/main.c \
	fs/cli/options.c fs/cli/options.h
EXTRA_DIST += \
	fs/cli/cmd_add.c \
	fs/cli/cmd_bench.c \
	fs/cli/cmd_check.c \
	fs/cli/cmd_config.c \
	fs/cli/cmd_dump.c \
	fs/cli/cmd_get.c \
	fs/cli/cmd_init.c \
	fs/cli/cmd_mount.c \
	fs/cli/cmd_query.c \
	fs/cli/cmd_rm.c \
	fs/cli/cmd_status.c \
	fs/cli/cmd_umount.c \
	fs/cli/config.c fs/cli/config.h \
	fs/cli/progress.c fs/cli/progress.h \
	fs/cli/session.c fs/cli/session.h \
	fs/cli/terms.c fs/cli/terms.h
EXTRA_DIST += test/t_cli.c
