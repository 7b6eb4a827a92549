/* tap.c - CUnit results as TAP; see tap.h. */
#include "test/tap.h"

#include <stdio.h>

int tap_main(const struct tap_test *tests, unsigned n)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%u\n", n);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 99;
	CU_pSuite suite = CU_add_suite("suite", NULL, NULL);
	for (unsigned i = 0; i < n; i++) {
		CU_pTest t = CU_add_test(suite, tests[i].name, tests[i].run);
		if (!t)
			return 99;
		CU_run_test(suite, t);
		unsigned asserts = 0;
		for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext) {
			printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
			asserts++;
		}
		printf("%s %u - %s\n", asserts ? "not ok" : "ok", i + 1, tests[i].name);
	}
	CU_cleanup_registry();
	return 0;
}
