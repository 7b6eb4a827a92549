#!/bin/sh
# dir_fallbacks.sh - the conformance tests of a real folder once more, with each system call away that an older kernel or another file system lacks.
cd "${BUILDDIR:-.}" || exit 99
[ -x test/t_dir ] || { echo "1..0 # SKIP no unit tests were built"; exit 0; }
strace -o /dev/null true 2>/dev/null || { echo "1..0 # SKIP strace cannot be used here"; exit 0; }
ASAN_OPTIONS=detect_leaks=0 # it needs ptrace for itself
export ASAN_OPTIONS
echo 1..4
n=0
without() { # CALL ERROR WORDS
  n=$((n + 1))
  if strace -f -o /dev/null -e trace="$1" -e inject="$1:error=$2" ./test/t_dir >"t_dir.$1.out" 2>&1 && ! grep -q '^not ok' "t_dir.$1.out"; then
    echo "ok $n - $3"
  else
    grep -B 3 '^not ok' "t_dir.$1.out" | sed 's/^/# /'
    echo "not ok $n - $3"
  fi
  rm -f "t_dir.$1.out"
}
without openat2 ENOSYS "no openat2: a step for each part of a path"
without fallocate EOPNOTSUPP "no fallocate: zeros are written"
without renameat2 EINVAL "no rename without replacing: link and unlink"
without inotify_init1 EMFILE "no inotify: the folder is polled"
