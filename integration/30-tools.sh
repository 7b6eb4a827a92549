#!/bin/sh
# 30-tools.sh - every common tool that writes files writes documents: the same command runs in a plain folder and in incoming/, and then both hold
# the same files; docs/ has exactly those with content, byte for byte, one document each; a query finds exactly those; nothing else is left behind.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # a thousand small files: what is tested does not depend on the disk
. "${SRCDIR:-.}/integration/lib.sh"
story "tools that write"
umask 022
case_no=0

# What a command may read and take away: text with the word of the case, a large file, an archive, a folder.
make_sources() {
	rm -rf "$S"
	mkdir -p "$S/tree/sub"
	echo "$W in f" >"$S/f"
	echo "$W in g, the second" >"$S/g"
	{ echo "$W at the head"; head -c 1048000 /dev/zero | tr '\0' 'z' | fold -w 100; } >"$S/large"
	echo "$W in a tree" >"$S/tree/one"
	echo "$W deeper" >"$S/tree/sub/two"
	: >"$S/tree/empty"
	chmod 640 "$S/g"
	find "$S" -exec touch -d '2020-02-03 04:05:06.789' {} +
	tar cf "$S/t.tar" -C "$S" f g tree
}

run_in() { # FOLDER CMD...
	make_sources
	cd "$1" || return 99
	shift
	timeout 20 "$@" </dev/null >"$T/said" 2>&1
	rc=$?
	cd "$T" || exit 99
	return $rc
}

listing() { (cd "$1" && find . -type d -printf '%P %m\n' -o -printf "%P %m %s $times\n" | LC_ALL=C sort); }

same() {
	W=word$case_no S=$T/src here=c$case_no
	export W S
	mkdir -p "$T/ref/$here" "$MNT/incoming/$here" || return 1
	run_in "$T/ref/$here" "$@"; want_rc=$?
	[ $want_rc = 0 ] || { echo "in a plain folder: exit code $want_rc"; cat "$T/said"; return 1; }
	run_in "$MNT/incoming/$here" "$@"; rc=$?
	[ $rc = 0 ] || { echo "exit code $rc"; cat "$T/said"; return 1; }
	listing "$T/ref/$here" >"$T/l1"; listing "$MNT/incoming/$here" >"$T/l2"
	diff "$T/l1" "$T/l2" && diff -r "$T/ref/$here" "$MNT/incoming/$here" || return 1
	rm -rf "$T/docs"
	cp -a "$T/ref/$here" "$T/docs"
	find "$T/docs" \( -name '.?*' -o -name '*~' -o -size 0 \) -type f -delete
	find "$T/docs" -mindepth 1 -type d -empty -delete
	if rmdir "$T/docs" 2>/dev/null; then
		! ls "$MNT/docs/$here" 2>/dev/null || return 1
		: >"$T/l1"
	else
		diff -r "$T/docs" "$MNT/docs/$here" || return 1
		[ -z "$times" ] || { listing "$T/docs" | grep '\.' >"$T/l1"; listing "$MNT/docs/$here" | grep '\.' | diff "$T/l1" - || return 1; }
		(cd "$T/docs" && grep -rlw "$W" . | sed "s,^\./,$here/,") | LC_ALL=C sort >"$T/l1"
	fi
	LC_ALL=C sort "$MNT/query/@k=1000/@format=ids/$W" | diff "$T/l1" -
}

twin() { case_no=$((case_no + 1)) times=; name=$1; shift; ok "$name" same "$@"; }
keeps() { case_no=$((case_no + 1)) times=%T@; name=$1; shift; ok "$name" same "$@"; } # times are kept, too

# Shells.
for shell in bash dash busybox; do
	needs $shell "$shell" || continue
	sh=$shell
	[ $shell != busybox ] || sh="busybox sh"
	twin "$shell: echo >" $sh -c 'echo $W >a'
	twin "$shell: echo > over an existing one" $sh -c 'echo $W long long long >a; echo $W >a'
	twin "$shell: printf >>, three times" $sh -c 'printf "$W 1" >>a; printf "$W 2\n" >>a; printf 3 >>a'
	twin "$shell: { cat; cat; } >" $sh -c '{ cat $S/f; cat $S/g; } >a'
	twin "$shell: (echo; echo) >" $sh -c '(echo $W; echo two) >a'
	twin "$shell: a here document" $sh -c 'cat >a <<X
$W
X'
	twin "$shell: exec 3>" $sh -c 'exec 3>a; echo $W >&3; cat $S/g >&3; exec 3>&-'
	twin "$shell: exec 3<>, read and write" $sh -c 'echo $W one >a; exec 3<>a; read x <&3; echo "$x again" >&3; exec 3>&-'
	twin "$shell: > and nothing" $sh -c ': >a'
	twin "$shell: > and nothing over an existing one" $sh -c 'echo $W >a; : >a'
	twin "$shell: set -C" $sh -c 'set -C; echo $W >a; ! echo no >a; echo $W again >|a'
	twin "$shell: two in the background" $sh -c '{ echo $W; cat $S/g; } >a & { echo $W; cat $S/f; } >b & wait'
done
twin "cat >" sh -c 'cat $S/f $S/g >a'
twin "a pipe into cat >" sh -c 'cat $S/large | cat >a'
twin "echo >, ten in a row" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do echo $W $i >f$i; done'

# Copies.
twin "cp" sh -c 'cp $S/f $S/g .'
twin "cp over an existing one" sh -c 'cp $S/large a; cp $S/f a'
twin "cp over a longer one with --remove-destination" sh -c 'cp $S/large a; cp --remove-destination $S/f a'
twin "cp --backup: the old one is staged as a~" sh -c 'cp $S/f a; cp --backup=simple $S/g a'
keeps "cp -p" cp -p "$T/src/f" a
keeps "cp -a of a folder" cp -a "$T/src/tree" .
twin "cp -r of a folder" cp -r "$T/src/tree" .
twin "cp of a large file" cp "$T/src/large" a
twin "cp --sparse=always" cp --sparse=always "$T/src/large" a
twin "cp of a document to another" sh -c 'cp $S/f a; cp a b'
keeps "mv into" sh -c 'mv $S/f a && [ ! -e $S/f ]'
keeps "mv of a folder into" sh -c 'mv $S/tree . && [ ! -e $S/tree ]'
twin "mv within" sh -c 'cp $S/f a; mv a b'
twin "mv over another" sh -c 'cp $S/f a; cp $S/g b; mv a b'
twin "mv -n keeps the other" sh -c 'cp $S/f a; cp $S/g b; mv -n a b || :'
twin "mv into a folder" sh -c 'mkdir d; cp $S/f a; mv a d/'
twin "mv of a folder" sh -c 'cp -r $S/tree x; mv x y'
twin "mv from a staged name" sh -c 'cp $S/f .a; mv .a a'
twin "mv to a staged name" sh -c 'cp $S/f a; mv a .a'
twin "install" install "$T/src/f" a
keeps "install -m -p" install -m 600 -p "$T/src/f" a
twin "install -D" install -D "$T/src/f" d/e/a
twin "tee" sh -c 'echo $W | tee a b'
twin "tee -a" sh -c 'echo $W one >a; echo two | tee -a a'
twin "rm" sh -c 'cp $S/f a; cp $S/g b; rm a'
twin "rm -r" sh -c 'cp -r $S/tree a; cp -r $S/tree b; rm -r a'
twin "rm, then the same name again" sh -c 'cp $S/f a; rm a; cp $S/g a'
twin "touch" sh -c 'touch a; touch -d 2020-01-01 b; echo $W >c'
keeps "touch -d" sh -c 'cp $S/f a; touch -d "2021-02-03 04:05:06.5" a'
twin "chmod, chown" sh -c 'cp $S/f a; chmod 604 a; chown 0:0 a'
twin "ln is refused, nothing is left" sh -c 'cp $S/f a; ln -s a b 2>/dev/null; rm -f b; ln a b 2>/dev/null; rm -f b'
fails "ln: Operation not permitted" 1 "Operation not permitted" ln "$MNT/incoming/c1/a" "$MNT/incoming/c1/link"
fails "ln -s: Operation not permitted" 1 "Operation not permitted" ln -s a "$MNT/incoming/c1/link"
fails "mkfifo: Operation not permitted" 1 "Operation not permitted" mkfifo "$MNT/incoming/c1/fifo"

# Blocks.
twin "dd" dd if="$T/src/large" of=a
twin "dd conv=fsync" dd if="$T/src/f" of=a conv=fsync
twin "dd bs=128k, large" dd if="$T/src/large" of=a bs=128k
twin "dd bs=100000, not aligned" dd if="$T/src/large" of=a bs=100000
twin "dd oflag=direct,sync" sh -c 'dd if=$S/large of=a bs=4096 count=16 oflag=sync && dd if=$S/large of=b bs=64k count=2 oflag=direct'
twin "dd seek over an existing one" sh -c 'cp $S/large a; echo "$W there" | dd of=a bs=5000 seek=7 conv=notrunc'
twin "dd seek makes a hole" sh -c 'echo "$W behind a hole" | dd of=a bs=5000 seek=3'
for size in 1 4095 4096 4097 131071 131072 131073 1048575 1048576 1048577; do
	twin "$size bytes at once" sh -c '{ echo $W; tr -c z z </dev/zero | head -c 2000000; } | head -c '$size' | dd of=a bs=4M iflag=fullblock'
done
twin "split" sh -c 'split -b 300000 $S/large; echo $W >b'
twin "split -l" sh -c 'split -l 3000 $S/large part.'
twin "truncate" sh -c 'cp $S/g a; truncate -s 9 a; cp $S/g b; truncate -s 5000 b; truncate -s 10 c; truncate -s 0 d'
twin "truncate to nothing, then append" sh -c 'cp $S/g a; truncate -s 0 a; cat $S/f >>a'
twin "shred" sh -c 'cp $S/f a; shred -n 1 -z a'
twin "fallocate is refused or works; nothing is left" sh -c 'fallocate -l 5000 a 2>/dev/null; rm -f a'

# Those that write beside and rename.
twin "sed -i" sh -c 'cp $S/f a; sed -i s/in/out/ a'
twin "sed -i.bak" sh -c 'cp $S/f a; sed -i.bak s/in/out/ a'
twin "sort -o" sort "$T/src/large" -o a
twin "sort -o over itself" sh -c 'cp $S/large a; sort -o a a'
twin "awk >" sh -c 'awk "{ print > \"a\"; print \$1 > \"b\" }" $S/f $S/g'
twin "gzip" sh -c 'cp $S/f f; cp $S/g g; gzip -n g'
twin "find -exec rm" sh -c 'cp -r $S/tree .; find . -name one -exec rm {} +'
if needs perl perl; then
	twin "perl -pi" sh -c 'cp $S/f a; perl -pi -e s/in/out/ a'
	twin "perl -pi.orig" sh -c 'cp $S/f a; perl -pi.orig -e s/in/out/ a'
	twin "perl print" perl -e 'open(F, ">", "a"); print F "$ENV{W} 1\n"; close F; open(F, ">>", "a"); print F "2\n"; close F or die'
fi
if needs patch patch; then
	twin "patch" sh -c 'cp $S/f a; printf -- "--- a\n+++ a\n@@ -1 +1 @@\n-$W in f\n+$W is patched\n" | patch -p0 a'
fi
if needs rsync rsync; then
	twin "rsync" sh -c 'rsync $S/f a'
	twin "rsync twice" sh -c 'rsync $S/f a; rsync $S/f a; rsync $S/g a'
	keeps "rsync -a of a folder, twice" sh -c 'rsync -a $S/tree . && rsync -a $S/tree .'
	keeps "rsync -a after a change" sh -c 'rsync -a $S/ d; echo "$W changed" >>$S/large; touch -d 2022-01-01 $S/large; rsync -a --no-whole-file $S/ d; rm -r d/t.tar'
	keeps "rsync -a --delete" sh -c 'rsync -a $S/tree/ d; rm $S/tree/one; touch -d 2020-01-01 $S/tree; rsync -a --delete $S/tree/ d'
	twin "rsync --inplace" sh -c 'rsync --inplace $S/large a; rsync --inplace $S/f a; rsync --inplace $S/g a'
	keeps "rsync -a --inplace --append" sh -c 'rsync -a $S/f a; echo more >>$S/f; touch -d 2022-01-01 $S/f; rsync -a --inplace --append $S/f a'
	twin "rsync --remove-source-files" sh -c 'rsync --remove-source-files $S/f a && [ ! -e $S/f ]'
fi
if needs tar tar; then
	keeps "tar x" tar xf "$T/src/t.tar"
	keeps "tar x, over existing ones" sh -c 'tar xf $S/t.tar; tar xf $S/t.tar'
	keeps "tar x --overwrite" sh -c 'tar xf $S/t.tar; tar x --overwrite -f $S/t.tar'
	keeps "tar x -C" sh -c 'mkdir d; tar xpf $S/t.tar -C d'
fi
if needs cpio cpio; then keeps "cpio -i" sh -c 'cd $S; find f g tree | cpio -o --quiet >t.cpio; cd - >/dev/null; cpio -idm --quiet <$S/t.cpio'; fi
if needs busybox "busybox tools"; then
	twin "busybox cp" busybox cp "$T/src/f" a
	keeps "busybox cp -a" busybox cp -a "$T/src/tree" .
	twin "busybox mv into" sh -c 'busybox mv $S/f a && [ ! -e $S/f ]'
	twin "busybox mv within" sh -c 'cp $S/f a; busybox mv a b'
	twin "busybox tee" sh -c 'echo $W | busybox tee a'
	twin "busybox sed -i" sh -c 'cp $S/f a; busybox sed -i s/in/out/ a'
	twin "busybox dd" sh -c 'busybox dd if=$S/large of=a bs=64k'
	twin "busybox tar" sh -c 'busybox tar xf $S/t.tar'
	twin "busybox split" sh -c 'busybox split -b 500000 $S/large; echo $W >b'
	twin "busybox rm -r" sh -c 'cp -r $S/tree a; busybox rm -r a; echo $W >b'
	twin "busybox truncate" sh -c 'cp $S/g a; busybox truncate -s 9 a'
fi
if needs vim vim; then
	twin "vim :w, with swap files" vim -N -u NONE -i NONE -es -c 'call setline(1, $W . " by vim")' -c 'w' -c 'q' a
	twin "vim on an existing one, :w twice" sh -c 'cp $S/f a; vim -N -u NONE -i NONE -es -c "s/in/out/" -c w -c "normal oanother" -c w -c q a'
	twin "vim with a backup" sh -c 'cp $S/f a; vim -N -u NONE -i NONE -es -c "set backup writebackup backupdir=. backupcopy=no" -c "s/in/out/" -c wq a'
fi
if needs curl curl; then twin "curl -o" sh -c 'curl -s -o a file://$S/f'; fi
if needs ed ed; then twin "ed" sh -c 'cp $S/f a; printf "s/in/out/\nw\nq\n" | ed -s a'; fi
if needs git git; then
	twin "git archive of a repository made here" sh -c 'git init -q r 2>/dev/null; cp $S/f r/f; cd r; git add f; git -c user.name=n -c user.email=e commit -qm x; git archive --prefix=../out/ HEAD >/dev/null; cd ..; rm -rf r/.git'
fi

# Programs.
if needs_python "programs in python"; then
	twin "python: with open" "$py" -c 'import os
with open("a", "w") as f: f.write(os.environ["W"] + " one\n"); f.flush(); f.write("two\n")
with open("a", "a") as f: f.write("three\n")
with open("b", "wb", 0) as f: f.write(os.environ["W"].encode()); f.write(b" raw")
with open("b", "r+") as f: f.seek(3); f.write("!")'
	twin "python: no close" "$py" -c 'import os; f = open("a", "w"); f.write(os.environ["W"])'
	twin "python: shutil.copy" "$py" -c 'import os, shutil; shutil.copy(os.environ["S"] + "/f", "a"); shutil.copyfile(os.environ["S"] + "/g", "b")'
	keeps "python: shutil.copy2" "$py" -c 'import os, shutil; shutil.copy2(os.environ["S"] + "/f", "a"); shutil.copy2(os.environ["S"] + "/g", "a")'
	keeps "python: shutil.move" "$py" -c 'import os, shutil; shutil.move(os.environ["S"] + "/f", "a"); shutil.move("a", "b")'
	keeps "python: shutil.copytree, rmtree" "$py" -c 'import os, shutil; s = os.environ["S"]; shutil.copytree(s + "/tree", "x"); shutil.copytree(s + "/tree", "y"); shutil.rmtree("x")'
	twin "python: tempfile, fsync, replace" "$py" -c 'import os, tempfile
for name in "a", "b", "a":
	f = tempfile.NamedTemporaryFile("w", dir=".", delete=False); f.write(os.environ["W"] + name); f.flush(); os.fsync(f.fileno()); f.close(); os.replace(f.name, name)
	d = os.open(".", os.O_RDONLY); os.fsync(d); os.close(d)'
	twin "python: temporary files that go" "$py" -c 'import os, tempfile
with tempfile.TemporaryFile(dir=".") as f: f.write(os.environ["W"].encode()); f.flush()
with tempfile.NamedTemporaryFile(dir=".") as f: f.write(os.environ["W"].encode()); f.flush()'
	twin "python: mmap, written" "$py" -c 'import os, mmap
fd = os.open("a", os.O_RDWR | os.O_CREAT); os.ftruncate(fd, 9000); m = mmap.mmap(fd, 9000)
w = os.environ["W"].encode(); m[5000:5000 + len(w) + 2] = b"\n" + w + b"\n"; m.flush(); m.close(); os.close(fd)'
	twin "python: sparse and backwards pwrite" "$py" -c 'import os
fd = os.open("a", os.O_RDWR | os.O_CREAT); w = os.environ["W"].encode()
os.pwrite(fd, b"end", 20000); os.pwrite(fd, w + b" ", 0); os.pwrite(fd, b"\n" + w + b"\n", 10000); os.pwrite(fd, b"x", 12); os.close(fd)'
	twin "python: ftruncate while open" "$py" -c 'import os
fd = os.open("a", os.O_RDWR | os.O_CREAT); os.write(fd, os.environ["W"].encode() * 3); os.ftruncate(fd, len(os.environ["W"])); os.ftruncate(fd, 100); os.write(fd, b" on"); os.close(fd)'
	twin "python: read what was written, before the close" "$py" -c 'import os
fd = os.open("a", os.O_RDWR | os.O_CREAT); w = os.environ["W"].encode(); os.write(fd, w)
assert os.pread(fd, 100, 0) == w and os.fstat(fd).st_size == len(w) and os.stat("a").st_size == len(w)
r = os.open("a", os.O_RDONLY); assert os.read(r, 100) == w; os.write(fd, b" more"); assert os.read(r, 100) == b" more"; os.close(r); os.close(fd)'
	twin "python: a file removed while it is open" "$py" -c 'import os
fd = os.open("a", os.O_RDWR | os.O_CREAT); w = os.environ["W"].encode(); os.write(fd, w); os.unlink("a"); os.write(fd, b"more")
assert os.pread(fd, 100, 0) == w + b"more" and os.fstat(fd).st_size == len(w) + 4; os.ftruncate(fd, 2); os.close(fd)'
	twin "python: renamed while it is open" "$py" -c 'import os
fd = os.open("a", os.O_RDWR | os.O_CREAT); os.write(fd, os.environ["W"].encode()); os.rename("a", "b"); os.write(fd, b" more"); os.close(fd)'
	twin "python: another takes its name while it is open" "$py" -c 'import os
w = os.environ["W"].encode(); fd = os.open("a", os.O_RDWR | os.O_CREAT); os.write(fd, w + b" old"); f2 = os.open("b", os.O_RDWR | os.O_CREAT); os.write(f2, w + b" new")
os.rename("b", "a"); os.write(fd, b" lost"); os.write(f2, b" kept"); os.close(f2); os.close(fd)'
	twin "python: dup and fork, one document" "$py" -c 'import os
fd = os.open("a", os.O_WRONLY | os.O_CREAT); os.write(fd, os.environ["W"].encode()); d = os.dup(fd); os.close(fd); p = os.fork()
if p == 0: os.write(d, b" child"); os._exit(0)
os.waitpid(p, 0); os.write(d, b" parent"); os.close(d)'
	cat >"$T/append.py" <<'E'
import os, sys
def writer(tag):
	fd = os.open("a", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
	for i in range(300): os.write(fd, b"%s %s%03d\n" % (os.environ["W"].encode(), tag, i))
	os.close(fd)
p = os.fork()
writer(b"p" if p else b"c")
if not p: os._exit(0)
os.waitpid(p, 0)
lines = open("a").read().split("\n")[:-1]
assert sorted(lines) == sorted("%s %s%03d" % (os.environ["W"], t, i) for t in "cp" for i in range(300)), "lines are lost or mixed"
assert all([l for l in lines if t in l.split()[1]] == sorted(l for l in lines if t in l.split()[1]) for t in "cp"), "order"
os.replace("a", "b"); open("b", "w").write("\n".join(sorted(lines)))
E
	twin "O_APPEND by two processes loses no line" "$py" "$T/append.py"

	# Names: each becomes one document under exactly this id.
	cat >"$T/names.py" <<'E'
import os, re, subprocess, sys
mnt, index, rankfs = (os.fsencode(a) for a in sys.argv[1:])
os.chdir(mnt)
names = [b"n" * 255, b"m" * 256, b"k" * 1024, b"l" * 4000, b"two words", b" lead", b"trail ", b"'quote\"", b"back\\slash", b"new\nline", b"ta\tb", b"-n", b"--help", b"-",
	b"*", b"?[a]", b"$HOME", b"`id`", b";|&", b"\xff\xfe\x80", b"caf\xc3\xa9", b"cafe\xcc\x81", b"%", b"%41", b"%2F", b"100%", b"%zz", b"x...", b"#x#", b"a:b",
	b"\x01\x7f\x1b[1m", b"NUL", b"query", b"@k=1", b"\xe2\x80\xae", b"~x", b"a.jsonl.txt"]
bad = []
for i, n in enumerate(names):
	d = b"names%d" % i
	os.mkdir(b"incoming/" + d)
	os.chdir(b"incoming/" + d)
	try:
		fd = os.open(n, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
		os.write(fd, b"namesake text %d" % i); os.close(fd)
		if os.listdir(b".") != [n]: bad.append(("incoming lists", n, os.listdir(b".")))
		if open(n, "rb").read() != b"namesake text %d" % i: bad.append(("incoming reads", n))
	except OSError as e: bad.append(("write", n[:40], len(n), str(e)))
	os.chdir(mnt)
	try:
		got = os.listdir(b"docs/" + d)
		if len(got) != 1: bad.append(("docs lists", n, got)); continue
		back = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), got[0])
		if back != n: bad.append(("docs lists", n, got))
		os.chdir(b"docs/" + d)
		if open(got[0], "rb").read() != b"namesake text %d" % i: bad.append(("docs reads", n))
		os.chdir(mnt)
	except OSError as e: bad.append(("docs", n[:40], str(e))); os.chdir(mnt)
want = sorted(b"names%d/" % i + n for i, n in enumerate(names))
ids = subprocess.run([rankfs, b"query", b"-0", index, b"@k=1000", b"@format=ids", b"namesake"], stdout=subprocess.PIPE).stdout.split(b"\0")[:-1]
if sorted(ids) != want: bad.append(("query -0", set(want) ^ set(ids)))
paths = open(b"query/@k=1000/@format=paths/namesake", "rb").read().split(b"\n")[:-1]
if len(paths) != len(names): bad.append(("paths", len(paths)))
for p in paths:
	if b"\\" in p: p = p.replace(b"\\n", b"\n").replace(b"\\t", b"\t").replace(b"\\\\", b"\\")
	try:
		if not open(p, "rb").read().startswith(b"namesake"): bad.append(("path reads", p))
	except OSError as e: bad.append(("path", p[:60], str(e)))
for i, n in enumerate(names): # and each goes by rm
	os.chdir(b"incoming/names%d" % i); os.unlink(n); os.chdir(mnt); os.rmdir(b"incoming/names%d" % i)
if open(b"query/namesake", "rb").read(): bad.append(("after rm", open(b"query/namesake", "rb").read()[:200]))
for b in bad: print(*b)
sys.exit(1 if bad else 0)
E
	ok "names: long, blank, quoted, binary, percent: one document each, byte for byte" "$py" "$T/names.py" "$MNT" "$INDEX" "$RANKFS"
fi

# Nothing else is there: all documents are those of the plain folders.
rm -rf "$T/docs"
cp -a "$T/ref" "$T/docs"
find "$T/docs" \( -name '.?*' -o -name '*~' -o -size 0 \) -type f -delete
find "$T/docs" -mindepth 1 -type d -empty -delete
ok "docs/ has these documents and no other" diff -r "$T/docs" "$MNT/docs"
is "as many as status/metrics says" "$(metric documents)" sh -c "find '$T/docs' -type f | wc -l"
is "status/errors is empty" "" cat "$MNT/status/errors"
umount_it
mount_it
ok "after a remount, too" diff -r "$T/docs" "$MNT/docs"
ok "rankfs check finds nothing" sh -c "'$RANKFS' umount '$MNT' && '$RANKFS' check --deep '$INDEX'"
done_testing
