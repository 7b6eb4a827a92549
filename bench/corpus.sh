#!/bin/sh
# corpus.sh - Debian's package descriptions as JSON lines {"id","title","text"}: a real corpus that every Debian machine can make itself.
# Reads the lists that apt-get update -o Acquire::Languages=en left (long descriptions are in Translation-en), however they are compressed.
set -eu
lists=/var/lib/apt/lists
cat_list() { /usr/lib/apt/apt-helper cat-file "$1"; }
found=no
for f in "$lists"/*Translation-en*; do
	[ -f "$f" ] && found=yes
done
[ $found = yes ] || { echo "corpus.sh: no Translation-en in $lists; run: apt-get update -o Acquire::Languages=en" >&2; exit 1; }
for f in "$lists"/*Translation-en*; do
	[ -f "$f" ] && cat_list "$f"
	echo
done | LC_ALL=C awk '
function quoted(s) {
	gsub(/["\\]/, "\\\\&", s); gsub(/\t/, "\\t", s); gsub(/\r/, "", s)
	gsub(/[\001-\010\013\014\016-\037]/, " ", s)
	return "\"" s "\""
}
function emit(    i, all) {
	if (name != "" && title != "" && !(name in seen)) {
		seen[name] = 1
		all = ""
		for (i = 1; i <= n; i++) all = all (i > 1 ? "\\n" : "") line[i]
		printf "{\"id\":%s,\"title\":%s,\"text\":\"%s\"}\n", quoted(name), quoted(title), all
	}
	name = title = ""; n = 0; within = 0
}
/^$/ { emit(); next }
/^Package: / { name = substr($0, 10); next }
/^Description-en: / { title = substr($0, 17); within = 1; next }
/^ / { if (within) { s = quoted($0 == " ." ? "" : substr($0, 2)); line[++n] = substr(s, 2, length(s) - 2) } next }
{ within = 0 }
END { emit() }'
