/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rate.h - how often each of many may come: the generic cell rate algorithm, one time a key. Pure.
 *
 * A key's time says when it would have come if it had kept to the rate; who is further ahead of the
 * clock than the burst allows has to wait. There is room for RATE_KEYS that are ahead at a time; one
 * whose time has passed is forgotten, which changes nothing. Beyond that all new ones share a single
 * time: an outsider with many addresses slows down other newcomers, not those who are known.
 */
#ifndef SLUICE_API_RATE_H
#define SLUICE_API_RATE_H

#include <stdint.h>

#define RATE_KEYS 256

struct rate_key {
	uint64_t words[3]; /* compared as they are */
};

struct rate {
	uint64_t interval_ns;
	uint64_t tolerance_ns;
	struct {
		struct rate_key key;
		uint64_t due_ns; /* not after now: free */
	} list[RATE_KEYS];
	uint64_t crowd_due_ns; /* of all for whom there is no room */
};

/* Both at least 1. */
void rate_init(struct rate *rate, uint32_t per_s, uint32_t burst);
/* 0: it may, and that is counted. Else the time until it may, and nothing is counted. */
uint64_t rate_take(struct rate *rate, const struct rate_key *key, uint64_t now_ns);

#endif
