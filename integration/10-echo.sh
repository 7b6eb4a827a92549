#!/bin/sh
# 10-echo.sh - the first things a user does: the README's examples, echo and cat, and what they cost.
. "${SRCDIR:-.}/integration/lib.sh"
story "README, echo, cat: what is acknowledged is found, and what is cached costs nothing"
cd "$MNT" || exit 99

# The README's examples are its lines with four spaces.
n=0
sed -n 's/^    //p' README >"$T/examples"
while read -r line; do
	n=$((n + 1))
	ok "README: $line" sh -c "$line" </dev/null
done <"$T/examples"
ok "the README has examples" [ "$n" -gt 15 ]
is "an example's answer" "fox.txt" cut -f3 'query/+brown +dog +jumps -README'

# Read your writes, through every cache of the kernel, both ways.
loop() {
	i=0
	while [ $i -lt 200 ]; do
		i=$((i + 1))
		echo "turn$i zebra" >incoming/turn || return 1
		[ "$(cut -f3 "query/turn$i")" = turn ] || { echo "turn$i is not found"; return 1; }
		[ -z "$(cat "query/turn$((i - 1)) -turn$i")" ] || { echo "turn$((i - 1)) is still found"; return 1; }
		[ "$(cat query/zebra)" != "$before" ] || { echo "the old result is shown"; return 1; }
		before=$(cat query/zebra)
	done
}
before=
ok "200 times: what echo acknowledged, the next cat finds" loop
ok "an appended line is found" sh -c 'echo yak >>incoming/turn; cut -f3 query/yak | grep -qx turn'
ok "rm docs/x takes it out of results" sh -c 'rm docs/turn; [ ! -s query/yak ]; ! cat docs/turn 2>/dev/null'
ok "one document a file, with its final content" sh -c '{ echo one; cat README; echo two; } >incoming/mixed; [ "$(cat docs/mixed)" = "$(echo one; cat README; echo two)" ]'

# Costs.
stat incoming >/dev/null
is "a new document costs six requests" "create=1 flush=2 lookup=1 release=1 write=1" cost sh -c 'echo x >incoming/six'
cat query/brown query/brown >/dev/null # the second asks for the times that the first one's reading changed
is "a query in an unchanged index is opened and closed, no more" "open=1 release=1" cost cat query/brown
is "a repeated stat of a query costs nothing" "" cost stat query/brown query/brown
ls query/.git query/x~ >/dev/null 2>&1
is "a repeated probe costs nothing" "" cost ls query/.git query/x~
is "a first probe runs no query" "lookup=3" cost ls query/.Trash query/autorun.inf 'query/#x#'
echo "a new commit" >incoming/commit
is "after a commit a query is evaluated once" "evaluations=1 lookup=2 open=1 read=1 release=1" cost cat query/brown

before=$(metric syncs_total)
for i in 1 2 3 4 5 6 7 8 9 10; do echo "sync $i" >incoming/sync$i; done
is "one document, one sync" 10 echo $(($(metric syncs_total) - before))

# Generated files are real files.
echo "a walrus, once" >incoming/walrus1
exact() {
	for f in README status/summary status/health query/brown "query/@format=json/brown" docs/fox.txt; do
		[ "$(stat -c %s "$f")" = "$(wc -c <"$f")" ] || { echo "$f: size and content differ"; return 1; }
		[ "$(tar cf - "$f" 2>/dev/null | tar xOf -)" = "$(cat "$f")" ] || { echo "$f: tar sees other content"; return 1; }
	done
}
ok "sizes are exact, also for tar" exact
exec 5<query/walrus
echo "walrus walrus walrus" >incoming/walrus2
is "an open result keeps its snapshot" walrus1 cut -f3 /dev/fd/5
exec 5<&-
is "a new open sees the new one" "walrus2
walrus1" cut -f3 query/walrus

# Walks end, run no query, change nothing.
walk() { find . >/dev/null && tar cf /dev/null docs query status README && du -s . >/dev/null && grep -r nothing-of-this-kind docs status; [ $? = 1 ]; }
e=$(metric query_evaluations_total)
p=$(metric puts_total)
ok "find, tar, du and grep -r come to an end" walk
is "and ran no query" "$e" metric query_evaluations_total
is "and changed nothing" "$p" metric puts_total

# Refusals, and their words.
fails "a malformed query: EINVAL" 1 "Invalid argument" cat 'query/(open'
ok "its reason is in status/errors" sh -c "tail -n 1 status/errors | grep -q 'query/(open.*column'"
fails "an unknown option: ENOENT" 1 "No such file" cat query/@nonsense=1/x
fails "a bad value: EINVAL" 1 "Invalid argument" cat query/@k=many/x
fails "a bad command fails the write" ! "Invalid argument" bash -c 'echo dance >control'
fails "a command of a later version too" ! "Invalid argument" bash -c 'echo checkpoint x >control'
ok "its reason is in status/errors too" sh -c "tail -n 1 status/errors | grep -q 'not in this version'"
for n in 1 2; do echo "gnu $n" >incoming/gnu$n; echo commit >control; done
before=$(cat "query/@format=ids/gnu")
ok "merge leaves one segment" sh -c '[ "$(ls segments | wc -l)" -gt 1 ] && echo merge >control && [ "$(ls segments | wc -l)" = 1 ]'
is "and the same answers" "$before" cat "query/@format=ids/gnu"
fails "creating outside incoming/" ! "Read-only" bash -c 'echo x >docs/new'
fails "writing into a result" ! "Read-only" bash -c 'echo x >query/brown'
fails "a symbolic link" 1 "not permitted" ln -s x incoming/link
fails "a hard link" 1 "not permitted" ln docs/fox.txt incoming/link
ok "mv from docs/ to another id" sh -c 'mv docs/mixed incoming/other && [ -s docs/other ] && [ ! -e docs/mixed ]'
ok "mv from docs/ to the same id loses nothing" sh -c 'mv docs/other incoming/other; [ -s docs/other ]'

# A log that is followed: first what is there, then what comes.
timeout 20 tail -n +1 -f status/errors >"$T/followed" 2>/dev/null & tail=$!
followed() { i=0; until grep -q "$1" "$T/followed"; do i=$((i + 1)); [ $i -lt 400 ] || return 1; timeout 0.02 tail -f /dev/null; done; return 0; }
bash -c 'echo jump >control' 2>/dev/null
ok "tail -f status/errors shows what is there" followed jump
bash -c 'echo hop >control' 2>/dev/null
ok "and what comes" followed hop
kill $tail 2>/dev/null

# Folders of documents.
mkdir incoming/d incoming/d/e
echo deep >incoming/d/e/f
echo wide >incoming/d/g
is "docs/ shows one level" "e g" sh -c 'echo $(ls docs/d)'
ok "rm -r of a folder of documents" rm -r docs/d
fails "it is gone" 2 "No such file" sh -c 'ls docs/d/e; exit 2'
echo one >incoming/both
is "a file and a folder of one name: listed as two" "both %62oth" sh -c 'echo "{\"id\":\"both/x\",\"text\":\"y\"}" >incoming/j.jsonl; echo $(ls docs | grep both; ls docs | grep %62)'
is "and both can be read" "one y" sh -c 'echo $(cat docs/both) $(cat docs/%62oth/x)'

# Ids that cannot be paths, and ids that are also folders: every one can be read under a name that is listed.
odd='a//b /lead a/ .. . x/../y x/./z %41 a/-x a a/b a/b/c b b/c//d/e p%2Fq // %x %x/y ./x a///b'
for id in $odd; do echo "{\"id\":\"$id\",\"text\":\"oddity $id\"}"; done >incoming/odd.jsonl
is "every odd id is listed once and can be read" "$(for id in $odd; do echo "oddity $id"; done | sort)" sh -c 'find docs -type f -exec sh -c "for f; do cat \"\$f\"; echo; done" sh {} + | grep ^oddity | sort'

# A writer that is killed half-way: kept, and marked.
mkfifo "$T/fifo"
( exec timeout -s TERM 0.2 sh -c 'echo half; exec cat "$0"' "$T/fifo" >incoming/half ) 2>/dev/null & killed=$!
wait $killed 2>/dev/null
is "its bytes are kept" half cat docs/half
ok "and it says so" grep -q "interrupted.*half" status/errors

done_testing
