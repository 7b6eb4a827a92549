# test/fuzz: libFuzzer harnesses, one a decoder, for clang only: make fuzzers CC=clang, then run test/fuzz/fuzz_x with -max_total_time=60.
# The library is compiled once more for them, since it must be instrumented.
fuzz_programs = test/fuzz/fuzz_analyzer test/fuzz/fuzz_bitpack test/fuzz/fuzz_fst test/fuzz/fuzz_jsonl test/fuzz/fuzz_query test/fuzz/fuzz_wal test/fuzz/fuzz_zblock
fuzz_flags = -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz_libs = $(ZSTD_LIBS) $(JSONC_LIBS) $(STEMMER_LIBS) $(UNISTRING_LIBS) -lm -lpthread
EXTRA_DIST += test/fuzz/fuzz_analyzer.c test/fuzz/fuzz_bitpack.c test/fuzz/fuzz_fst.c test/fuzz/fuzz_jsonl.c test/fuzz/fuzz_query.c test/fuzz/fuzz_wal.c test/fuzz/fuzz_zblock.c
CLEANFILES += $(fuzz_programs) test/fuzz/library.a

phony_targets += fuzzers
fuzzers: test/fuzz/library.a
	for p in $(fuzz_programs); do \
		$(CC) $(AM_CPPFLAGS) $(AM_CFLAGS) $(fuzz_flags) -fsanitize=fuzzer -o $$p $(srcdir)/$$p.c test/fuzz/library.a $(fuzz_libs) || exit 1; \
	done

test/fuzz/library.a: $(librankfs_a_SOURCES)
	$(MKDIR_P) test/fuzz/objects
	for f in $(librankfs_a_SOURCES); do \
		case $$f in *.c) ;; *) continue ;; esac; \
		$(CC) $(AM_CPPFLAGS) $(AM_CFLAGS) $(fuzz_flags) -fsanitize=fuzzer-no-link -c $(srcdir)/$$f \
			-o test/fuzz/objects/`echo $$f | tr / _`.o || exit 1; \
	done
	$(AR) crs $@ test/fuzz/objects/*.o
	rm -rf test/fuzz/objects
