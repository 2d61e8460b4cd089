// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cases of tests/stages/cases.h over the program loaded into the kernel. Needs root.
 */
#include "stages/cases.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	return cases_run();
}
