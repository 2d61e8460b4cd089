/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"

#define NEEDS_0	     0
#define NEEDS_ROOT   CHECK_NEEDS_ROOT
#define NEEDS_DAEMON CHECK_NEEDS_DAEMON

const struct check doctor_checks[DOCTOR_CHECK_COUNT] = {
#define X(function, name, needs, looks_at, fine)                                                   \
	{name, looks_at, fine, NEEDS_##needs, check_##function},
	DOCTOR_CHECKS(X)
#undef X
};

void doctor_run(const struct facts *facts, const char *no_root, const char *no_daemon,
		struct report *report)
{
	const char *const reasons[] = {no_root, no_daemon};

	report_run(report, doctor_checks, DOCTOR_CHECK_COUNT, reasons, facts);
}
