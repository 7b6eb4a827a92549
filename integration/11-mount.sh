#!/bin/sh
# 11-mount.sh - the life of a mount: every start-up failure is said with its exit code, every end is clean, a killed daemon loses nothing.
. "${SRCDIR:-.}/integration/lib.sh"
story "start, refusals, ends"

daemon() { sed -n 's/.*pid \([0-9]*\).*/\1/p' "$T/out"; }
gone() { ! grep -q " $MNT fuse" /proc/mounts; }
# Waits until the command is true; the bound is generous, the wait is short.
until_true() { i=0; until "$@"; do i=$((i + 1)); [ $i -lt 1000 ] || return 1; perl -e 'select undef, undef, undef, 0.01'; done; }

ok "it is mounted with the promised options" sh -c "grep ' $MNT fuse.rankfs ' /proc/mounts | grep nosuid | grep nodev | grep noexec | grep -q default_permissions"
is "its source is the index" "$INDEX" awk -v m="$MNT" '$2 == m { print $1 }' /proc/mounts
is "statfs gives real numbers" "yes" sh -c "df -P '$MNT' | awk 'NR == 2 { print (\$2 > 0 && \$4 > 0) ? \"yes\" : \$0 }'"

# A second writer is refused, and told who the first is.
mkdir "$T/mnt2"
"$RANKFS" mount "$INDEX" "$T/mnt2" >"$T/out" 2>&1
pid=$(daemon)
fails "a second mount of the same index: exit code 2" 2 "rankfs mount, pid" "$RANKFS" mount "$INDEX" "$T/mnt2"
ok "the pid it names is alive" kill -0 "$pid"
fails "usage: exit code 1" 1 "" "$RANKFS" mount "$INDEX"
fails "an unknown setting: exit code 1" 1 "nonsense" "$RANKFS" mount -o nonsense=1 "$INDEX" "$T/mnt2"
fails "no index: exit code 2" 2 "" "$RANKFS" mount "$T/nothing" "$T/mnt2"
mkdir "$T/empty"
fails "a folder that is no index: exit code 2" 2 "" "$RANKFS" mount "$T/empty" "$T/mnt2"
fails "no mount point: exit code 3" 3 "" "$RANKFS" mount "$INDEX" "$T/nowhere"
: >"$T/file"
fails "a mount point that is a file: exit code 3" 3 "folder" "$RANKFS" mount "$INDEX" "$T/file"
fails "a mount point inside the index: exit code 3" 3 "inside" "$RANKFS" mount "$INDEX" "$INDEX"

# SIGKILL: nothing acknowledged is lost, and no dead mount stays.
echo "precious walrus" >"$MNT/incoming/precious"
kill -KILL "$pid"
ok "a killed daemon leaves no dead mount" until_true gone
mount_it
is "what was acknowledged is there" precious cut -f3 "$MNT/query/walrus"
umount_it

# In the foreground: exit codes of the ends.
ends() { # SIGNAL|umount
	"$RANKFS" mount -f "$INDEX" "$MNT" >"$T/fg" 2>&1 & fg=$!
	until_true [ -e "$MNT/README" ] || return 1
	echo "end by $1" >"$MNT/incoming/end" || return 1
	if [ "$1" = umount ]; then umount "$MNT"; else kill "-$1" $fg; fi
	wait $fg || { echo "exit code $?"; cat "$T/fg"; return 1; }
	gone && [ ! -s "$T/fg" ] || { cat "$T/fg"; return 1; }
}
for how in TERM INT umount; do ok "-f: $how ends it with 0 and no words" ends $how; done

# With a file open.
ends_busy() {
	"$RANKFS" mount -f "$INDEX" "$MNT" >"$T/fg" 2>&1 & fg=$!
	until_true [ -e "$MNT/README" ] || return 1
	exec 5<"$MNT/README"
	kill -TERM $fg
	wait $fg; rc=$?
	exec 5<&-
	return $rc
}
ok "-f: TERM ends it although a file is open" ends_busy

# A dead mount in the way: its daemon was killed and nobody cleaned up.
dead() {
	"$RANKFS" mount -f -o auto_unmount=no "$INDEX" "$MNT" >"$T/fg" 2>&1 & fg=$!
	until_true [ -e "$MNT/README" ] || return 1
	kill -KILL $fg
	wait $fg
	! stat "$MNT" 2>/dev/null && mount_it && [ -e "$MNT/README" ]
}
ok "a dead mount is detached and mounted over" dead
umount_it

# Read-only.
mount_it -o ro
is "ro: queries work" precious cut -f3 "$MNT/query/walrus"
fails "ro: no writing" ! "Read-only" bash -c "echo x >'$MNT/incoming/x'"
fails "ro: no removing" ! "Read-only" rm -f "$MNT/docs/precious"
umount_it

# The service manager is told.
if command -v python3 >/dev/null 2>&1; then
	cat >"$T/listen.py" <<'E'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); s.settimeout(20)
p = subprocess.Popen(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]))
first = s.recv(1000).decode().split("\n")[0]
there = os.path.exists(sys.argv[-1] + "/README")
p.terminate()
print(first, there, s.recv(1000).decode().strip(), p.wait())
E
	is "NOTIFY_SOCKET hears READY and STOPPING" "READY=1 True STOPPING=1 0" python3 "$T/listen.py" "$T/sock" "$RANKFS" mount -f "$INDEX" "$MNT"
fi
done_testing
