// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages/check.h"

#include <stdio.h>

static int number, failures, failed_cases;

bool check_that(bool holds, const char *file, int line, const char *what)
{
	if (holds)
		return true;
	if (failures++ < 20)
		printf("# %s:%d: %s\n", file, line, what);
	return false;
}

bool check_equal(long long a, long long b, const char *file, int line, const char *what)
{
	if (a == b)
		return true;
	if (failures++ < 20)
		printf("# %s:%d: %s: %lld (0x%llx) is not %lld (0x%llx)\n", file, line, what, a, a,
		       b, b);
	return false;
}

void check_plan(int count)
{
	printf("1..%d\n", count);
}

void check_end(const char *name)
{
	printf("%sok %d - %s\n", failures ? "not " : "", ++number, name);
	fflush(stdout);
	failed_cases += failures != 0;
	failures = 0;
}

int check_status(void)
{
	return failed_cases != 0 || number == 0;
}

int check_run(const struct check_case *cases, int count)
{
	check_plan(count);
	for (int i = 0; i < count; i++) {
		cases[i].run();
		check_end(cases[i].name);
	}
	return check_status();
}
