/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/check.h"

void check_init(struct check *check, enum check_state state, uint64_t now_ns)
{
	*check = (struct check){.state = state, .since_ns = now_ns};
}

static bool enter(struct check *check, enum check_state state, uint64_t now_ns)
{
	check->state = state;
	check->streak = 0;
	check->since_ns = now_ns;
	return true;
}

bool check_result(struct check *check, bool success, uint32_t rise, uint32_t fall, uint64_t now_ns)
{
	enum check_state claimed = success ? CHECK_UP : CHECK_DOWN;

	if (success)
		check->successes++;
	else
		check->failures++;
	if (check->state == CHECK_UNKNOWN)
		return enter(check, claimed, now_ns);
	if (check->state == claimed) {
		check->streak = 0;
		return false;
	}
	if (++check->streak < (success ? rise : fall))
		return false;
	return enter(check, claimed, now_ns);
}
