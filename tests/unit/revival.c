/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/revival.h"

#include "base/clock.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <signal.h>

#define CRASH (128 + SIGSEGV)

Test(revival, pauses_double_and_then_it_is_over)
{
	static const int pauses[] = {100, 200, 400, 800, 1600, -1};
	struct revival revival = {0};

	for (size_t i = 0; i < sl_count(pauses); i++)
		cr_expect_eq(revival_pause_ms(&revival, CRASH, NS_PER_S), pauses[i], "crash %zu",
			     i);
}

Test(revival, who_lived_well_begins_anew)
{
	struct revival revival = {0};

	for (int i = 0; i < 100; i++) {
		cr_expect_eq(revival_pause_ms(&revival, CRASH, REVIVAL_WELL_S * NS_PER_S), 100);
		cr_expect_eq(revival_pause_ms(&revival, CRASH, REVIVAL_WELL_S * NS_PER_S - 1), 200);
	}
}

Test(revival, who_ended_by_itself_or_was_told_to_is_left)
{
	static const int ends[] = {0, 1, 127, 128 + SIGTERM, 128 + SIGINT};

	for (size_t i = 0; i < sl_count(ends); i++) {
		struct revival revival = {0};

		cr_expect_eq(revival_pause_ms(&revival, ends[i], 0), -1, "status %d", ends[i]);
	}
}
