#!/bin/sh
# 40-kill.sh - SIGKILL of the mount at random moments of mixed ingest: nothing acknowledged is lost, nothing else is there. KILLS=1000 for a long run.
. "$SRCDIR/integration/lib.sh"
[ -c /dev/fuse ] && [ -w /dev/fuse ] || skip_all "no /dev/fuse"
[ "$(id -u)" = 0 ] || skip_all "detaching a dead mount needs root"
T=$(mktemp -d) || exit 99
trap 'umount -l "$T/mnt" 2>/dev/null; rm -rf "$T"' EXIT
ok "acknowledged documents survive ${KILLS:-40} kills" "$BUILDDIR/integration/killer" "$RANKFS" "$T" "${KILLS:-40}" "${SEED:-$$}"
done_testing
