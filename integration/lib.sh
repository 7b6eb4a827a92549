# lib.sh - what the integration stories share: an index, a mount, TAP. To be read with "." from a script in this folder, run by `make check`.
#
#	. "$SRCDIR/integration/lib.sh"
#	story "what is shown"             makes $T (a temporary folder), $INDEX and $MNT, mounts; everything goes away at exit. Skips without FUSE.
#	ok NAME CMD...                    passes when CMD exits 0; what it printed is shown when it does not
#	fails NAME CODE WORDS CMD...      CMD must exit with CODE ("!": any but 0) and print WORDS (a grep -F pattern, "" for any) on stderr
#	is NAME WANT CMD...               what CMD prints must be WANT
#	mount_it [-o ...] / umount_it     again; mount_it returns when the mount answers, nothing ever sleeps
#	skip NAME WHY                     a case that cannot run here
#	needs PROGRAM NAME                true when there is such a program; else skips the case NAME
#	python SCRIPT ARG...              python3, without the start-up cost of a wrapper; a story that needs it says needs_python first
#	metric NAME                       one figure of status/metrics, 'fuse_requests_total{op="lookup"}'
#	cost CMD...                       requests and evaluations that CMD costs, "create=1 flush=2 lookup=1", in order of name, without FORGET
#	done_testing                      the last line
set -u
SRCDIR=${SRCDIR:-.}
tests=0 failed=0

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

story() {
	[ -c /dev/fuse ] && [ -w /dev/fuse ] || skip_all "no /dev/fuse"
	[ -x "${RANKFS:-}" ] || skip_all "no program to test: RANKFS is not set"
	"$RANKFS" mount --help >/dev/null 2>&1 || skip_all "this program cannot mount yet"
	T=$(mktemp -d) || exit 99
	INDEX=$T/index MNT=$T/mnt
	trap 'clean_up' EXIT
	trap 'exit 99' HUP INT TERM
	mkdir "$MNT"
	echo "# $1"
	"$RANKFS" init "$INDEX" >"$T/out" 2>&1 || bail "init"
	mount_it
}

bail() { sed 's/^/# /' "$T/out"; echo "Bail out! $1"; exit 99; }

mount_it() { "$RANKFS" mount "$@" "$INDEX" "$MNT" >"$T/out" 2>&1 || bail "mount"; }

# Returns when the daemon has gone, so that the index is free.
umount_it() { "$RANKFS" umount "$MNT" 2>"$T/out" || bail "umount"; }

clean_up() {
	cd /
	if grep -q " $MNT fuse" /proc/mounts; then umount "$MNT" 2>/dev/null || umount -l "$MNT"; fi
	rm -rf "$T"
}

result() { # 0|1 NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then echo "ok $tests - $2"; return; fi
	echo "not ok $tests - $2"
	failed=1
	[ ! -s "$T/shown" ] || sed 's/^/# /' "$T/shown"
}

ok() {
	name=$1; shift
	"$@" >"$T/shown" 2>&1
	rc=$?
	[ $rc = 0 ] || echo "exit code $rc" >>"$T/shown"
	result $rc "$name"
}

fails() {
	name=$1 code=$2 words=$3; shift 3
	"$@" >"$T/shown" 2>&1
	rc=$?
	if [ "$code" = "!" ]; then [ $rc != 0 ]; else [ $rc = "$code" ]; fi && grep -qF -e "$words" "$T/shown"
	good=$?
	[ $good = 0 ] || echo "exit code $rc, wanted $code and: $words" >>"$T/shown"
	result $good "$name"
}

is() {
	name=$1 want=$2; shift 2
	"$@" >"$T/got" 2>&1
	printf '%s\n' "$want" >"$T/want"
	[ -s "$T/got" ] && [ -n "$(tail -c 1 "$T/got")" ] && echo >>"$T/got"
	[ -n "$want" ] || : >"$T/want"
	diff "$T/want" "$T/got" >"$T/shown" 2>&1
	result $? "$name"
}

skip() { tests=$((tests + 1)); echo "ok $tests - $1 # SKIP $2"; }

needs() { command -v "$1" >/dev/null 2>&1 && return; skip "$2" "no $1"; return 1; }

needs_python() { py=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || { skip "$1" "no python3"; return 1; }; export py; }

python() { "$py" "$@"; }

metric() { awk -v name="rankfs_$1" '$1 == name { print $2 }' "$MNT/status/metrics"; }

counters() {
	awk '/^rankfs_fuse_requests_total/ { sub(/.*op="/, ""); sub(/"}/, ""); if ($1 != "forget") print }
	     /^rankfs_query_evaluations_total/ { print "evaluations", $2 }' "$MNT/status/metrics" >"$1"
}

# Reading the counters costs requests too: the same twice with nothing between tells how many.
cost() {
	counters "$T/c0"; counters "$T/c1"; "$@" >/dev/null 2>&1; counters "$T/c2"
	awk 'FILENAME ~ /c0$/ { a[$1] = $2 } FILENAME ~ /c1$/ { b[$1] = $2 } FILENAME ~ /c2$/ { c[$1] = $2 }
	     END { for (op in c) if (c[op] - b[op] != b[op] - a[op]) print op "=" c[op] - b[op] - (b[op] - a[op]) }' "$T/c0" "$T/c1" "$T/c2" |
		sort | tr '\n' ' ' | sed 's/ $//'
}

done_testing() { echo "1..$tests"; exit $failed; }
