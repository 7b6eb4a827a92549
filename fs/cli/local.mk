# fs/cli: options, configuration, one file per command.
rankfs_SOURCES += fs/cli/main.c
