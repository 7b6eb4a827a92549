#!/bin/sh
# 34-posix.sh - incoming/ is a folder as any other: the same calls in a plain folder and there give the same results, errnos, and the same tree behind
# them. What differs on purpose stands in a list with its reason.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${SRCDIR:-.}/integration/lib.sh"
story "the same calls on a plain folder and on incoming/"
needs_python "posix parity" || done_testing
umask 022
cat >"$T/parity.py" <<'E'
import builtins, ctypes, errno, itertools, os, shutil, sys
import stat as kinds
plain, ours = sys.argv[1:3]
libc = ctypes.CDLL(None, use_errno=True)
from os import *
NOREPLACE, EXCHANGE = 1, 2
def check(rc):
	if rc < 0: raise OSError(ctypes.get_errno(), "")
	return rc
def renameat2(a, b, flags): return check(libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), flags))
def st(p):
	s = os.stat(p); return (oct(s.st_mode), s.st_size if kinds.S_ISREG(s.st_mode) else 0, s.st_uid, s.st_gid, s.st_nlink if kinds.S_ISREG(s.st_mode) else 0)
def times(p): s = os.stat(p); return s.st_mtime_ns
def all_of(p): return open(p, "rb").read()
open = builtins.open
def use(path, flags, mode=0o644):
	"""Opens, and does a little of everything with what it got."""
	fd = os.open(path, flags, mode); log = []
	def step(f, *a):
		try: log.append(f(*a))
		except OSError as e: log.append(errno.errorcode[e.errno])
	step(lambda: os.fstat(fd).st_size if kinds.S_ISREG(os.fstat(fd).st_mode) else "dir")
	step(os.read, fd, 3); step(os.write, fd, b"XY"); step(os.lseek, fd, 0, 1); step(os.pread, fd, 100, 0); step(os.pwrite, fd, b"P", 1); step(os.ftruncate, fd, 4); step(os.write, fd, b"Z")
	step(lambda: os.fstat(fd).st_size if kinds.S_ISREG(os.fstat(fd).st_mode) else "dir"); step(os.fsync, fd); step(os.close, fd)
	return log
def write(path, data, flags=O_WRONLY | O_CREAT, off=None):
	fd = os.open(path, flags, 0o644)
	try: return os.write(fd, data) if off is None else os.pwrite(fd, data, off)
	finally: os.close(fd)
def seq(*fs): return [f() if callable(f) else f for f in fs]
def reserve(path, n):
	fd = os.open(path, O_RDWR)
	try: return os.posix_fallocate(fd, 0, n)
	finally: os.close(fd)
def sync_read(path):
	fd = os.open(path, O_RDONLY)
	try: return os.fdatasync(fd)
	finally: os.close(fd)
def held(path, op):
	"""A descriptor stays usable whatever happens to its name."""
	fd = os.open(path, O_RDWR); op()
	try: return [os.write(fd, b"held"), os.pread(fd, 100, 0), os.fstat(fd).st_nlink, os.fstat(fd).st_size]
	finally: os.close(fd)

cases = []
flagset = dict(CREAT=O_CREAT, EXCL=O_EXCL, TRUNC=O_TRUNC, APPEND=O_APPEND)
for acc, an in ((O_RDONLY, "RDONLY"), (O_WRONLY, "WRONLY"), (O_RDWR, "RDWR")):
	for n in range(5):
		for combo in itertools.combinations(flagset, n):
			if "EXCL" in combo and "CREAT" not in combo or acc == O_RDONLY and "TRUNC" in combo: continue # not defined
			for path in "f", "new", "d", "f/x", "none/x", "d/new", "e/x", ".s":
				cases.append("use(%r, %s)" % (path, "|".join(["O_" + an] + ["O_" + c for c in combo])))
for extra in "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "O_DSYNC", "O_NOATIME", "O_PATH", "O_CLOEXEC":
	for path in "f", "d", "new":
		cases.append("os.close(os.open(%r, O_RDONLY|%s))" % (path, extra) if extra == "O_PATH" else "use(%r, O_RDWR|%s)" % (path, extra))
cases += """
mkdir("new") ; mkdir("f") ; mkdir("d") ; mkdir("none/x") ; mkdir("f/x") ; mkdir("d/x") ; mkdir("new/") ; mkdir(".") ; mkdir("..") ; mkdir("")
seq(mkdir("new", 0o700), st("new")) ; seq(mkdir("new", 0o777), st("new")) ; seq(mkdir("new", 0o1755), st("new"))
rmdir("d") ; rmdir("e") ; rmdir("f") ; rmdir("none") ; rmdir("none/x") ; rmdir("f/x") ; rmdir("d/") ; rmdir(".") ; rmdir("d/.") ; rmdir("e/..")
seq(mkdir("d/x"), mkdir("d/x/y"), rmdir("d/x/y"), rmdir("d/x"), rmdir("d"))
seq(rmdir("d"), mkdir("d"), st("d")) ; seq(unlink("e/x"), rmdir("e"))
unlink("f") ; unlink("none") ; unlink("d") ; unlink("e/x") ; unlink("f/x") ; unlink("none/x") ; unlink("f/") ; unlink(".s") ; unlink("")
seq(unlink("f"), write("f", b"again"), all_of("f")) ; seq(unlink("f"), mkdir("f"), rmdir("f"), write("f", b"file"))
rename("f", "new") ; rename("f", "g") ; rename("f", "d") ; rename("f", "d/f") ; rename("f", "f") ; rename("none", "new") ; rename("f", "none/x") ; rename("f", "g/x")
rename("d", "new") ; rename("d", "f") ; rename("d", "e") ; rename("e", "d") ; rename("e", "e/sub") ; rename("e", "d/e") ; rename("e", "new") ; rename("d", "d") ; rename("e", "f")
rename("f", ".f") ; rename(".s", "s") ; rename(".s", "f") ; rename("f", ".s") ; rename("f", "new/") ; rename("d", "new/") ; rename("f/x", "new") ; rename("d/", "new") ; rename(".", "new") ; rename("d", "..")
seq(rename("f", "new"), rename("g", "f"), rename("new", "g"), all_of("f"), all_of("g")) ; seq(rename("e", "new"), all_of("new/x"), listdir("new"), rename("new", "e"), all_of("e/x"))
renameat2("f", "g", NOREPLACE) ; renameat2("f", "new", NOREPLACE) ; renameat2("d", "e", NOREPLACE) ; renameat2("none", "new", NOREPLACE) ; renameat2("f", "d", NOREPLACE) ; renameat2("f", "f", NOREPLACE)
renameat2("f", "g", EXCHANGE) ; renameat2("f", "none", EXCHANGE) ; renameat2("d", "f", EXCHANGE) ; renameat2("f", "g", NOREPLACE | EXCHANGE) ; renameat2("f", "new", 64)
truncate("f", 0) ; truncate("f", 3) ; truncate("f", 5) ; truncate("f", 100) ; truncate("f", -1) ; truncate("d", 0) ; truncate("none", 0) ; truncate("f/x", 0) ; truncate(".s", 2)
seq(truncate("f", 2), truncate("f", 8), all_of("f")) ; seq(truncate("f", 0), write("f", b"x", O_WRONLY | O_APPEND), all_of("f")) ; seq(truncate("f", 100000), st("f"), truncate("f", 1), all_of("f"))
seq(chmod("f", 0o600), st("f")) ; seq(chmod("f", 0o4755), st("f")) ; seq(chmod("d", 0o700), st("d")) ; chmod("none", 0o600) ; chmod("f/x", 0o600) ; seq(chmod("f", 0), st("f")) ; seq(chmod("f", 0o444), write("f", b"root may"))
seq(chown("f", 7, 8), st("f")) ; seq(chown("f", -1, 8), st("f")) ; seq(chown("d", 7, -1), st("d")) ; chown("none", 0, 0) ; seq(lchown("f", 3, 4), st("f"))
seq(utime("f", ns=(10**18, 123456789)), times("f")) ; seq(utime("f", (5, 6)), times("f")) ; seq(utime("d", (5, 6)), times("d")) ; utime("none") ; utime("f/x") ; seq(utime("f", ns=(0, 0)), times("f"))
seq(utime("f", ns=(1, 2)), rename("f", "new"), times("new")) ; seq(utime("f", (5, 6)), chmod("f", 0o640), times("f")) ; seq(utime("f", (5, 6)), write("f", b"x"), times("f") > 10**18) ; seq(utime("f", ns=(-10**9, -10**9)), times("f"))
link("f", "new") ; link("none", "new") ; link("f", "g") ; link("d", "new") ; symlink("f", "new") ; symlink("f", "g") ; mkfifo("new") ; mkfifo("f") ; mknod("new", 0o100600) ; mknod("f", 0o100600) ; readlink("f") ; readlink("none")
seq(mknod("new", 0o100600), st("new"), write("new", b"text"), all_of("new"))
st("f") ; st("d") ; st("none") ; st("f/x") ; st("f/") ; st("d/") ; st(".") ; st("d/..") ; st("d/../f") ; st(".s") ; st("") ; st("x" * 5000) ; os.access("f", 7) ; os.access("d", 7) ; os.access("none", 0)
listdir(".") ; listdir("d") ; listdir("e") ; listdir("f") ; listdir("none") ; sorted((x.name, x.is_dir(), x.is_file(), x.is_symlink()) for x in os.scandir("."))
write("new", b"") ; write("new", b"x" * 200000) ; write("f", b"", O_WRONLY | O_TRUNC) ; write("f", b"mid", O_WRONLY, 2) ; write("f", b"far", O_WRONLY, 5000) ; write("f", b"ap", O_WRONLY | O_APPEND) ; write("f", b"p", O_WRONLY | O_APPEND, 1)
write("f", b"x", O_RDONLY) ; write("d", b"x", O_WRONLY) ; write("f", b"x", O_WRONLY, -1) ; write("f", b"same5", O_WRONLY)
seq(write("f", b"one", O_WRONLY | O_TRUNC), write("f", b"two", O_WRONLY | O_APPEND), write("f", b"T", O_WRONLY), all_of("f"))
held("f", lambda: unlink("f")) ; held("f", lambda: rename("f", "new")) ; held("f", lambda: rename("g", "f")) ; held("f", lambda: truncate("f", 0)) ; held("f", lambda: chmod("f", 0)) ; held("e/x", lambda: rename("e", "new")) ; held(".s", lambda: rename(".s", "s"))
held("f", lambda: write("f", b"other", O_WRONLY | O_TRUNC)) ; held("f", lambda: seq(unlink("f"), write("f", b"newer"))) ; held("f", lambda: write("f", b"more", O_WRONLY | O_APPEND))
sync_read("f") ; sync_read("d") ; seq(os.sync()) ; os.statvfs("f").f_namemax >= 255 ; os.pathconf("f", "PC_NAME_MAX") >= 255
os.setxattr("f", "user.x", b"1") ; os.getxattr("f", "user.x") ; os.setxattr("f", "trusted.x", b"1") ; os.removexattr("f", "user.x") ; os.getxattr("f", "security.capability")
seq(reserve("f", 50), st("f")) ; os.open(".", O_TMPFILE | O_RDWR) ; shutil.copymode("f", "g") ; shutil.copystat("f", "g") ; shutil.rmtree("e") ; shutil.copytree("e", "new") ; shutil.move("e", "d") ; shutil.move("f", "e")
os.makedirs("p/q/r") ; seq(os.makedirs("p/q/r"), os.removedirs("p/q/r")) ; os.replace("f", "g") ; os.renames("e/x", "p/q/x") ; seq(os.chdir("d"), write("here", b"x"), os.chdir(".."), listdir("d")) ; seq(os.chdir("d"), rename("../f", "f"), os.chdir(".."), all_of("d/f"))
""".replace("\n", " ; ").strip(" ;").split(" ; ")

# What differs, and why. A case not met any more must leave the list.
expected = {
	"link(\"f\", \"new\")": "one document, one name: hard links are refused with EPERM",
	"symlink(\"f\", \"new\")": "a document is text: no symbolic links (EPERM)",
	"mkfifo(\"new\")": "nor fifos (EPERM)",
	"renameat2(\"f\", \"g\", EXCHANGE)": "two documents are not exchanged in one step (EINVAL, as the manual of renameat2 allows)",
	"renameat2(\"d\", \"f\", EXCHANGE)": "the same",
	"os.setxattr(\"f\", \"user.x\", b\"1\")": "foreign attributes are not kept (ENOTSUP), so that tools know it",
	"os.getxattr(\"f\", \"user.x\")": "the same",
	"os.setxattr(\"f\", \"trusted.x\", b\"1\")": "the same",
	"os.removexattr(\"f\", \"user.x\")": "the same",
	"os.open(\".\", O_TMPFILE | O_RDWR)": "a file without a name would be a document without an id (EOPNOTSUPP)",
	"os.getxattr(\"f\", \"security.capability\")": "the same",
}

def tree():
	out = []
	for dir, dirs, files in os.walk("."):
		for n in sorted(files): p = dir + "/" + n; out.append((p, st(p)[0], all_of(p) if os.path.isfile(p) else b""))
		for n in dirs: out.append((dir + "/" + n, st(dir + "/" + n)[0]))
	return sorted(out, key=lambda e: e[0])
def run(base, i, what):
	here = "%s/case%d" % (base, i)
	mkdir(here); os.chdir(here)
	write("f", b"hello"); write("g", b"other"); write(".s", b"staged"); mkdir("d"); mkdir("e"); write("e/x", b"in e")
	try: got = eval(what)
	except OSError as e: got = errno.errorcode.get(e.errno, e.errno)
	os.chdir(here)
	try: behind = tree()
	except OSError as e: behind = str(e)
	os.chdir("/")
	return got, behind
bad = 0
for i, what in enumerate(cases):
	a, b = run(plain, i, what), run(ours, i, what)
	if what.startswith("listdir") : a, b = [(sorted(r[0]) if isinstance(r[0], list) else r[0], r[1]) for r in (a, b)]
	if (a == b) == bool(expected.get(what)):
		bad += 1; print(what, "-- differs no more" if a == b else ""); print("   plain:", a[0], a[1] if a[1] != b[1] else ""); print("   ours: ", b[0], b[1] if a[1] != b[1] else "")
	# docs/ has what incoming/ shows, but for staged and empty files.
	if a == b and isinstance(b[1], list):
		docs = {}
		for dir, dirs, files in os.walk(ours + "/../docs/case%d" % i):
			for n in files: docs[os.path.relpath(dir + "/" + n, ours + "/../docs/case%d" % i)] = all_of(dir + "/" + n)
		want = {e[0][2:]: e[2] for e in b[1] if len(e) == 3 and e[2] and not any(p.startswith(".") for p in e[0][2:].split("/"))}
		if docs != want: bad += 1; print(what, "-- docs/:", docs, "wanted:", want)
print(len(cases), "cases,", len(expected), "expected differences", file=sys.stderr)
sys.exit(bad != 0)
E
mkdir "$T/plain"
ok "every call: same result, same errno, same tree, and docs/ follows" timeout 60 "$py" "$T/parity.py" "$T/plain" "$MNT/incoming"
sed -n 's/^\([0-9]* cases.*\)/# \1/p' "$T/shown"
is "status/errors is empty" "" cat "$MNT/status/errors"
if needs setpriv "another user"; then fails "another user may not enter (no allow_other)" ! "Permission denied" setpriv --reuid=65534 --regid=65534 --clear-groups ls "$MNT/"; fi
umount_it
ok "rankfs check finds nothing" "$RANKFS" check --deep "$INDEX"
done_testing
