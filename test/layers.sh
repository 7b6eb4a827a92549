#!/bin/sh
# layers.sh - imports go down this list only; an upward include is named with file and line.
order="core/base core/dir core/codec core/text core/fst core/wal core/segment core/index core/query fs fs/cli"
cd "${SRCDIR:-.}" || exit 99
echo 1..1
bad=$(for f in $(find core fs -name '*.[ch]' | sort); do
  awk -v order="$order" -v file="$f" '
    function room(p) { sub(/\/[^\/]*$/, "", p); return p }
    BEGIN { n = split(order, o, " "); for (i = 1; i <= n; i++) rank[o[i]] = i; me = rank[room(file)]
            if (!me) print file ": this folder is not in the order of test/layers.sh" }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
      split($0, q, "\""); r = room(q[2])
      if (q[2] ~ /^config\.h$/) next
      if (!(r in rank)) print file ":" FNR ": includes \"" q[2] "\", which is in no layer"
      else if (rank[r] > me) print file ":" FNR ": includes \"" q[2] "\", which lies above it"
      else if (q[2] ~ /_private\.h$/ && r != room(file)) print file ":" FNR ": includes \"" q[2] "\", private to its folder"
    }' "$f"
done)
if [ -n "$bad" ]; then printf '%s\n' "$bad" | sed 's/^/# /'; echo "not ok 1 - imports go downward only"
else echo "ok 1 - imports go downward only"; fi
