/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.c - `sluicectl doctor`: examines the host and says how to mend what it found.
 */
#include "doctor/checks.h"
#include "doctor/show.h"
#include "fail.h"
#include "table.h"

#include <unistd.h>

int run_doctor(const struct invocation *invocation)
{
	const char *no_root = geteuid() ? "only root may look at it" : NULL;
	struct report report = {0};
	const char *no_daemon;
	struct facts facts;
	int verdict;

	facts_gather(&facts, invocation, &no_daemon);
	doctor_run(&facts, no_root, no_daemon, &report);
	doctor_show(invocation, &report);
	verdict = report_verdict(&report);
	report_deinit(&report);
	facts_deinit(&facts);
	return verdict;
}
