/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a change was not made, for the operator.
 */
#include "change/internal.h"

#include <string.h>
#include <time.h>

static void say_trial(const struct change *change, struct sl_errors *errors)
{
	time_t until = change->deadline_ms / 1000;
	struct tm utc;
	char text[32];

	gmtime_r(&until, &utc);
	strftime(text, sizeof(text), "%H:%M:%S UTC", &utc);
	sl_fail(errors, 0, "confirm",
		"generation %llu waits until %s: `sluicectl confirm` keeps it, `sluicectl "
		"rollback` undoes it",
		(unsigned long long)change->machine.unconfirmed, text);
}

static void say_no_trial(const struct change *change, struct sl_errors *errors)
{
	if (change->machine.unconfirmed)
		say_trial(change, errors);
	else
		sl_fail(errors, 0, "confirm",
			"nothing waits to be confirmed; generation %llu stays",
			(unsigned long long)change->machine.in_force);
}

static void say_unavailable(const struct job *job, struct sl_errors *errors)
{
	if (job->request.confirm_ms)
		sl_fail(errors, 0, "confirm",
			"without the store it could not be undone after a crash: apply without "
			"--confirm, or mend the store");
	else if (!errors->count)
		sl_fail(errors, 0, "store", "does not answer: see `sluicectl status`");
}

void change_explain(struct change *change, struct job *job)
{
	struct sl_errors *errors = &job->answer.errors;

	if (change->failure.count && job->answer.result != CHANGE_DONE && !errors->count) {
		*errors = change->failure;
		memset(&change->failure, 0, sizeof(change->failure));
	}
	switch (job->answer.result) {
	case CHANGE_IN_TRIAL: say_trial(change, errors); break;
	case CHANGE_NO_TRIAL: say_no_trial(change, errors); break;
	case CHANGE_UNAVAILABLE: say_unavailable(job, errors); break;
	default: break;
	}
}
