/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.h - what happened, told to everyone who wants to know: the store's log, a ring in memory,
 * and subscribers.
 *
 * On the loop; an event costs it microseconds. The ring is also the queue to the store: a batch at a
 * time is on its way there, a batch that failed is tried again, and what falls out of the ring before
 * it was written is counted as lost. Ids grow with each event and over restarts (they follow the
 * clock, in microseconds, but never back), so "all after id N" is a place to go on from.
 *
 * Each is also a line of the log (event_log.h).
 *
 * When the store becomes degraded, recovers, or moves a corrupt database aside, that is an event of
 * kind `store`, made here.
 */
#ifndef SLUICE_STATE_EVENTS_H
#define SLUICE_STATE_EVENTS_H

#include "state/record.h"

#define EVENTS_RING	       16384 /* every backend of a large site going down at once */
#define EVENTS_BATCH	       256
#define EVENTS_SUBSCRIBERS_MAX 64

struct event_base;
struct events;
struct store;

/* Borrows the store. last_id: recall's last_event, or 0. */
struct events *events_new(struct event_base *base, struct store *store, uint64_t last_id);
/*
 * After store_free(), which has written what the ring held. Returns how many events of this run were
 * lost for the store.
 */
uint64_t events_free(struct events *events);

/* Gives it id and time, and tells everyone. */
void events_append(struct events *events, const struct event_record *event);
/*
 * The same, but the store gets it with a change, in the change's transaction: the caller hands
 * *event, which has id and time by now, to store_finish() or the like.
 */
void events_note(struct events *events, struct event_record *event);
/*
 * The change was not taken, or is not known to have been made, but what happened did happen: the event
 * goes to the store by itself after all. (Twice does no harm.)
 */
void events_return(struct events *events, uint64_t id);

/* ---- listening -------------------------------------------------------------------------------------- */

/*
 * Called within events_append(); it must not append, and must not wait. Whoever sends events on to
 * somebody slow keeps the id that it sent last, sends nothing while there is no room, and goes on by
 * events_recent(), or by store_events() when that says that there is a gap.
 */
typedef void event_fn(void *context, const struct event_record *event);
struct event_subscriber;
/* NULL: there are EVENTS_SUBSCRIBERS_MAX. */
struct event_subscriber *events_subscribe(struct events *events, event_fn *told, void *context);
/* Also from within `told`. */
void events_unsubscribe(struct events *events, struct event_subscriber *subscriber);

/*
 * Copies from the ring what the query asks for, in ascending order, at most its limit and
 * RECORD_PAGE_MAX; ret_events has room for that. *ret_gap: the ring doesn't reach back as far as the
 * query: there may be more in the store.
 */
size_t events_recent(const struct events *events, const struct event_query *query,
		     struct event_record *ret_events, bool *ret_gap);

struct events_counts {
	uint64_t appended;
	uint64_t lost; /* for the store */
	uint64_t returned;
	size_t waiting; /* for the store */
	size_t subscribers;
	uint64_t last_id;		  /* 0: none was ever there */
	uint64_t kinds[EVENT_KIND_COUNT]; /* of this run */
};
void events_counts(const struct events *events, struct events_counts *ret_counts);
/* In no log, for whichever reason: rather too many than too few. */
uint64_t events_lost(const struct events *events);

#endif
