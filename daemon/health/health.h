/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health.h - asks backends whether they live, and says so when that changes.
 *
 * One check runs for each (pool, backend) whose pool has a check; the first begins at a random moment
 * of the first second (of the interval, if that is shorter), so that a thousand don't begin at once, later ones with 5% jitter. TCP: connect,
 * then reset. HTTP: GET by libcurl's multi interface. Never blocks; a backend that hangs costs a
 * descriptor until its time-out.
 */
#ifndef SLUICE_HEALTH_H
#define SLUICE_HEALTH_H

#include "base/histogram.h"
#include "config/config.h"
#include "health/check.h"

struct event_base;
struct health;

struct health_view { /* valid until the next call */
	const struct check *check;
	const char *last; /* "connected", "HTTP 503", "connection refused", ... */
	uint32_t last_ms; /* how long the last probe took */
};

/* News, the first result among it. `why` is the last result. Called from the loop. */
typedef void health_changed_fn(void *context, const char *pool, const char *backend, bool up,
			       const char *why);
/* What is known of a backend that is new here (after a restart, say): CHECK_UNKNOWN if nothing. */
typedef enum check_state health_recall_fn(void *context, const char *pool, const char *backend);

int health_new(struct event_base *base, health_changed_fn *changed, health_recall_fn *recall,
	       void *context, struct health **ret_health, struct sl_errors *errors);
void health_free(struct health *health);

/*
 * Makes the running checks those of `config`. A check whose pool, address and parameters are the
 * same goes on as it is, whatever the backend is called by now; one whose parameters alone changed
 * keeps its state. Borrows nothing.
 */
void health_follow(struct health *health, const struct config *config);

/* How long probes took, those that failed and timed out too. Borrowed. */
const struct histogram *health_durations(const struct health *health, enum config_check type);

/* False: no check for it. */
bool health_view(const struct health *health, const char *pool, const char *backend,
		 struct health_view *ret_view);

#endif
