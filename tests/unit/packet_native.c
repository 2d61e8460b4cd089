// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cases of tests/stages/cases.h over the stages as plain C, under sanitizers.
 */
#include "stages/cases.h"

int main(void)
{
	return cases_run();
}
