#!/bin/sh
# run.sh - rankfs and its peers (SQLite FTS5, Xapian) on the same texts and queries in one run, then loads through a mount; writes RESULTS.md.
#
#   bench/run.sh [CORPUS.jsonl[.zst] [QUERIES.tsv]]
# Without a corpus: ../shared/data/text beside the checkout, else Debian's package descriptions (bench/corpus.sh). Texts are normalised the same for all
# (normalise.c), without stemming or stop words. BUILDDIR: where `make bench` built (default build). ROUNDS: runs per query, the best counts (3).
# DOCS: only the first so many. PEERS: "fts5 xapian". OUT: the file written (bench/RESULTS.md). Compare ratios within a run, not figures between runs.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILDDIR:-$src/build}" && pwd)
rounds=${ROUNDS:-3} peers=${PEERS-fts5 xapian} out=${OUT:-$src/bench/RESULTS.md}
rankfs=$build/rankfs
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/rankfs-bench.XXXXXX")
mnt=
cleanup() { if [ -n "$mnt" ]; then "$rankfs" umount "$mnt" || true; fi; rm -rf "$tmp"; }
trap cleanup EXIT
trap 'exit 130' INT TERM

shared=$src/../shared/data/text/wiki-200k
corpus=${1:-} queries=${2:-}
if [ -z "$corpus" ] && [ -f "$shared.jsonl.zst" ]; then corpus=$shared.jsonl.zst queries=$shared.queries.tsv; fi
if [ -z "$corpus" ]; then sh "$src/bench/corpus.sh" >"$tmp/corpus.jsonl"; corpus=$tmp/corpus.jsonl; fi
case $corpus in
*.zst) zstd -dcq --long=27 "$corpus" | "$build/bench/normalise" "${DOCS:-0}" >"$tmp/texts.jsonl" ;;
*) "$build/bench/normalise" "${DOCS:-0}" <"$corpus" >"$tmp/texts.jsonl" ;;
esac
docs=$(wc -l <"$tmp/texts.jsonl") bytes=$(wc -c <"$tmp/texts.jsonl")
if [ -z "$queries" ]; then # words that stand together in the texts: every n-th document's fourth to sixth word
	queries=$tmp/queries.tsv
	awk -v step=$((docs / 300 + 1)) 'NR % step == 0 { sub(/.*"text":"/, ""); sub(/"}$/, ""); n = split($0, w, " ")
		if (n > 6) { print "term\t" w[4]; print "and\t" w[4] " " w[6]; print "or\t" w[4] " " w[5] " " w[6]; print "phrase\t" w[4] " " w[5] } }' "$tmp/texts.jsonl" >"$queries"
fi
disk_mb() { du -sk "$@" | awk '{ s += $1 } END { printf "%.1f", s * 1024 / 1e6 }'; }
talk() { echo "bench: $*" >&2; }

load_before=$(cut -d' ' -f1 /proc/loadavg)
talk "rankfs: build"
"$rankfs" init --language none "$tmp/rankfs"
rankfs_build=$("$build/bench/load" run "$rankfs" add --jsonl "$tmp/rankfs" "$tmp/texts.jsonl")
rankfs_mb=$(disk_mb "$tmp/rankfs/segments")
stored_mb=$(find "$tmp/rankfs/segments" -name '*stor*' -o -name '*doc*' -type f | tr '\n' '\0' | du -ck --files0-from=- 2>/dev/null | awk 'END { printf "%.1f", $1 * 1024 / 1e6 }')
talk "rankfs: queries"
"$rankfs" bench --rounds "$rounds" "$tmp/rankfs" "$queries" @k=10 >"$tmp/rankfs.tsv"
"$rankfs" bench --rounds "$rounds" "$tmp/rankfs" "$queries" @k=1000 >"$tmp/rankfs1000.tsv"
: >"$tmp/peers"
for p in $peers; do
	[ -x "$build/bench/$p" ] || continue
	talk "$p: build"
	"$build/bench/$p" "$tmp/$p" build "$tmp/texts.jsonl" >"$tmp/$p.build"
	talk "$p: queries"
	"$build/bench/$p" "$tmp/$p" query "$queries" "$rounds" >"$tmp/$p.tsv"
	echo "$p $(cut -f5 "$tmp/$p.build") $(cut -f7 "$tmp/$p.build") $(cut -f9 "$tmp/$p.build") $(disk_mb "$tmp/$p")" >>"$tmp/peers"
	rm -rf "$tmp/$p" "$tmp/$p.raw"
done

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
rate() { echo $(($1 * 1000000000 / ($(date +%s%N) - $2))); } # COUNT START_NS
metric() { sed -n "s/^rankfs_$1 //p" "$mnt/status/metrics"; }

# Turn by turn, because the disk is shared with others: what is compared was measured within the same seconds. Medians of five turns.
through_mount() {
	files=${FILES:-1000}
	talk "mount: echo, writers, commits, JSON lines, opens"
	"$rankfs" init --language none "$tmp/m.index"
	mkdir "$tmp/mnt"
	"$rankfs" mount "$tmp/m.index" "$tmp/mnt"
	mnt=$tmp/mnt
	echos=0
	for turn in 1 2 3 4 5; do
		before=$(metric syncs_total)
		start=$(date +%s%N)
		i=0
		while [ $i -lt "$files" ]; do echo "document $i of turn $turn" >"$mnt/incoming/e$turn-$i"; i=$((i + 1)); done
		rate "$files" "$start" >>"$tmp/echo"
		echos=$((echos + $(metric syncs_total) - before))
		[ ! -x "$build/bench/fts5" ] || "$build/bench/fts5" "$tmp/commits.db" commits "$files" | cut -f2 >>"$tmp/commits"
		"$build/bench/load" writers "$mnt/incoming" 1 "$files" >>"$tmp/one"
		"$build/bench/load" writers "$mnt/incoming" 16 $((files / 4)) >>"$tmp/many"
	done
	echo_rate=$(median <"$tmp/echo") one_rate=$(median <"$tmp/one") many_rate=$(median <"$tmp/many") commit_rate=-
	[ ! -e "$tmp/commits" ] || commit_rate=$(median <"$tmp/commits")
	awk -v n=100000 'BEGIN { for (i = 0; i < n; i++) { t = ""; for (j = 0; j < 65; j++) t = t sprintf("w%d ", (i * 31 + j * j * 17) % 5000)
		printf "{\"id\":\"j%d\",\"text\":\"%s\"}\n", i, substr(t, 1, 375) } }' >"$tmp/lines.jsonl"
	start=$(date +%s%N)
	cp "$tmp/lines.jsonl" "$mnt/incoming/lines.jsonl"
	json_rate=$(rate 100000 "$start")
	opens_rate=$("$build/bench/load" opens "$mnt/query/document" 2)
	"$rankfs" umount "$mnt"
	mnt=
}
mounted=no
if [ -c /dev/fuse ] && [ -z "${NO_MOUNT:-}" ]; then through_mount; mounted=yes; else talk "no /dev/fuse: no loads through a mount"; fi

cell() { awk -F'\t' -v c="$2" '$1 == c { printf "%s / %s / %s", $3, $4, $5 }' "$1"; }
ratio() { awk -F'\t' -v c="$3" -v f="$4" 'NR == FNR { if ($1 == c) ours = $f; next } $1 == c && ours > 0 { printf "%.1f", $f / ours }' "$1" "$2"; }
{
	echo "# Results of bench/run.sh"
	echo
	echo "$(date -u +%Y-%m-%d), $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r | cut -d- -f1);"
	echo "load average before $load_before and after $(cut -d' ' -f1 /proc/loadavg): other work ran beside it when these are over 1."
	echo "$docs documents, $((bytes / 1000000)) MB of normalised JSON lines ($(basename "$corpus")), $(wc -l <"$queries") queries; one thread, warm, in process,"
	echo "best of $rounds runs per query. Ratios within this run mean something; absolute figures depend on what else the machine did."
	echo
	echo "## Building"
	echo "| engine | CPU s | wall s | peak MB | index MB |"
	echo "|---|---|---|---|---|"
	echo "$rankfs_build" | awk -v mb="$rankfs_mb" -v st="$stored_mb" '{ printf "| rankfs (stored text included: %s MB of it) | %s | %s | %s | %s |\n", st, $1, $2, $3, mb }'
	awk '{ printf "| %s (no stored text) | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5 }' "$tmp/peers"
	echo
	echo "rankfs's CPU includes parsing JSON, the log with its syncs, and stored text; the peers' exclude parsing and syncs."
	echo
	echo "## Searching, top 10: p50 / p95 / p99 in microseconds"
	echo "| engine | term | and | or | phrase |"
	echo "|---|---|---|---|---|"
	for e in rankfs $(cut -d' ' -f1 "$tmp/peers"); do
		echo "| $e | $(cell "$tmp/$e.tsv" term) | $(cell "$tmp/$e.tsv" and) | $(cell "$tmp/$e.tsv" or) | $(cell "$tmp/$e.tsv" phrase) |"
	done
	echo "| rankfs, top 1000 | $(cell "$tmp/rankfs1000.tsv" term) | $(cell "$tmp/rankfs1000.tsv" and) | $(cell "$tmp/rankfs1000.tsv" or) | $(cell "$tmp/rankfs1000.tsv" phrase) |"
	for e in $(cut -d' ' -f1 "$tmp/peers"); do
		row="| **$e / rankfs**, p50 and p95"
		for c in term and or phrase; do row="$row | $(ratio "$tmp/rankfs.tsv" "$tmp/$e.tsv" $c 3)x, $(ratio "$tmp/rankfs.tsv" "$tmp/$e.tsv" $c 4)x"; done
		echo "$row |"
	done
	echo
	echo "Hits over all queries (equal numbers: the engines searched the same): $(for e in rankfs $(cut -d' ' -f1 "$tmp/peers"); do
		awk -F'\t' -v e="$e" 'NR > 1 { s = s " " $1 " " $8 } END { printf "%s:%s; ", e, s }' "$tmp/$e.tsv"; done)"
	if [ $mounted = yes ]; then
		echo
		echo "## Through a mount (durability = write: every answer means it is on disk)"
		echo "| what | per second |"
		echo "|---|---|"
		echo "| \`echo\` in a shell loop, one file each ($((5 * files)) files, $echos syncs of the log) | $echo_rate |"
		echo "| one writer, 400-byte files | $one_rate |"
		echo "| 16 writers, 400-byte files | $many_rate |"
		echo "| documents of 400 bytes as JSON lines by cp | $json_rate |"
		echo "| opening and reading a cached query | $opens_rate |"
		echo "| SQLite, WAL, synchronous=FULL: commits of 400 bytes | $commit_rate |"
		[ "$commit_rate" = - ] || echo "| **rankfs echo / SQLite commits** | $(awk -v a="$echo_rate" -v b="$commit_rate" 'BEGIN { printf "%.2f", a / b }') |"
		echo "| **16 writers / one** | $(awk -v a="$many_rate" -v b="$one_rate" 'BEGIN { printf "%.2f", a / b }') |"
	fi
} >"$tmp/RESULTS.md"
cp "$tmp/RESULTS.md" "$out"
cat "$out"
