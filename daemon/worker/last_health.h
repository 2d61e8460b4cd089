/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * last_health.h - backends' health as the store last knew it, for a start whose maps know nothing:
 * after a reboot. Pure but for the clock that its caller reads.
 *
 * What is older than LAST_HEALTH_AGE_MS counts for nothing. Age is how long no daemon has looked, not
 * how long a backend has been what it is: so a sign of life is noted among the backends, under names
 * that none can have.
 */
#ifndef SLUICE_WORKER_LAST_HEALTH_H
#define SLUICE_WORKER_LAST_HEALTH_H

#include "base/address.h"
#include "engine/engine.h"
#include "state/answer.h"

#define LAST_HEALTH_AGE_MS (10ull * 60 * 1000)
#define LAST_HEALTH_SIGN_S 30 /* from one sign of life to the next */

/* What is to be noted: that somebody looks, or how a backend is. */
struct last_health last_health_sign(uint64_t now_ms);
struct last_health last_health_of(const char *pool, const struct address *address, bool up,
				  const char *why, uint64_t now_ms);

/* Whether what is recalled is good for anything. */
bool last_health_is_fresh(const struct recall *recall, uint64_t now_ms);
/* MEMORY_UNKNOWN, MEMORY_UP or MEMORY_DOWN, of a recall that is fresh. */
int last_health_find(const struct recall *recall, const char *pool, const struct address *address);

#endif
