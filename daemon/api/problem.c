/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/problem.h"

#include <stddef.h>

const struct problem problem_table[] = {
#define X(status, word, meaning) {status, PROBLEM_PREFIX word, meaning},
	PROBLEMS(X)
#undef X
		{0, NULL, NULL},
};

const char *problem_type(unsigned status)
{
	for (const struct problem *problem = problem_table; problem->type; problem++)
		if (problem->status == status)
			return problem->type;
	return "about:blank";
}
