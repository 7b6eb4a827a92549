# integration: what this folder adds to the build.

shell_tests += integration/10-echo.sh integration/11-mount.sh
EXTRA_DIST += integration/lib.sh integration/10-echo.sh integration/11-mount.sh
