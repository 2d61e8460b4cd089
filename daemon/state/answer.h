/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer.h - what comes back from the store.
 */
#ifndef SLUICE_STATE_ANSWER_H
#define SLUICE_STATE_ANSWER_H

#include "base/error.h"
#include "state/record.h"

enum store_result {
	STORE_OK,
	STORE_NOT_FOUND, /* no such generation or override */
	STORE_CONFLICT,	 /* another state than asked for: "generation 7 is active, not pending" */
	STORE_INVALID,	 /* a configuration that is too big, too many overrides */
	/*
	 * The disk failed, or the store is degraded. What a write was to change may be there or not,
	 * but never half of it: once the store has recovered, store_recall() tells.
	 */
	STORE_UNKNOWN,
};

/* What a start needs to know. A generation with number 0 isn't there. */
struct recall {
	struct generation active;      /* with its configuration */
	struct generation pending;     /* a change that was interrupted; with its configuration */
	struct generation unconfirmed; /* in force until its deadline; with its configuration */
	/*
	 * The one undone last, without its configuration; none if the same text was in force later: a
	 * file that still holds it is not to be trusted.
	 */
	struct generation undone;
	uint64_t last_number;	    /* given to a generation */
	struct override *overrides; /* owned */
	size_t n_overrides;
	struct last_health *health; /* owned */
	size_t n_health;
	uint64_t last_event; /* id */
};

/* Filled as far as the question has such an answer; the rest is zero. */
struct store_answer {
	enum store_result result;
	struct sl_errors errors;	/* unless STORE_OK: for the operator */
	uint64_t number;		/* of the generation */
	struct generation generation;	/* store_get() */
	struct generation *generations; /* owned: store_list() */
	size_t n_generations;
	struct event_record *events; /* owned: store_events() */
	size_t n_events;
	struct recall recall; /* store_recall(); store_overrides() fills its overrides */
};

void store_answer_deinit(struct store_answer *answer);

#endif
