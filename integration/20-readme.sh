#!/bin/sh
# 20-readme.sh - "Things to type" of README.md works as typed: its ```sh blocks run in order in one shell, and a ```text block behind one is what it prints.
set -u
export LC_ALL=C.UTF-8
src=${SRCDIR:-.}
skip() { echo "1..0 # SKIP $1"; exit 0; }
[ -c /dev/fuse ] && [ -w /dev/fuse ] || skip "no /dev/fuse"
[ -x "${RANKFS:-}" ] || skip "no program to test: RANKFS is not set"
tmp=$(mktemp -d) || exit 99
cleanup() { "$RANKFS" umount "$tmp/work/notes" >/dev/null 2>&1; rm -rf "$tmp"; }
trap cleanup EXIT
mkdir "$tmp/blocks" "$tmp/work" "$tmp/bin"
ln -s "$RANKFS" "$tmp/bin/rankfs"

# blocks/N.sh, and blocks/N.out where the next block is ```text.
awk -v dir="$tmp/blocks" '
	/^## / { on = ($0 == "## Things to type") }
	!on { next }
	/^```sh$/ { n++; file = sprintf("%s/%02d.sh", dir, n); printf "# README.md, line %d\n", NR >file; next }
	/^```text$/ { file = sprintf("%s/%02d.out", dir, n); printf "" >file; next }
	/^```$/ { if (file) close(file); file = ""; next }
	file { print >file }' "$src/README.md"
set -- "$tmp"/blocks/*.sh
[ -e "$1" ] || { echo "1..1"; echo "not ok 1 - README.md has a section \"Things to type\" with blocks"; exit 1; }
echo "1..$#"
cd "$tmp/work" || exit 99
PATH=$tmp/bin:$PATH
n=0 bad=0
for block; do
	n=$((n + 1))
	title=$(sed 's/^# //;q' "$block")
	( set -e; . "$block" ) >"$tmp/got" 2>"$tmp/err" 3>&-
	rc=$?
	want=${block%.sh}.out
	if [ $rc = 0 ] && [ ! -s "$tmp/err" ] && { [ ! -e "$want" ] || cmp -s "$want" "$tmp/got"; }; then
		echo "ok $n - $title"
	else
		echo "not ok $n - $title"
		bad=1
		{ echo "exit code $rc"; cat "$tmp/err"; [ ! -e "$want" ] || diff "$want" "$tmp/got"; } | sed 's/^/# /'
	fi
done
exit $bad
