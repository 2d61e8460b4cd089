// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages/cases.h"

static const struct check_case all[] = {
#define X(function, name) {name, case_##function},
	PARSE_CASES(X) STEER_CASES(X) FORWARD_CASES(X) REPLY_CASES(X) SHADOW_CASES(X)
#undef X
};

int cases_run(void)
{
	return check_run(all, sizeof(all) / sizeof(all[0]));
}
