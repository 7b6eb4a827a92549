#!/bin/sh
# 31-sizes.sh - generated files are real files for every way to read one: exact size, the same bytes; an open file or mapping keeps its generation,
# a new open sees the newest at once.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${SRCDIR:-.}/integration/lib.sh"
story "sizes and generations of generated files"

# Documents enough for results of one page and of many; a segment and a log to look into.
awk 'BEGIN { for (i = 0; i < 6000; i++) printf "{\"id\":\"doc%05d\",\"title\":\"number %d\",\"text\":\"common word%d and some more text around it, %d\"}\n", i, i, i % 7, i * i }' >"$T/load.jsonl"
cp "$T/load.jsonl" "$MNT/incoming/load.jsonl"
awk 'BEGIN { srand(1); for (i = 0; i < 400000; i++) printf "%d%s", rand() * 3000, i % 9 ? " " : "\n" }' >"$MNT/incoming/large"
ok "commit" bash -c "echo commit >'$MNT/control'"
echo "one more common document" >"$MNT/incoming/late"
cd "$MNT" || exit 99
segment=segments/$(ls segments | head -n 1)
log=wal/$(ls wal | tail -n 1)
large_query="query/@k=7000/@snippet=off/common"

# Every file's bytes are taken once, in small preads at the size that stat says; then every tool must see the same.
cat >"$T/reads.py" <<'E'
import hashlib, io, mmap, os, sys
def digest(b): return hashlib.sha256(b).hexdigest()
def sendfile(path, size):
	r = os.open(path, os.O_RDONLY); out = os.memfd_create("x"); n = 0
	while True:
		k = os.sendfile(out, r, n, 1 << 20)
		if k == 0: break
		n += k
	os.close(r); data = os.pread(out, n, 0); os.close(out); return data
def splice(path, size):
	r = os.open(path, os.O_RDONLY); a, b = os.pipe(); got = b""
	while True:
		k = os.splice(r, b, 30000)
		if k == 0: break
		got += os.read(a, k)
	for fd in r, a, b: os.close(fd)
	return got
def copy_range(path, size):
	r = os.open(path, os.O_RDONLY); out = os.memfd_create("x"); n = 0
	try:
		while True:
			k = os.copy_file_range(r, out, 1 << 20)
			if k == 0: break
			n += k
	except OSError: return None # the kernel may refuse it between two file systems
	data = os.pread(out, n, 0); os.close(r); os.close(out); return data
def mapped(how):
	def f(path, size):
		with open(path, "rb") as fd:
			return bytes(mmap.mmap(fd.fileno(), 0, how, mmap.PROT_READ)) if size else b""
	return f
def at_end(path, size):
	with open(path, "rb") as f:
		f.seek(0, 2); assert f.tell() == size; f.seek(0); return f.read()
def backwards(path, size):
	fd = os.open(path, os.O_RDONLY); step = max(1, size // 37); got = {}
	for off in reversed(range(0, size, step)): got[off] = os.pread(fd, min(step, size - off), off)
	assert os.pread(fd, 10, size) == b"" and os.pread(fd, 10, size + 100000) == b""
	os.close(fd); return b"".join(got[o] for o in sorted(got))
def by_lines(path, size): return b"".join(open(path, "rb"))
def nonblock(path, size):
	fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW); got = b""
	while True:
		b = os.read(fd, 4095)
		if not b: break
		got += b
	os.close(fd); return got
ways = dict(sendfile=sendfile, splice=splice, copy_file_range=copy_range, mmap_shared=mapped(mmap.MAP_SHARED), mmap_private=mapped(mmap.MAP_PRIVATE), seek_to_end=at_end,
	backwards=backwards, lines=by_lines, nonblock=nonblock)
bad = 0
for path in sys.argv[1:]:
	for name, f in ways.items():
		size = os.stat(path).st_size
		try:
			got = f(path, size)
			want = open(path, "rb").read()
			good = got is None or (got == want and len(got) == size)
		except Exception as e: good = False; got = repr(e).encode()
		if not good: bad += 1; print(path, name, "size", size, "got", len(got), got[:60])
sys.exit(bad != 0)
E
ways() { # FILE: every tool's output has the bytes and the length that stat promises
	f=$1
	bytes=$(stat -c %s "$f") || return 1
	cat "$f" >"$T/want" || return 1
	[ "$(wc -c <"$T/want")" = "$bytes" ] || { echo "stat says $bytes, cat reads $(wc -c <"$T/want")"; return 1; }
	[ "$(wc -c "$f" | sed 's/ .*//')" = "$bytes" ] || { echo "wc -c $f"; return 1; }
	[ "$(wc -c <"$f")" = "$bytes" ] || { echo "wc -c <$f"; return 1; }
	[ "$(find "$f" -printf %s)" = "$bytes" ] || { echo "find"; return 1; }
	[ "$(ls -lL "$f" | awk '{ print $5 }')" = "$bytes" ] || { echo "ls -l"; return 1; }
	if [ "$bytes" = 0 ]; then [ ! -s "$f" ]; else [ -s "$f" ]; fi || { echo "test -s"; return 1; }
	while IFS= read -r how; do
		rm -rf "$T/o"
		F=$f O=$T/o sh -c "$how" 2>"$T/why" && cmp "$T/want" "$T/o" || { echo "with: $how"; cat "$T/why"; return 1; }
	done <"$T/hows"
}
{
	cat <<'E'
cat <"$F" >"$O"
cp "$F" "$O"
cp --sparse=always "$F" "$O"
cp --reflink=auto -a "$F" "$O"
head -c 999999999 "$F" >"$O"
tail -c +1 "$F" >"$O"
tail -c 999999999 "$F" >"$O"
dd if="$F" of="$O" bs=777
dd if="$F" of="$O" bs=1M
dd if="$F" of="$O" bs=4096 iflag=direct
tee "$O" <"$F" >/dev/null
tar cf - "$F" | tar xOf - >"$O"
install "$F" "$O"
bash -c 'exec 3<"$F"; cat <&3 >"$O"'
E
	if needs busybox "busybox reads" >/dev/null; then cat <<'E'
busybox cat "$F" >"$O"
busybox cp "$F" "$O"
busybox tail -c +1 "$F" >"$O"
busybox dd if="$F" of="$O" bs=64k
busybox tar cf - "$F" | tar xOf - >"$O"
E
	fi
	if needs rsync "rsync reads" >/dev/null; then cat <<'E'
rsync "$F" "$O"
rsync -a --whole-file "$F" "$O"
E
	fi
	if needs perl "perl reads" >/dev/null; then cat <<'E'
perl -e '$n = -s $ENV{F}; open(I, "<:raw", $ENV{F}); read(I, $b, $n); print $b' >"$O"
E
	fi
	if needs curl "curl reads" >/dev/null; then cat <<'E'
[ ! -s "$F" ] && : >"$O" || curl -s -o "$O" --path-as-is "file://$(realpath "$F" | sed 's/@/%40/g')"
E
	fi
} >"$T/hows"
for f in README query/document "$large_query" query/nothingofthiskind query/@format=json/word3 docs/large docs/doc00042 "$segment/info" "$segment/terms" "$segment/documents" \
	"$segment/postings/common" "$log" status/health status/errors incoming/load.jsonl; do
	if [ -e "$f" ]; then ok "$f" ways "$f"; else skip "$f" "no such file in this version"; fi
done
needs_python "sendfile, mmap, splice" && ok "sendfile, splice, mmap, backwards, by lines" python "$T/reads.py" README query/document "$large_query" query/nothingofthiskind docs/large docs/doc00042 \
	"$segment/terms" "$segment/documents" "$log"
less_reads() { for f in README "$large_query" docs/large; do less "$f" </dev/null | cmp - "$f" || return 1; done; }
if needs less "less"; then ok "less" less_reads; fi
if needs vim "vim -R"; then ok "vim -R" sh -c "vim -u NONE -i NONE -es -R -c 'w! $T/byvim' -c 'q!' '$large_query' && cmp '$T/byvim' '$large_query'"; fi
for f in status/metrics status/summary; do # change with every look, so the bytes are compared with the size of the same look
	ok "$f: as long as its open file says" sh -c 'exec <"$0"; [ "$(stat -Lc %s /dev/stdin)" = "$(wc -c)" ]' "$f"
	ok "$f: tar and busybox see it whole" sh -c 'tar cf - "$0" 2>/dev/null | tar xOf - | tail -n 1 | grep -q . && { busybox true || exit 0; busybox cat "$0" | tail -n 1 | grep -q .; }' "$f"
done
is "the large result has a line for each document" 6001 sh -c "wc -l <'$large_query'"
ok "grep, sort, awk, cut, xargs" sh -c 'grep -q common query/document; sort query/document | awk "{ print \$3 }" | grep -q late; cut -f3 query/document | xargs -I{} cat docs/{} | grep -q "one more"'
ok "the same query again gives the same bytes" sh -c "cmp query/@k=50/word1 query/@k=050/word1"

# Generations.
echo "quagga" >incoming/q1
exec 5<query/quagga
read -r first <query/quagga
echo "quagga quagga quagga" >incoming/q2
is "a held descriptor keeps its generation" "$first" cat <&5
exec 5<&-
is "a new open sees the new one" 2 sh -c 'wc -l <query/quagga'
if needs_python "mappings keep their generation"; then
	cat >"$T/held.py" <<'E'
import mmap, os
def query(): return open("query/okapi", "rb").read()
def write(name, text):
	with open("incoming/" + name, "w") as f: f.write(text)
write("o0", "okapi"); held = []
for i in range(1, 60):
	f = open("query/okapi", "rb"); st = os.fstat(f.fileno())
	held.append((f, st, mmap.mmap(f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ), mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ), query()))
	write("o%d" % i, "okapi " * (i + 1))
	if i % 20 == 0:
		with open("control", "w") as c: c.write("commit\n")
inodes = set()
for i, (f, st, shared, private, text) in enumerate(held):
	assert text.count(b"\n") == min(i + 1, 10), (i, text)
	assert f.read() == text and os.pread(f.fileno(), 10, 3) == text[3:13], "descriptor %d changed" % i
	assert shared[:] == text and private[:] == text, "mapping %d changed" % i
	now = os.fstat(f.fileno())
	assert (now.st_size, now.st_ino, now.st_mtime_ns) == (st.st_size, st.st_ino, st.st_mtime_ns), "attributes of %d changed" % i
	inodes.add(st.st_ino)
assert len(inodes) == len(held), "an inode was used twice"
assert query() != held[-1][4]
f = open("docs/o1", "rb"); old = f.read(5); write("o1", "replaced by other words"); assert f.read() == b" okapi ", "an open document changed"
assert open("docs/o1").read() == "replaced by other words"
f = open("docs/o2", "rb"); os.unlink("docs/o2"); assert f.read() == b"okapi " * 3, "a removed document that is open"
E
	ok "60 generations of one query, each held open and mapped" python "$T/held.py"
	cat >"$T/turns.py" <<'E'
import os
def write(text):
	fd = os.open("incoming/turn", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644); os.write(fd, text); os.close(fd)
def ids(q): return open("query/@format=ids/" + q, "rb").read()
last = os.stat("query/turning").st_size
assert last == 0
for i in range(1000):
	w = "turn%dx" % i
	if i % 3 == 0: assert ids(w) == b"", "a word that is not there yet" # a cached miss must go, too
	if i % 5 == 0: assert not os.path.exists("docs/turn") or i, "docs/"
	write(b"turning %s %s" % (w.encode(), b"y" * (i % 50)))
	assert ids(w) == b"turn\n", "%s is not found" % w
	assert ids("turn%dx" % (i - 1)) == b"", "turn%d is still found" % (i - 1)
	assert os.stat("docs/turn").st_size == len(open("docs/turn", "rb").read()) == 9 + len(w) + i % 50, "docs/turn is stale"
	if i % 10 == 9:
		os.unlink("docs/turn"); assert ids(w) == b"" and not os.path.exists("docs/turn"), "removed, and still there"
		try: open("docs/turn"); assert False
		except FileNotFoundError: pass
		if i % 20 == 9: assert not os.path.exists("incoming/turn"), "removed from docs/, still in incoming/"
E
	ok "1,000 times: written, found at once; the old one is gone at once" python "$T/turns.py"
fi
loop() { i=0; while [ $i -lt 200 ]; do i=$((i + 1)); echo "round$i" >incoming/round || return 1; read -r _ _ id _ <"query/round$i" && [ "$id" = round ] || { echo "round$i is not found"; return 1; }; done; }
ok "200 times with the shell's own echo and read" loop
cd /
umount_it
ok "rankfs check finds nothing" "$RANKFS" check --deep "$INDEX"
done_testing
