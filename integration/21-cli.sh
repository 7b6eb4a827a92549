#!/bin/sh
# 21-cli.sh - the command line by itself: exit codes, words, and bytes; at the end beside a mount.
set -u
[ -x "${RANKFS:-}" ] || { echo "1..0 # SKIP no program to test: RANKFS is not set"; exit 0; }
tmp=$(mktemp -d) || exit 99
r=$RANKFS
cleanup() { if [ -e "$tmp/mnt/README" ]; then "$r" umount "$tmp/mnt"; fi; rm -rf "$tmp"; }
trap cleanup EXIT
cd "$tmp" || exit 99
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/xdg"
n=0 failed=0
result() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; failed=1; sed 's/^/# /' out err 2>/dev/null; fi; }
# ok WORDS COMMAND...: succeeds.  exits CODE WORDS COMMAND...: that exit code. Both leave its output in out and err.
exits() { want=$1 words=$2; shift 2; "$@" >out 2>err; rc=$?; [ $rc = "$want" ] || echo "exit code $rc, not $want" >>err; result $((rc != want)) "$words"; }
ok() { exits 0 "$@"; }
# said WORDS REGEX: the last command said so on standard error.  printed WORDS TEXT: its output is exactly TEXT.
said() { grep -q -- "$2" err; result $? "$1"; }
printed() { printf '%s' "$2" | cmp -s - out; result $? "$1"; }
nl='
'

ok "--version" "$r" --version
ok "--help" "$r" --help
exits 2 "an unknown command" "$r" qurey
said "the nearest command is named" "did you mean query?"
exits 2 "a command without its words" "$r" init
exits 2 "an unknown option" "$r" query --jsno i x
said "the nearest option is named" "did you mean --json?"
for c in init mount umount add query get rm status dump check config bench eval; do
	"$r" $c --help >out 2>err && grep -q "^Usage: rankfs $c " out || { echo "rankfs $c --help" >>err; false; } || break
done
result $? "every command has --help"

ok "init" "$r" init i
exits 2 "init: an index is there already" "$r" init i
exits 2 "init: an unknown language" "$r" init --language=xx j
exits 2 "a query without an index" "$r" query nowhere x
printf 'The quick brown fox\n' >fox
printf 'a\0b quick \377 bytes' >bytes
ok "add: plain files" "$r" add i fox bytes
ok "get: byte for byte" "$r" get i bytes
cmp -s out bytes; result $? "get: a NUL and bad UTF-8 are kept"
exits 1 "get: an id that is not there" "$r" get i nobody
mkdir -p notes/deep
echo 'a lazy dog' >notes/deep/dog
echo 'a quick dog' >notes/quick.txt
exits 1 "add: a folder needs --tree" "$r" add i notes
ok "add --tree" "$r" add --tree i notes
ok "query @format=ids" "$r" query i @format=ids dog
sort out >out2; mv out2 out
printed "add --tree: ids as cp -r gives them" "notes/deep/dog${nl}notes/quick.txt$nl"
printf '%s\n' '{"id":"j1","title":"Owls","text":"night birds"}' 'no json' '' '{"id":7,"text":"seven owls"}' '{"text":"no id"}' >in.jsonl
exits 1 "add: bad lines are refused, exit code 1" "$r" add i in.jsonl
said "add: a bad line is named with file and line" "in.jsonl:2:"
said "add: and the next one" "in.jsonl:5:"
ok "add: good lines are kept" "$r" query i @format=ids owls
[ "$(sort out | tr '\n' ' ')" = '7 j1 ' ]; result $? "add: all good lines are kept"
printf '{"id":"s1","text":"from a pipe"}' | "$r" add --jsonl i - >out 2>err; result $? "add --jsonl -: the last line needs no newline"
echo 'text of stdin' | "$r" add --id=some/id i - >out 2>err; result $? "add --id - "
ok "get: an id with a slash" "$r" get i some/id
printed "get: its text" "text of stdin$nl"
exits 1 "add: a file that is not there" "$r" add i nothing
exits 1 "query: no hits" "$r" query i zebra
printed "query: no hits, no output" ""
exits 2 "query: a query that cannot be read" "$r" query i '"open'
exits 2 "query: an unknown option" "$r" query i @formt=ids dog
said "query: the nearest option is named" "did you mean @format?"
exits 2 "query: a bad value" "$r" query i @k=many dog
ok "query --json" "$r" query --json i @k=1 quick
grep -q '^{.*}$' out; result $? "query --json: a line is an object"
ok "query -0" "$r" query -0 i @k=1 lazy
printf 'notes/deep/dog\0' | cmp -s - out; result $? "query -0: ids end with NUL"
ok "query: a word with a minus" "$r" query i @format=ids dog -lazy
printed "query: leaves that out" "notes/quick.txt$nl"
ok "rm" "$r" rm i notes/quick.txt
exits 1 "rm: an id that is not there" "$r" rm i notes/quick.txt
exits 1 "rm: it is gone" "$r" get i notes/quick.txt
ok "status" "$r" status i
ok "status --json" "$r" status --json i
grep -q '"documents":7' out; result $? "status: counts the live documents"
ok "dump" "$r" dump i
printed "dump: the top" "segments/${nl}wal/$nl"
ok "dump: a folder" "$r" dump i segments
first=$(sed 's/\/$//;q' out)
ok "dump: terms" "$r" dump i "segments/$first/terms"
[ -s out ]; result $? "dump: not empty"
exits 2 "dump: not there" "$r" dump i segments/999/terms
ok "check: clean" "$r" check --deep i
exits 2 "check: no index" "$r" check nowhere
printf 'term\tdog\nand\tlazy dog\nphrase\tlazy dog\n' >q.tsv
ok "bench" "$r" bench -n 1 i q.tsv
[ "$(cut -f1,8 out | tr '\t\n' '  ')" = 'class hits term 1 and 1 phrase 1 ' ]; result $? "bench: classes and hits"
ok "config" "$r" config
RANKFS_K=3 "$r" config --show-origin >out 2>err; grep -q "^k = 3	RANKFS_K$" out; result $? "config --show-origin: the environment"
echo 'lingr = 3' >i/config
exits 2 "a bad INDEX/config" "$r" query i dog
said "names file, line and the nearest key" "i/config:1: lingr: .*did you mean linger?"
rm i/config
echo 'k = 1' >i/config
ok "check: INDEX/config is no damage" "$r" check i
ok "INDEX/config counts" "$r" query i @format=ids owls
[ "$(wc -l <out)" = 1 ]; result $? "INDEX/config: k"
rm i/config
"$r" query i dog >/dev/full 2>err; [ $? = 2 ]; result $? "a full disk behind standard output is an error"
for f in i/segments/*/*; do [ -s "$f" ] || continue; size=$(wc -c <"$f"); printf 'X' | dd of="$f" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null; printf 'Y' | dd of="$f" bs=1 seek=$((size / 3)) conv=notrunc 2>/dev/null; break; done
exits 1 "check: damage" "$r" check --deep i
[ -s out ]; result $? "check: says what"
"$r" check --deep --json i 2>err | grep -q '^{"invariant":".*","words":".*"}$'; result $? "check --json"

exits 2 "umount: nothing is mounted here" "$r" umount notes
if [ -c /dev/fuse ] && [ -w /dev/fuse ]; then
	mkdir mnt
	ok "mount" sh -c '"$0" init m && "$0" mount m mnt 3>&-' "$r"
	echo 'a document of the mount' >mnt/incoming/doc
	ok "beside a mount: query" "$r" query m @format=ids document
	printed "beside a mount: finds what was written a moment ago" "doc$nl"
	exits 2 "beside a mount: add is refused" "$r" add m fox
	said "by the name of the holder" "rankfs mount"
	said "with the advice where to write" "$tmp/mnt/incoming/"
	exits 2 "beside a mount: rm is refused" "$r" rm m doc
	for what in segments wal; do "$r" dump m $what; done >out 2>err
	for what in segments wal; do ls -p mnt/$what; done | cmp -s - out; result $? "dump lists what the tree lists"
	echo commit >mnt/control
	find mnt/segments mnt/wal -type f | sed 's/^mnt\///' | sort >files
	[ -s files ]; result $? "there are structures to compare"
	while read -r f; do "$r" dump m "$f" | cmp -s - "mnt/$f" || echo "$f differs"; done <files >out 2>err
	[ ! -s out ] && [ ! -s err ]; result $? "dump: the same bytes as the tree, for every file"
	ok "umount" "$r" umount mnt
	ok "the index is free when umount returns" "$r" add m fox
else
	n=$((n + 1)); echo "ok $n - beside a mount # SKIP no /dev/fuse"
fi
echo "1..$n"
exit $failed
