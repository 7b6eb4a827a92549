# test: what the unit tests share, and the house rules as scripts. Each module registers its own t_*.c in its local.mk.
TEST_LIBS = test/libtap.a $(CORE_LIBS) $(CUNIT_LIBS)
if HAVE_CUNIT
check_LIBRARIES += test/libtap.a
endif
test_libtap_a_SOURCES = test/tap.c test/tap.h

shell_tests += test/layers.sh test/headers.sh
EXTRA_DIST += test/layers.sh test/headers.sh

include %D%/fuzz/local.mk
