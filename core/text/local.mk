# core/text: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/text/analyzer.c core/text/analyzer.h \
	core/text/fold.c core/text/fold_private.h \
	core/text/language.c core/text/language_private.h \
	core/text/utf8_private.h \
	core/text/wordcache.c core/text/wordcache_private.h \
	core/text/words.c core/text/words_private.h

unit_tests += test/t_analyzer
test_t_analyzer_SOURCES = test/t_analyzer.c
test_t_analyzer_LDADD = $(TEST_LIBS)
