/* tap.h - runs CUnit suites and prints TAP for automake's driver: int main() { return tap_main(suites, n); }
 *
 * Returns 0 after the plan, so that another status can only mean a crash or a sanitizer's report.
 */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <CUnit/CUnit.h>

struct tap_test {
	const char *name;
	void (*run)(void);
};

#define TAP_MAIN(tests)                                                                                                                     \
	int main(void)                                                                                                                      \
	{                                                                                                                                   \
		return tap_main((tests), sizeof(tests) / sizeof((tests)[0]));                                                               \
	}

int tap_main(const struct tap_test *tests, unsigned n);

#endif
