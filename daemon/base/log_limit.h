/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_limit.h - how often one call site may write: LOG_LIMIT_BURST lines at once, then one for each
 * LOG_LIMIT_EVERY_NS that has gone by. Ten tell what kind of trouble it is; one a second keeps telling,
 * and makes at most 86,400 lines a day. What is held back is counted, and the count comes out with the
 * next line that is let through. Zeroed is a limiter that held nothing back yet. Pure.
 */
#ifndef SLUICE_LOG_LIMIT_H
#define SLUICE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST	   10
#define LOG_LIMIT_EVERY_NS 1000000000ull

struct log_limit {
	uint64_t spent_until_ns; /* each line moves it on by LOG_LIMIT_EVERY_NS (GCRA) */
	uint64_t suppressed;	 /* since the last line that was let through */
};

/* True: write it, and say that *ret_suppressed were held back. */
bool log_limit_take(struct log_limit *limit, uint64_t now_ns, uint64_t *ret_suppressed);

#endif
