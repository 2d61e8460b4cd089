/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/revival.h"

#include "base/clock.h"

#include <signal.h>
#include <stdbool.h>

/* These two are how it is told to end. */
static bool has_crashed(int status)
{
	return status > 128 && status != 128 + SIGTERM && status != 128 + SIGINT;
}

int revival_pause_ms(struct revival *revival, int status, uint64_t lived_ns)
{
	if (!has_crashed(status))
		return -1;
	if (lived_ns >= REVIVAL_WELL_S * NS_PER_S)
		revival->crashes = 0;
	if (++revival->crashes >= REVIVAL_CRASHES)
		return -1;
	return REVIVAL_PAUSE_MS << (revival->crashes - 1);
}
