/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limits.h - how much the store keeps. What is beyond goes, oldest first, a slice at a time after
 * other work.
 */
#ifndef SLUICE_STATE_LIMITS_H
#define SLUICE_STATE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct store_limits {
	uint32_t generations;	   /* the newest */
	uint64_t generation_bytes; /* of configurations, all together */
	uint32_t rollbacks;	   /* superseded generations that are kept whatever the above say */
	uint32_t events;	   /* the newest; up to `slice` more for a while */
	uint64_t event_age_ms;	   /* and not older */
	uint32_t overrides;	   /* beyond that, a new one is refused */
	uint32_t health;	   /* backends */
	uint32_t slice;		   /* rows that one pruning removes at most */
	uint64_t config_bytes;	   /* of one configuration; beyond that it is refused */
};

#define STORE_LIMITS                                                                               \
	((struct store_limits){                                                                    \
		.generations = 1000,                                                               \
		.generation_bytes = 256ull << 20,                                                  \
		.rollbacks = 10,                                                                   \
		.events = 100000,                                                                  \
		.event_age_ms = 90ull * 86400 * 1000,                                              \
		.overrides = 65536,                                                                \
		.health = 65536,                                                                   \
		.slice = 1000,                                                                     \
		.config_bytes = 16ull << 20,                                                       \
	})

#endif
