/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lag.h"

#include "base/clock.h"
#include "base/memory.h"

#include <event2/event.h>

#include <stdlib.h>

#define PERIOD_US 100000

struct lag {
	struct event *timer; /* owned */
	uint64_t due_us;
	struct histogram histogram;
};

static void expect_next(struct lag *lag)
{
	const struct timeval period = {.tv_usec = PERIOD_US};

	lag->due_us = clock_fine_us() + PERIOD_US;
	if (evtimer_add(lag->timer, &period))
		sl_out_of_memory();
}

/* libevent may call a little early: its clock is coarser. */
static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct lag *lag = context;
	uint64_t now_us = clock_fine_us();

	histogram_add(&lag->histogram, now_us > lag->due_us ? now_us - lag->due_us : 0);
	expect_next(lag);
}

struct lag *lag_new(struct event_base *base)
{
	struct lag *lag = sl_calloc(1, sizeof(*lag));

	lag->timer = evtimer_new(base, on_time, lag);
	if (!lag->timer)
		sl_out_of_memory();
	expect_next(lag);
	return lag;
}

void lag_free(struct lag *lag)
{
	if (!lag)
		return;
	event_free(lag->timer);
	free(lag);
}

const struct histogram *lag_histogram(const struct lag *lag)
{
	return &lag->histogram;
}
