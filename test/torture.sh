#!/bin/sh
# torture.sh - a part of `make torture` that fits into `make check`: power cuts and faults on the simulated disk; and the proof that the suite can see:
# a disk that ignores syncs, or syncs of folders, must turn it red. STATES, FAULTS and SEED make it longer or different.
echo 1..4
t=${BUILDDIR:-.}/test/torture
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
say() { if [ "$1" = 0 ]; then echo "ok $2"; else sed 's/^/# /' "$out"; echo "not ok $2"; fi; }
"$t" --states "${STATES:-1500}" --faults 0 --seed "${SEED:-1}" >"$out"; say $? "1 - power cuts: nothing acknowledged is lost, nothing else is there"
"$t" --states 0 --faults "${FAULTS:-60}" --seed "${SEED:-1}" >"$out"; say $? "2 - the n-th operation fails: old versions stay whole, work goes on after"
! "$t" --states 4000 --faults 0 --lie sync >"$out"; say $? "3 - control: a disk that ignores syncs is found out"
! "$t" --states 4000 --faults 0 --lie dirsync >"$out"; say $? "4 - control: a disk that ignores folder syncs is found out"
