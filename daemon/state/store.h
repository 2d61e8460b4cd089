/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - what survives a restart: generations of the configuration, overrides, health, events.
 *
 * All work on the disk is done in one thread; the loop never waits for it (but in store_new() and
 * store_free()). Changes and questions are done in the order in which they are asked. Each returns 0
 * and is answered once by `done`, on the loop and after the call has returned, at the latest from
 * within store_free(); or it returns a negative errno with an error, when too much is waiting, and is
 * not answered. Records and texts are copied; `done` may be NULL.
 *
 * A change that is answered STORE_OK survives a power cut. One that is answered STORE_UNKNOWN is there
 * as a whole or not at all, and store_recall() tells once the store has recovered.
 *
 * Degraded: the disk fails. The daemon goes on without persistence: changes are answered
 * STORE_UNKNOWN at once, questions are answered if the file can still be read. The store tells its
 * watchers, events.h among them, and tries again after 0.2 s, later every 30 s, until a transaction succeeds.
 * Watchers then bring the store up to date.
 *
 * A corrupt database is kept under another name and a fresh one begun: `asides` and `notice` of the
 * status say so, and recall is empty then. One of a newer version is refused by store_new().
 */
#ifndef SLUICE_STATE_STORE_H
#define SLUICE_STATE_STORE_H

#include "state/answer.h"
#include "state/limits.h"

struct event_base;
struct store;

struct store_options {
	const char *dir; /* exists, and is the worker's to write; borrowed while there is a store */
	struct store_limits limits;
	unsigned retry_min_ms, retry_max_ms;
	unsigned start_wait_ms; /* for the first answer of the disk */
};

#define STORE_OPTIONS(directory)                                                                   \
	((struct store_options){                                                                   \
		.dir = (directory),                                                                \
		.limits = STORE_LIMITS,                                                            \
		.retry_min_ms = 200,                                                               \
		.retry_max_ms = 30000,                                                             \
		.start_wait_ms = 10000,                                                            \
	})

/* May keep the answer's pointers if it puts NULL and 0 in their place. */
typedef void store_done_fn(void *context, struct store_answer *answer);

/*
 * Opens the store and reads what a start needs to know; the caller deinits *ret_recall. 0 also when
 * the store is degraded from the start: then ret_recall->result is STORE_UNKNOWN, and a watcher asks
 * by store_recall() after recovery. Negative errno with an error when it can't help itself: the
 * database is of a newer version or another program's.
 */
int store_new(struct event_base *base, const struct store_options *options,
	      struct store **ret_store, struct store_answer *ret_recall, struct sl_errors *errors);
/*
 * Does and answers all that is waiting, and what those answers ask for. Contexts of `done` must last
 * until it returns. Order at the end: store_free(), then events_free().
 */
void store_free(struct store *store);

/* ---- its own state ---------------------------------------------------------------------------------- */

struct store_status {
	bool degraded;
	char why[RECORD_TEXT_MAX]; /* it is degraded, or was last; empty: never */
	uint64_t since_ms;	   /* it is as it is */
	uint32_t asides;	   /* corrupt databases moved aside since the start */
	char notice[512];	   /* of the last of them */
	uint64_t unknown;	   /* changes and questions answered STORE_UNKNOWN */
	uint64_t refused;	   /* not taken: too much was waiting */
	uint64_t events_lost; /* that went with a change that was not taken, or STORE_UNKNOWN */
	uint64_t health_lost; /* too many backends at once */
	size_t waiting;	      /* changes and questions */
};

void store_status(const struct store *store, struct store_status *ret_status);

#define STORE_WATCHERS_MAX 4
/* Called on the loop when `degraded` or `asides` has changed, and for both changes when it failed and
 * came back between two looks. For as long as the store is there. */
typedef void store_watch_fn(void *context, const struct store_status *status);
void store_watch(struct store *store, store_watch_fn *watch, void *context);

/* ---- generations: see GENERATION_STATES ------------------------------------------------------------- */

/*
 * The event that goes with a change comes from events_note() and is written in the change's own
 * transaction: it is in the log if and only if the change is. NULL: none.
 */

/* Takes author, reason, source and config, and `number` as the least that it may get (0: any).
 * answer->number is its number. STORE_CONFLICT while another
 * is pending or unconfirmed. */
int store_begin(struct store *store, const struct generation *generation,
		const struct event_record *event, store_done_fn *done, void *context,
		struct sl_errors *errors);
/* pending -> active, or with a deadline (0: none) -> unconfirmed. */
int store_finish(struct store *store, uint64_t number, uint64_t deadline_ms,
		 const struct event_record *event, store_done_fn *done, void *context,
		 struct sl_errors *errors);
/* pending -> failed */
int store_fail(struct store *store, uint64_t number, const char *why,
	       const struct event_record *event, store_done_fn *done, void *context,
	       struct sl_errors *errors);
/* unconfirmed -> active */
int store_confirm(struct store *store, uint64_t number, const struct event_record *event,
		  store_done_fn *done, void *context, struct sl_errors *errors);
/* unconfirmed -> undone; the active one is in force again. */
int store_undo(struct store *store, uint64_t number, const char *why,
	       const struct event_record *event, store_done_fn *done, void *context,
	       struct sl_errors *errors);

/* answer->generation, with its configuration. */
int store_get(struct store *store, uint64_t number, store_done_fn *done, void *context,
	      struct sl_errors *errors);
/* answer->generations: newest first, those below `before` (0: all), without configurations. */
int store_list(struct store *store, uint64_t before, size_t limit, store_done_fn *done,
	       void *context, struct sl_errors *errors);
/* answer->recall, as store_new() gives it. */
int store_recall(struct store *store, store_done_fn *done, void *context, struct sl_errors *errors);

/* ---- overrides and health --------------------------------------------------------------------------- */

/* In the place of one that is there for the backend. */
int store_put_override(struct store *store, const struct override *override,
		       const struct event_record *event, store_done_fn *done, void *context,
		       struct sl_errors *errors);
int store_remove_override(struct store *store, const char *pool, const char *backend,
			  const struct event_record *event, store_done_fn *done, void *context,
			  struct sl_errors *errors);
/* answer->recall.overrides */
int store_overrides(struct store *store, store_done_fn *done, void *context,
		    struct sl_errors *errors);

/* Written within a second, with all else noted meanwhile; kept for later while degraded. */
void store_note_health(struct store *store, const struct last_health *health);

/* ---- events: events.h is what writes them ----------------------------------------------------------- */

/* Those whose id is there are left as they are, so that a batch may be written again. */
int store_put_events(struct store *store, const struct event_record *events, size_t count,
		     store_done_fn *done, void *context, struct sl_errors *errors);
/* answer->events, in ascending order. */
int store_events(struct store *store, const struct event_query *query, store_done_fn *done,
		 void *context, struct sl_errors *errors);

#endif
