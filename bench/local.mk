# bench: peers and loads; `make bench` builds them and runs bench/run.sh, which says what it measures. Not part of `make` or `make check`.
EXTRA_PROGRAMS += bench/load bench/normalise
EXTRA_DIST += bench/corpus.sh bench/run.sh bench/RESULTS.md
bench_load_SOURCES = bench/load.c
bench_load_LDADD =
bench_normalise_SOURCES = bench/normalise.c
bench_normalise_LDADD = $(JSONC_LIBS)
bench_programs = bench/load bench/normalise
CLEANFILES += $(bench_programs)

if HAVE_SQLITE
EXTRA_PROGRAMS += bench/fts5
bench_fts5_SOURCES = bench/fts5.c
bench_fts5_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_fts5_LDADD = $(SQLITE_LIBS) $(JSONC_LIBS)
bench_programs += bench/fts5
endif

if HAVE_XAPIAN
EXTRA_PROGRAMS += bench/xapian
bench_xapian_SOURCES = bench/xapian.cc
bench_xapian_CXXFLAGS = $(AM_CXXFLAGS) $(XAPIAN_CXXFLAGS) $(JSONC_CFLAGS)
bench_xapian_LDADD = $(XAPIAN_LIBS) $(JSONC_LIBS)
bench_programs += bench/xapian
endif

phony_targets += bench
bench: rankfs $(bench_programs)
	BUILDDIR='$(abs_top_builddir)' $(srcdir)/bench/run.sh $(BENCH_ARGS)

# Codecs and dictionary alone, no peers: make bench/micro
EXTRA_PROGRAMS += bench/micro
CLEANFILES += bench/micro
bench_micro_SOURCES = bench/micro.c
bench_micro_LDADD = $(CORE_LIBS)
