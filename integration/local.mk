# integration: what this folder adds to the build.

shell_tests += integration/10-echo.sh integration/11-mount.sh integration/12-storm.sh
EXTRA_DIST += integration/lib.sh integration/10-echo.sh integration/11-mount.sh integration/12-storm.sh

# SIGKILL at random moments.
check_PROGRAMS += integration/killer
integration_killer_SOURCES = integration/killer.c
integration_killer_LDADD = -lpthread
shell_tests += integration/40-kill.sh
EXTRA_DIST += integration/40-kill.sh

# What tools do to it, and what it does to tools.
tool_stories = integration/30-tools.sh integration/31-sizes.sh integration/32-errors.sh integration/33-probes.sh integration/34-posix.sh
shell_tests += $(tool_stories)
EXTRA_DIST += $(tool_stories)
