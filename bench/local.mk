# bench: peers and measurements; `make bench` runs all of it (bench/run.sh says what).
EXTRA_DIST += bench/corpus.sh
