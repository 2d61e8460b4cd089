/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner.h - one check that runs: asks its backend again and again, one probe at a time.
 */
#ifndef SLUICE_HEALTH_RUNNER_H
#define SLUICE_HEALTH_RUNNER_H

#include "base/histogram.h"
#include "config/config.h"
#include "health/check.h"
#include "health/health.h"
#include "health/probe.h"

struct event_base;

/* What all runners share. */
struct runner_host {
	struct event_base *base;	  /* borrowed */
	void *shared[CONFIG_CHECK_COUNT]; /* of the kinds; owned by health.c */
	uint64_t random;		  /* state of the jitter's generator; not 0 */
	struct histogram durations[CONFIG_CHECK_COUNT];
	health_changed_fn *changed;
	void *context;
};

struct runner {
	char pool[CONFIG_NAME_MAX];
	char backend[CONFIG_NAME_MAX];
	struct address address;
	struct config_health parameters; /* its strings are owned */
	struct runner_host *host;	 /* borrowed */
	struct check check;
	struct event
		*timer; /* owned: the next probe is due, or the running one has taken too long */
	void *probe;	/* owned; NULL: none runs */
	uint64_t started_ns; /* CLOCK_MONOTONIC, as is next_ns */
	uint64_t next_ns;
	struct probe_result last;
	uint32_t last_ms;
};

/* Begins at a random moment of the first config_first_check_ms(). Copies what it is given but `host`. */
struct runner *runner_new(struct runner_host *host, const struct config_pool *pool,
			  const struct config_backend *backend, enum check_state state);
void runner_free(struct runner *runner);

/*
 * Takes over a changed name, and changed parameters; with these it begins anew, its state kept.
 */
void runner_change(struct runner *runner, const char backend[CONFIG_NAME_MAX],
		   const struct config_health *parameters);

#endif
