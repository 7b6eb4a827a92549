# fs/cli: options, configuration, one file per command. Commands join rankfs_SOURCES as the parts of core/ they call land.
rankfs_SOURCES += \
	fs/cli/cmd.h \
	fs/cli/main.c \
	fs/cli/options.c fs/cli/options.h
EXTRA_DIST += fs/cli/config.c fs/cli/config.h
