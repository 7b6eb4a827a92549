#!/bin/sh
# 33-probes.sh - whoever walks or probes the tree comes to an end, runs no query and changes nothing; a large folder is listed whole, once, from any
# place, also while it changes.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${SRCDIR:-.}/integration/lib.sh"
story "walks, probes, listings"
NDOCS=20000
awk -v n=$NDOCS 'BEGIN { for (i = 0; i < n; i++) printf "{\"id\":\"many/doc%05d\",\"text\":\"document %d of many\"}\n", i, i }' >"$T/many.jsonl"
ok "20,000 documents from one file" sh -c "timeout 60 cp '$T/many.jsonl' '$MNT/incoming/many.jsonl'"
cd "$MNT" || exit 99
mkdir -p incoming/notes/deep
echo "a common word" >incoming/notes/deep/a
echo "a common word, too" >incoming/b
echo commit >control
echo "behind the commit, common" >incoming/c
ls docs/many | sort >"$T/ids"
awk -v n=$NDOCS 'BEGIN { for (i = 0; i < n; i++) printf "doc%05d\n", i }' | cmp - "$T/ids" >"$T/shown" 2>&1
result $? "ls of 20,000: all, each once"
is "ls -f, too" $((NDOCS + 2)) sh -c 'ls -f docs/many | sort -u | wc -l'
is "find, too" $NDOCS sh -c 'find docs/many -type f | wc -l'

# Walks. None may run a query, write anything or go on for ever.
evaluations=$(metric query_evaluations_total) puts=$(metric puts_total) deletes=$(metric deletes_total) generation=$(metric generation)
walk() { timeout 50 sh -c "$1" >"$T/walked" 2>"$T/why"; rc=$?; [ $rc = 0 ] || { echo "exit code $rc"; head -n 5 "$T/why"; return 1; }; }
ok "find MNT" walk "find ."
ok "find MNT -ls" walk "find . -ls"
ok "find finds no path twice" sh -c '[ -z "$(find . | sort | uniq -d)" ]'
ok "find -follow -empty" walk "find -L . -empty"
ok "du" walk "du -a . && du -sb ."
ok "ls -lR" walk "ls -laR ."
ok "grep -r" walk "grep -r 'a common word' docs status incoming README | grep -q notes/deep/a"
ok "grep -r of everything: only control cannot be read" sh -c "timeout 50 grep -r -l nothing-of-this-kind . 2>'$T/why'; ! grep -v 'control' '$T/why'"
ok "tar c" walk "tar cf - --exclude=./control --exclude=./status . | tar tf - | grep -q notes/deep/a"
ok "cp -r of docs/notes and status" walk "mkdir '$T/cp' && cp -r docs/notes README '$T/cp/' && cmp docs/notes/deep/a '$T/cp/notes/deep/a'"
if needs rsync "rsync -a"; then ok "rsync -a of all but the changing figures" walk "rsync -a --exclude=/status --exclude=/control --exclude=/docs/many ./ '$T/rsynced/' && cmp docs/b '$T/rsynced/docs/b'"; fi
if needs git "git status"; then ok "git status" sh -c 'git status 2>&1 | grep -qi "not a git repository"'; fi
ok "bash completes and globs" bash -c 'set -- docs/notes/*/* query/*; [ "$1" = docs/notes/deep/a ] && [ "$2" = "query/*" ]; compgen -f docs/no | grep -q docs/notes; compgen -f query/ || :'
ok "the folders of the root are listed, query/ lists nothing" sh -c '[ "$(ls | tr "\n" " ")" = "README control docs incoming query segments status wal " ] && [ -z "$(ls -A query)" ]'
ok "test -e, stat, getfattr, realpath, readlink on each name of the root" sh -c 'for f in *; do test -e "$f" && stat "$f" && realpath "$f" && ! readlink "$f" || exit 1; done >/dev/null'

probes() {
	for dir in query query/@k=5 query/@format=ids/@k=5; do
		for p in .git .hg .svn .hidden .Trash .Trash-1000 .DS_Store ._x .directory .xdg-volume-info .nomedia .metadata_never_index autorun.inf AUTORUN.INF desktop.ini Desktop.ini Thumbs.db \
			x~ .x.swp .x.swx '#x#' '.#x'; do
			ls -d "$dir/$p" 2>"$T/why" && { echo "$dir/$p is there"; return 1; }
			grep -q "No such file" "$T/why" || { cat "$T/why"; return 1; }
		done
	done
}
ok "probes of desktops and editors: ENOENT" probes
is "no query was run" "$evaluations" metric query_evaluations_total
is "nothing was added" "$puts" metric puts_total
is "nothing was deleted" "$deletes" metric deletes_total
is "the generation is the same" "$generation" metric generation
is "status/errors is empty" "" cat status/errors
ok "a query for such a word is possible" sh -c 'echo "the git autorun" >incoming/g; [ "$(cut -f3 query/%2Egit)" = g ]'

# Listings from any place.
if needs_python "seekdir and telldir"; then
	cat >"$T/dirs.py" <<'E'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def getdents(fd, size):
	buf = ctypes.create_string_buffer(size); n = libc.syscall(217, fd, buf, size)
	if n < 0: raise OSError(ctypes.get_errno(), "getdents")
	out, at, raw = [], 0, buf.raw
	while at < n:
		ino = int.from_bytes(raw[at:at + 8], "little"); off = int.from_bytes(raw[at + 8:at + 16], "little"); reclen = int.from_bytes(raw[at + 16:at + 18], "little")
		out.append((raw[at + 19:at + reclen].split(b"\0")[0], off, raw[at + 18], ino)); at += reclen
	return out
def all_of(fd, size, start=0):
	os.lseek(fd, start, 0); out = []
	while True:
		part = getdents(fd, size)
		if not part: return out
		out += part
path = sys.argv[1]; want = int(sys.argv[2])
fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
whole = all_of(fd, 32768); names = [e[0] for e in whole]
assert len(names) == want + 2 == len(set(names)), (len(names), len(set(names)))
assert names[:2] == [b".", b".."] and all(e[2] == (4 if e[0] in (b".", b"..") else 8) for e in whole), "types"
assert not any(b"/" in n for n in names)
st = os.stat(path); assert whole[0][3] == st.st_ino and whole[1][3] == os.stat(path + "/..").st_ino, "inodes of . and .."
assert [e[0] for e in all_of(fd, 700)] == names, "small buffers"
assert len({e[1] for e in whole}) == len(whole), "an offset twice"
for at in list(range(0, len(whole), 997)) + [0, 1, 2, len(whole) - 2, len(whole) - 1]: # every offset leads behind its entry, also backwards
	assert [e[0] for e in all_of(fd, 4096, whole[at][1])][:60] == names[at + 1:at + 61], "seek to %d" % at
for at in (15000, 3, 9999): # by a descriptor that never read the beginning
	f = os.open(path, os.O_RDONLY); assert [e[0] for e in all_of(f, 4096, whole[at][1])] == names[at + 1:], "a fresh seek to %d" % at; os.close(f)
assert all_of(fd, 4096, whole[-1][1]) == [], "behind the end"
E
	if [ "$(uname -m)" = x86_64 ]; then ok "telldir and seekdir: every place, forward and backward, small buffers" python "$T/dirs.py" docs/many $NDOCS; fi
	cat >"$T/moving.py" <<'E'
import os, sys, threading
stay = {"doc%05d" % i for i in range(0, 20000, 2)}
go = ["doc%05d" % i for i in range(1, 2000, 2)]
def change():
	for i, n in enumerate(go):
		os.unlink("docs/many/" + n)
		if i % 10 == 0:
			with open("incoming/many/new%d" % i, "w") as f: f.write("new one")
t = threading.Thread(target=change); t.start(); rounds = 0
while t.is_alive() or rounds < 3:
	got = os.listdir("docs/many"); rounds += 1
	assert len(got) == len(set(got)), "an entry twice"
	assert stay <= set(got), "entries that were there all along are missing: %s" % sorted(stay - set(got))[:5]
t.join()
left = set(os.listdir("docs/many"))
assert not left & set(go) and "new0" in left, "what was removed is listed"
with os.scandir("docs/many") as it: # removal by whoever lists, as rm -r does
	for i, e in enumerate(it):
		if i < 1000: os.unlink("docs/many/" + e.name)
assert len(os.listdir("docs/many")) == len(left) - 1000
E
	ok "listed while documents come and go: what stays is there once" timeout 100 "$py" "$T/moving.py"
fi
ok "rm -r of the folder" timeout 100 rm -r docs/many
fails "it is gone" 2 "No such file" ls docs/many
is "and from the results" "0" sh -c 'wc -l <query/many'
ok "the others are there" sh -c '[ "$(cut -f3 query/common | sort | tr "\n" " ")" = "b c notes/deep/a " ]'
cd /
umount_it
ok "rankfs check finds nothing" "$RANKFS" check --deep "$INDEX"
done_testing
