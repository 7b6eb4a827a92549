#!/bin/sh
# 12-storm.sh - many at once: commits under readers never deadlock or show old content, writers share syncs, listings neither skip nor repeat.
. "${SRCDIR:-.}/integration/lib.sh"
story "writers, readers, removers and listings at the same time"
cd "$MNT" || exit 99

# A hang is a failure and not a test that never ends.
watchdog() { timeout -k 5 60 sh -c "$1" sh "$MNT"; }

writer='i=0; while [ $i -lt 60 ]; do i=$((i + 1)); echo "zebra w$1x$i" >incoming/w$1-$i || exit 1; done'
sync0=$(metric syncs_total) put0=$(metric puts_total)
many_writers() {
	pids=
	for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do timeout -k 5 60 sh -c "$writer" sh $k & pids="$pids $!"; done
	for p in $pids; do wait "$p" || return 1; done
}
ok "sixteen writers end without an error" many_writers
is "every document is there" 960 sh -c 'ls docs | grep -c "^w"'
is "and found" 960 sh -c 'wc -l <query/@k=1000/zebra'
ok "they shared syncs" [ $(($(metric syncs_total) - sync0)) -lt $(($(metric puts_total) - put0)) ]

storm='
	( i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo "storm $i" >incoming/storm; done ) &
	( i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo "rm $i" >incoming/s$i && rm docs/s$i; done ) &
	( i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo a >incoming/mv$i && mv incoming/mv$i incoming/moved; done ) &
	for r in 1 2 3; do ( i=0; while [ $i -lt 50 ]; do i=$((i + 1)); cat query/storm query/zebra docs/storm status/metrics >/dev/null; ls docs incoming >/dev/null; done ) & done
	wait'
ok "a storm of commits under readers ends" watchdog "$storm"
is "the last version is found" storm cut -f3 "query/storm 50"
is "what was removed is gone, what was moved is one" "moved" sh -c 'ls docs | grep -v "^w" | grep -v storm'

# A folder of 5,000: whole, without repetition, restarted anywhere, and stable while others come and go.
seq -f '{"id":"many/%05.0f","text":"x"}' 5000 >incoming/many.jsonl
is "5,000 entries, none twice" 5000 sh -c 'ls -f docs/many | grep -v "^\." | sort -u | wc -l'
cat >"$T/seek.pl" <<'E'
my ($d, %at, @order) = ($ARGV[0]);
opendir(my $h, $d) or die; 
for (my $t = telldir $h; defined(my $n = readdir $h); $t = telldir $h) { $at{$n} = $t; push @order, $n }
for my $i (reverse grep { $_ % 97 == 0 } 0 .. $#order) { seekdir $h, $at{$order[$i]}; my $n = readdir $h; $n eq $order[$i] or die "at $i: $n" }
rewinddir $h; my @again = readdir $h; "@again" eq "@order" or die "rewind";
print scalar(@order), "\n";
E
is "every cookie leads back to its entry" 5002 perl "$T/seek.pl" docs/many
stays() {
	( i=1; while [ $i -le 199 ]; do rm "docs/many/$(printf %05d $i)"; i=$((i + 2)); done ) &
	j=0
	while [ $j -lt 5 ]; do
		j=$((j + 1))
		ls -f docs/many | grep -v '^\.' >"$T/list"
		[ "$(sort "$T/list" | uniq -d)" = "" ] || return 1
		[ "$(awk '$1 > 200 || $1 % 2 == 0' "$T/list" | wc -l)" = 4900 ] || return 1
	done
	wait
}
ok "what was there all along is listed once while others go" stays
seq -f '{"id":"few/%05.0f","text":"x"}' 100 >incoming/few.jsonl
ok "rm -r of a folder" rm -r docs/few
fails "nothing is left of it" 2 "No such file" ls docs/few

# Without epochs: exact too, with names the kernel does not keep.
cd / || exit 99
umount_it
mount_it -o cache=0
cd "$MNT" || exit 99
without='i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo "turn$i" >incoming/turn; [ "$(cut -f3 "query/turn$i")" = turn ] || exit 1; done'
ok "cache=0: what echo acknowledged, the next cat finds" sh -c "$without"
done_testing
