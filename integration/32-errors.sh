#!/bin/sh
# 32-errors.sh - every refusal has its errno at the first place that can say it, its reason in words in status/errors, and harms nothing that was there:
# wrong places, bad input, too large, disk full, limits of the process, a backing folder that is or becomes read-only, and the ends of a mount.
. "${SRCDIR:-.}/integration/lib.sh"
story "errors"
cd "$MNT" || exit 99
needs_python "errnos" || done_testing
echo "an old version, zebra" >incoming/a
echo commit >control

# A table: the errno that python raises for an expression; "ok" for none.
cat >"$T/try.py" <<'E'
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
def check(rc):
	if rc < 0: raise OSError(ctypes.get_errno(), "")
def renameat2(a, b, flags): check(libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), flags))
def fallocate(path, mode): check(libc.fallocate(os.open(path, os.O_RDWR), mode, ctypes.c_long(0), ctypes.c_long(100)))
def create(path, flags=os.O_EXCL): return os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
def put(path, data, off=None):
	fd = create(path, 0)
	return os.write(fd, data) if off is None else os.pwrite(fd, data, off)
for line in sys.stdin:
	want, what = line.rstrip("\n").split(None, 1)
	try: eval(what); got = "ok"
	except OSError as e: got = errno.errorcode.get(e.errno, str(e.errno))
	got = {"ENOTSUP": "EOPNOTSUPP"}.get(got, got)
	if got != want: print(want, what, "gives", got)
E
table() { name=$1; shift; python "$T/try.py" <"$T/in" >"$T/bad"; is "$name" "" cat "$T/bad"; }

cat >"$T/in" <<'E'
EROFS create("new")
EROFS create("docs/new")
EROFS create("segments/new")
EROFS create("status/new")
EROFS create("wal/new")
EROFS create("query/a", 0)
EROFS os.open("query/zebra", os.O_WRONLY)
EROFS os.open("query/zebra", os.O_RDWR)
EROFS os.open("README", os.O_WRONLY)
EROFS os.open("README", os.O_RDONLY | os.O_TRUNC)
EROFS os.open("docs/a", os.O_WRONLY | os.O_TRUNC)
EROFS os.open("status/health", os.O_WRONLY | os.O_APPEND)
EROFS os.mkdir("new")
EROFS os.mkdir("docs/new")
EROFS os.mkdir("status/new")
EROFS os.mknod("docs/new", 0o100644)
EROFS os.rmdir("docs")
EROFS os.rmdir("incoming")
EROFS os.rmdir("segments/1")
EROFS os.unlink("README")
EROFS os.unlink("control")
EROFS os.unlink("status/health")
EROFS os.unlink("query/zebra")
EROFS os.rename("README", "new")
EROFS os.rename("status/health", "incoming/health")
EROFS os.rename("query/zebra", "incoming/zebra")
EROFS os.rename("docs", "new")
EROFS os.chmod("README", 0o600)
EROFS os.chmod("docs/a", 0o600)
EROFS os.chown("query/zebra", 1, 1)
EROFS os.truncate("README", 0)
EROFS os.truncate("docs/a", 0)
EROFS os.utime("docs/a")
EXDEV os.rename("incoming/a", "new")
EXDEV os.rename("incoming/a", "docs/b")
EXDEV os.rename("incoming/a", "query/b")
EXDEV os.rename("docs/a", "docs/b")
EXDEV os.rename("incoming/a", "/tmp/rankfs-moved-out")
EPERM os.link("incoming/a", "incoming/c")
EPERM os.link("docs/a", "incoming/b")
EPERM os.symlink("a", "incoming/b")
EPERM os.symlink("a", "docs/b")
EPERM os.mkfifo("incoming/b")
EPERM os.mknod("incoming/b", 0o020644, os.makedev(1, 3))
EPERM os.mknod("incoming/b", 0o140644)
ok put("incoming/b", b"to be exchanged")
EINVAL renameat2("incoming/a", "incoming/b", EXCHANGE)
ok os.unlink("incoming/b")
EINVAL renameat2("incoming/a", "incoming/b", WHITEOUT)
EEXIST renameat2("incoming/a", "incoming/a", NOREPLACE)
EOPNOTSUPP fallocate("incoming/a", 0)
EOPNOTSUPP fallocate("incoming/a", 3)
EOPNOTSUPP os.open("incoming", os.O_TMPFILE | os.O_RDWR)
EOPNOTSUPP os.setxattr("incoming/a", "user.x", b"1")
EOPNOTSUPP os.setxattr("docs/a", "user.x", b"1")
EOPNOTSUPP os.removexattr("docs/a", "user.x")
EPERM os.setxattr("docs/a", "user.rankfs.title", b"1")
ENODATA os.getxattr("docs/a", "user.rankfs.nothing")
ENOENT os.stat("nothing")
ENOENT os.stat("docs/nothing")
ENOENT os.stat("incoming/nothing")
ENOENT os.stat("status/nothing")
ENOENT os.stat("segments/99")
ENOENT os.stat("wal/99999")
ENOENT os.stat("query/@nothing=1")
ENOENT os.stat("query/@nothing=1/zebra")
ENOENT os.unlink("docs/nothing")
ENOENT create("incoming/nofolder/a")
ENOTDIR os.stat("query/and/or")
ENOTDIR os.stat("docs/a/b")
ENOTDIR create("incoming/a/b")
ENOTDIR os.listdir("README")
EISDIR os.open("docs", os.O_WRONLY)
EISDIR create("incoming", 0)
EINVAL os.stat("query/(zebra")
EINVAL os.stat('query/"zebra')
EINVAL os.stat("query/@k=0/zebra")
EINVAL os.stat("query/@k=many")
EINVAL os.stat("query/@format=html")
EINVAL os.stat("query/@op=xor/zebra")
E2BIG os.stat("query/" + "w " * 1500)
ENAMETOOLONG os.stat("query/" + "w" * 4001)
ENAMETOOLONG create("incoming/" + "d" * 4095)
EINVAL os.write(os.open("control", os.O_WRONLY), b"nonsense\n")
EINVAL os.write(os.open("control", os.O_WRONLY), b"\xff\n")
EINVAL create("incoming/vectors.npy")
EINVAL create("incoming/vectors.fvecs")
E
table "the table of errors"
ok "no refusal did any harm" sh -c '[ "$(cat docs/a)" = "an old version, zebra" ] && [ "$(ls docs)" = a ] && [ "$(cut -f3 query/zebra)" = a ]'
said() { tail -n "$1" status/errors | grep -qF -e "$2" || { tail -n "$1" status/errors; return 1; }; }
reasons() {
	for r in 'query/(zebra	column 1: this parenthesis is never closed' '@k=many: a number' 'more than 1024 words' 'nonsense: no such command' 'no vectors'; do said 100 "$r" || return 1; done
	awk -F '\t' 'NF != 4 || $1 !~ /^[0-9-]+T[0-9:]+Z$/ { print; bad = 1 } END { exit bad }' status/errors
}
ok "their reasons are in status/errors, a line each: time, kind, place, words" reasons

# Streams: good lines are kept, a bad one is named.
printf '%s\n' '{"id":"j1","text":"good heron"}' '{"id":"j2","text":' '{"text":"no id"}' '{"id":"j3","text":"good heron too"}' '[1]' '{"delete":"nobody"}' '{"id":"","text":"x"}' '{"id":5,"text":7}' >"$T/bad.jsonl"
fails "a bad line fails the write" 1 "Invalid argument" sh -c "cat '$T/bad.jsonl' >incoming/bad.jsonl"
is "the good lines are kept" "j1
j3" sh -c 'sort query/@format=ids/heron'
lines() { for n in 2 3 5 6 7; do said 9 "bad.jsonl	line $n: " || return 1; done; }
ok "each bad line is in status/errors with its number" lines
fails "cp says it, too" 1 "Invalid argument" cp "$T/bad.jsonl" incoming/bad2.jsonl
fails "echo says it, too" ! "Invalid argument" bash -c 'echo "{]" >incoming/bad3.jsonl'
ok "a line in two pieces counts once it is whole" bash -c 'exec 3>incoming/halves.jsonl; printf "{\"id\":\"h1\",\"text\":\"egret" >&3; [ ! -s query/egret ]; printf "\"}\n" >&3; [ -s query/egret ]; r=$?; exec 3>&-; exit $r'
ok "a delete by a line" sh -c 'echo "{\"delete\":\"h1\"}" >incoming/d.jsonl && [ ! -s query/egret ] && [ ! -e docs/h1 ]'
ok "mv out of incoming/ and docs/ copies, and takes it away" sh -c "echo leaving gannet >incoming/l1; echo leaving gannet >incoming/l2; mv incoming/l1 '$T/l1' && mv docs/l2 '$T/l2' && cmp '$T/l1' '$T/l2' && [ ! -s query/gannet ] && ! ls docs/l1 docs/l2 incoming/l1 incoming/l2 2>/dev/null"
cd /

# Too large: EFBIG at the write that crosses the limit; what was there before stays.
umount_it
mount_it -o max_document=300k
cd "$MNT" || exit 99
head -c 307201 /dev/zero | tr '\0' x >"$T/over"
head -c 307200 "$T/over" >"$T/exact"
cat >"$T/in" <<'E'
ok put("incoming/exact", b"x" * 307200)
EFBIG put("incoming/over", b"x" * 307201)
EFBIG put("incoming/a", b"x", 307200)
EFBIG os.truncate("incoming/a", 307201)
E
table "one byte more than max_document: EFBIG"
for how in 'cp "$0" incoming/over' 'cat "$0" >incoming/over' 'cp "$0" incoming/a' 'cat "$0" >>incoming/a' 'cat "$0" >incoming/a' 'dd if="$0" of=incoming/a bs=1000' 'tee incoming/a <"$0" >/dev/null' \
	'mv "$0" incoming/over'; do
	fails "too large: $how" 1 "File too large" sh -c "$how" "$T/over"
	ok "the old version is whole" sh -c '[ "$(cat docs/a)" = "an old version, zebra" ] && [ "$(cat incoming/a)" = "an old version, zebra" ] && [ ! -e docs/over ] && [ ! -e incoming/over ]'
done
ok "mv did not delete its source" [ -s "$T/over" ]
ok "its reason is in status/errors" said 1 "over max_document"
ok "exactly the limit is fine" sh -c 'cp "$0" incoming/fits && cmp "$0" docs/fits' "$T/exact"
cd /
fails "umount while it is busy: refused, and said" ! "busy" sh -c "cd '$MNT' && '$RANKFS' umount '$MNT'"
ok "it goes on" grep -q old "$MNT/docs/a"
umount_it

# A second writer is told of the first; a limit on the daemon's files is one more way to be full.
fails "a bad setting: exit code 1, named" 1 "max_documnt" "$RANKFS" mount -o max_documnt=1 "$INDEX" "$MNT"
echo 'lingering = 5' >"$INDEX/config"
fails "an unknown key of INDEX/config: file, line and key" ! "config:1: lingering" "$RANKFS" mount "$INDEX" "$MNT"
echo 'linger = soon' >"$INDEX/config"
fails "a bad value of it, too" ! "config:1: linger" "$RANKFS" mount "$INDEX" "$MNT"
rm "$INDEX/config"
mount_it
fails "a second writer: rankfs add is told of the mount" 2 "rankfs mount, pid" "$RANKFS" add "$INDEX" "$T/exact"
fails "a second writer: rankfs rm, too" 2 "rankfs mount, pid" "$RANKFS" rm "$INDEX" a
mkdir "$T/mnt2"
fails "a second mount, too" 2 "rankfs mount, pid" "$RANKFS" mount "$INDEX" "$T/mnt2"
ok "a read-only mount beside it is fine, and moves forward" sh -c "'$RANKFS' mount -o ro '$INDEX' '$T/mnt2' && echo 'a new puffin' >'$MNT/incoming/p' && [ \"\$(cat '$T/mnt2/docs/a')\" = 'an old version, zebra' ]"
cat >"$T/in" <<'E'
EROFS create("incoming/new")
EROFS os.open("incoming/a", os.O_WRONLY)
EROFS os.mkdir("incoming/new")
EROFS os.unlink("docs/a")
EROFS os.unlink("incoming/a")
EROFS os.rename("incoming/a", "incoming/b")
EROFS os.truncate("incoming/a", 0)
EROFS os.utime("incoming/a")
EROFS os.chmod("incoming/a", 0o600)
EROFS os.open("control", os.O_WRONLY)
E
cd "$T/mnt2" && table "-o ro: EROFS for every change"
cd /
ok "its umount does not wait for the writer" timeout 20 "$RANKFS" umount "$T/mnt2"
umount_it
(ulimit -f 200; "$RANKFS" mount "$INDEX" "$MNT" >"$T/out" 2>&1) || bail "mount with RLIMIT_FSIZE"
fill() { i=0; while [ $i -lt 5 ]; do i=$((i + 1)); head -c 150000 "$T/over" | dd of="$MNT/incoming/fill$i" bs=1M iflag=fullblock 2>"$T/why" || return 0; done; return 1; }
if fill; then
	ok "RLIMIT_FSIZE of the daemon: No space left on device" grep -q "No space left" "$T/why"
else
	ok "RLIMIT_FSIZE of the daemon: it keeps its files small" true
fi
ok "it lives, and answers" sh -c "[ \"\$(cut -f3 '$MNT/query/zebra')\" = a ]"
umount_it
mount_it
fails "RLIMIT_FSIZE of the writer" ! "" bash -c "trap '' XFSZ; ulimit -f 50; cat '$T/exact' >'$MNT/incoming/limited'"
ok "what the writer wrote before it is kept, as any file system does, or nothing" sh -c "cd '$MNT'; [ ! -e docs/limited ] || [ \$(stat -c %s docs/limited) = 51200 ]"
umount_it

# Disk full, on a small file system of its own.
mkdir "$T/disk"
if mount -t tmpfs -o size=6m none "$T/disk" 2>"$T/why"; then
	trap 'cd /; "$RANKFS" umount "$MNT" >/dev/null 2>&1; umount "$T/disk" 2>/dev/null; clean_up' EXIT
	INDEX=$T/disk/index
	"$RANKFS" init "$INDEX" >"$T/out" 2>&1 || bail "init"
	mount_it
	echo "an old version, zebra" >"$MNT/incoming/a"
	fails "disk full: a large write says it" ! "No space left" sh -c "i=0; while [ \$i -lt 100 ]; do i=\$((i + 1)); head -c 300000 /dev/urandom | base64 | dd of='$MNT/incoming/large'\$i bs=1M iflag=fullblock || exit 1; done"
	small() { i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); echo "small document $i" >"$MNT/incoming/small$i" || return; last=$i; done; }
	small 2>"$T/why"
	ok "disk full: echo fails at its write" grep -q "No space left\|I/O error" "$T/why"
	fails "over an existing one" ! "No space left" bash -c "echo 'a new version, which does not fit' >'$MNT/incoming/a'"
	fails "cp" 1 "No space left" cp "$T/exact" "$MNT/incoming/a"
	mv_full() { cp "$T/exact" "$T/moved"; ! mv "$T/moved" "$MNT/incoming/moved" 2>/dev/null && cmp "$T/exact" "$T/moved" && [ ! -e "$MNT/docs/moved" ]; }
	ok "mv fails and keeps its source" mv_full
	full() (
		cd "$MNT" || return 1
		[ "$(cat docs/a)" = "an old version, zebra" ] && [ "$(cat incoming/a)" = "an old version, zebra" ] && [ "$(cut -f3 query/zebra)" = a ] || { echo "the old version"; cat docs/a; return 1; }
		[ ! -e docs/moved ] && [ "$(cut -f3 query/+small+document+$last)" = "small$last" ] || { echo "small$last"; return 1; }
		[ ! -s "query/+small+$((last + 1))" ] || { echo "small$((last + 1)) was refused and is there"; return 1; }
		[ "$(df --output=avail . | tail -n 1)" -lt 400 ] || { df .; return 1; }
		grep -q "disk-full.*No space left" status/errors
	)
	ok "the old version is whole, what was acknowledged is found, what was refused is not, df and status/errors say it" full
	ok "rm: goes, or says that the disk is full" sh -c "rm '$MNT/docs/small1' 2>'$T/why' || grep -q 'No space left' '$T/why'"
	mount -o remount,size=40m "$T/disk"
	ok "writable again after space was freed" sh -c "cd '$MNT' && echo 'a new version, okapi' >incoming/a && [ \"\$(cut -f3 query/okapi)\" = a ] && cp '$T/exact' incoming/exact && cmp '$T/exact' docs/exact && echo commit >control && [ \"\$(cat status/health)\" = ok ]"
	umount_it
	ok "rankfs check finds nothing" "$RANKFS" check --deep "$INDEX"
	mount_it
	ok "after a remount, too" sh -c "cd '$MNT' && [ \"\$(cat docs/a)\" = 'a new version, okapi' ] && cmp '$T/exact' docs/exact && [ -s docs/small$last ]"
	umount_it

	# The backing folder is or becomes read-only.
	mount_it
	if mount -o remount,ro "$T/disk" 2>"$T/why"; then
		fails "the backing folder becomes read-only: Read-only file system" ! "Read-only" bash -c "echo x >'$MNT/incoming/x'; head -c 20000000 /dev/zero >'$MNT/incoming/x'"
	else
		skip "the backing folder becomes read-only" "the kernel refuses it while a file is open"
	fi
	umount_it
	mount -o remount,ro "$T/disk" || bail "remount"
	fails "a read-only backing folder: mount says so" 2 "Read-only" "$RANKFS" mount "$INDEX" "$MNT"
	mount_it -o ro
	ok "-o ro on it: answers" sh -c "[ \"\$(cut -f3 '$MNT/query/okapi')\" = a ] && [ \"\$(cat '$MNT/docs/a')\" = 'a new version, okapi' ]"
	fails "-o ro on it: refuses" ! "Read-only" bash -c "echo x >'$MNT/incoming/x'"
	umount_it
	umount "$T/disk"
else
	skip "disk full" "no tmpfs can be mounted: $(cat "$T/why")"
fi
done_testing
