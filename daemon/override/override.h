/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * override.h - the operator's word on backends: in force at once, and kept over restarts.
 *
 * A word goes to the engine first, then with its event into the store, in one transaction; it is
 * answered after the store's answer, so what is answered as OVERRIDE_DONE survives a power cut. With a
 * degraded store it holds in memory (OVERRIDE_UNRECORDED), and the store is brought up to date when it
 * recovers. If the daemon dies in between, the word is there after the next start, or not, as a whole.
 *
 * What is in force before a restart is so from the first commit on: overrides_remember() is what the
 * engine asks. Ends are watched by the wall clock; what ended while no daemon ran is over at once.
 *
 * One thread: all calls come from the loop.
 */
#ifndef SLUICE_OVERRIDE_OVERRIDE_H
#define SLUICE_OVERRIDE_OVERRIDE_H

#include "engine/engine.h"
#include "override/list.h"
#include "state/answer.h"

struct event_base;
struct events;
struct overrides;
struct store;

struct override_options { /* all borrowed */
	struct engine *engine;
	struct store *store;
	struct events *events;
};

/* `recall` is what store_new() gave; it is only read. */
struct overrides *overrides_new(struct event_base *base, const struct override_options *options,
				const struct store_answer *recall);
/* Takes no more; what waits for the store is answered by store_free(). Before that. */
void overrides_close(struct overrides *overrides);
/* After store_free(). */
void overrides_free(struct overrides *overrides);

struct override_request {
	char pool[CONFIG_NAME_MAX], backend[CONFIG_NAME_MAX]; /* names */
	bool has_admin;
	enum admin admin; /* ADMIN_READY takes the word back */
	bool has_weight;
	int weight;	 /* -1 takes the word back */
	uint64_t for_ms; /* 0: until it is taken back */
	char author[RECORD_ACTOR_MAX];
	char reason[RECORD_TEXT_MAX];
	char trace[RECORD_TRACE_MAX];
};

enum override_result {
	OVERRIDE_DONE,
	OVERRIDE_UNRECORDED, /* in force; the store gets it once it answers */
	OVERRIDE_NOT_FOUND,  /* no such backend */
	OVERRIDE_FAILED,     /* the maps refused */
	OVERRIDE_REFUSED,    /* too many words, or the daemon is ending */
};

struct override_answer {
	enum override_result result;
	struct sl_errors errors; /* of those that did nothing */
};

typedef void override_done_fn(void *context, struct override_answer *answer);

/* `done` is called once, maybe from within. */
void overrides_submit(struct overrides *overrides, const struct override_request *request,
		      override_done_fn *done, void *context);

/* NULL: none is in force. Valid until the loop goes on. */
const struct override *overrides_find(const struct overrides *overrides, const char *pool,
				      const struct address *address, enum override_subject subject);
/* Admin and weight; the rest stays. */
void overrides_remember(const struct overrides *overrides, const char *pool,
			const struct address *address, struct engine_memory *memory);
/* After each commit: which backends are there. */
void overrides_follow(struct overrides *overrides, const struct config *config);

#endif
