/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/rate.h"

#include "base/clock.h"

#include <stddef.h>
#include <string.h>

void rate_init(struct rate *rate, uint32_t per_s, uint32_t burst)
{
	memset(rate, 0, sizeof(*rate));
	rate->interval_ns = NS_PER_S / per_s;
	rate->tolerance_ns = rate->interval_ns * (burst - 1);
}

/* Its place, or a free one made its own, or that of the crowd. */
static uint64_t *find(struct rate *rate, const struct rate_key *key, uint64_t now_ns)
{
	size_t free = RATE_KEYS;

	for (size_t i = 0; i < RATE_KEYS; i++) {
		if (rate->list[i].due_ns <= now_ns)
			free = i;
		else if (!memcmp(&rate->list[i].key, key, sizeof(*key)))
			return &rate->list[i].due_ns;
	}
	if (free == RATE_KEYS)
		return &rate->crowd_due_ns;
	rate->list[free].key = *key;
	return &rate->list[free].due_ns;
}

uint64_t rate_take(struct rate *rate, const struct rate_key *key, uint64_t now_ns)
{
	uint64_t *due_ns = find(rate, key, now_ns);

	if (*due_ns < now_ns)
		*due_ns = now_ns;
	if (*due_ns - now_ns > rate->tolerance_ns)
		return *due_ns - now_ns - rate->tolerance_ns;
	*due_ns += rate->interval_ns;
	return 0;
}
