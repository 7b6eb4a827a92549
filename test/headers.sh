#!/bin/sh
# headers.sh - every header compiles alone, and every source and header begins by saying what it is for.
cd "${SRCDIR:-.}" || exit 99
echo 1..2
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
cflags=$(pkg-config --cflags fuse3 json-c libzstd libxxhash 2>/dev/null)
bad=0
for h in $(find core fs test -name '*.h' | sort); do
  # shellcheck disable=SC2086
  if ! ${CC:-cc} -std=c17 -D_GNU_SOURCE -DFUSE_USE_VERSION=312 -I. $cflags -Wall -Werror -fsyntax-only -x c "$h" 2>"$tmp/err"; then
    sed 's/^/# /' "$tmp/err"; bad=1
  fi
done
[ $bad = 0 ] && echo "ok 1 - every header compiles alone" || echo "not ok 1 - every header compiles alone"
mute=$(for f in $(find core fs test bench -name '*.[ch]'); do head -c 3 "$f" | grep -q '/\*' || echo "# $f does not open with what it is for"; done)
if [ -n "$mute" ]; then printf '%s\n' "$mute"; echo "not ok 2 - every file opens with its purpose"
else echo "ok 2 - every file opens with its purpose"; fi
