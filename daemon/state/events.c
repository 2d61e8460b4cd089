// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/events.h"

#include "base/memory.h"
#include "state/event_log.h"
#include "state/store.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct event_subscriber {
	event_fn *told; /* NULL: free */
	void *context;
};

/*
 * Events are numbered from 0 in the order of their coming; number n stands in place n % EVENTS_RING
 * until n + EVENTS_RING comes.
 *
 *    written <= taken <= next     [written, taken) are on their way to the store
 */
struct events {
	struct store *store; /* borrowed */
	struct event *retry; /* owned */
	uint64_t last_id;
	uint64_t next, taken, written;
	uint64_t again; /* returned since: the first to be taken once more; UINT64_MAX: none */
	uint64_t returned;
	bool under_way;
	bool failing; /* told to wait: until the timer or the store's recovery */
	uint64_t lost;
	uint64_t kinds[EVENT_KIND_COUNT];
	bool degraded; /* the store, when it was last heard of */
	uint32_t asides;
	struct event_subscriber subscribers[EVENTS_SUBSCRIBERS_MAX];
	struct event_record batch[EVENTS_BATCH];
	struct event_record ring[EVENTS_RING];
	bool noted[EVENTS_RING]; /* the store gets it with a change */
};

static uint64_t oldest(const struct events *events)
{
	return events->next > EVENTS_RING ? events->next - EVENTS_RING : 0;
}

/* ---- to the store --------------------------------------------------------------------------------- */

static void on_written(void *context, struct store_answer *answer);

/* Fills events->batch. */
static size_t take_batch(struct events *events)
{
	size_t count = 0;

	for (; events->taken < events->next && count < EVENTS_BATCH; events->taken++) {
		size_t place = events->taken % EVENTS_RING;

		if (!events->noted[place])
			events->batch[count++] = events->ring[place];
	}
	return count;
}

/* Back to where they were in the ring, as far as they are there. */
static void put_back(struct events *events)
{
	static const struct timeval second = {.tv_sec = 1};
	uint64_t gone = oldest(events) > events->written ? oldest(events) - events->written : 0;

	/* How many of those that are gone were noted is gone with them: rather too many than too few. */
	events->lost += gone;
	events->taken = events->written += gone;
	events->failing = true;
	event_add(events->retry, &second);
}

/* Not while a batch is under way, whose end moves `written`. */
static void go_back(struct events *events)
{
	if (events->again < oldest(events))
		events->again = oldest(events);
	if (events->again < events->written)
		events->taken = events->written = events->again;
	events->again = UINT64_MAX;
}

static void flush(struct events *events)
{
	size_t count;

	if (events->under_way || events->failing)
		return;
	go_back(events);
	count = take_batch(events);
	if (!count) {
		events->written = events->taken;
		return;
	}
	events->under_way = true;
	if (store_put_events(events->store, events->batch, count, on_written, events, NULL)) {
		events->under_way = false;
		put_back(events);
	}
}

static void on_written(void *context, struct store_answer *answer)
{
	struct events *events = context;

	events->under_way = false;
	if (answer->result) {
		put_back(events);
		return;
	}
	events->written = events->taken;
	flush(events);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct events *events = context;

	events->failing = events->degraded; /* then its recovery is waited for */
	flush(events);
}

/* ---- appending ------------------------------------------------------------------------------------ */

static void stamp(struct events *events, struct event_record *event)
{
	event->time_ms = record_now_ms();
	event->id = event->time_ms * 1000;
	if (event->id <= events->last_id)
		event->id = events->last_id + 1;
	events->last_id = event->id;
}

static void keep(struct events *events, const struct event_record *event, bool noted)
{
	size_t place = events->next % EVENTS_RING;

	/* The one that goes was never taken: it will not be written any more. */
	if (events->next >= EVENTS_RING && events->taken == events->next - EVENTS_RING) {
		events->lost += !events->noted[place];
		if (events->written == events->taken)
			events->written++;
		events->taken++;
	}
	events->ring[place] = *event;
	events->noted[place] = noted;
	events->kinds[event->kind]++;
	events->next++;
}

static void tell(struct events *events, const struct event_record *event)
{
	event_log(event);
	for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++)
		if (events->subscribers[i].told)
			events->subscribers[i].told(events->subscribers[i].context, event);
}

void events_append(struct events *events, const struct event_record *event)
{
	struct event_record stamped = *event;

	stamp(events, &stamped);
	keep(events, &stamped, false);
	tell(events, &stamped);
	flush(events);
}

void events_note(struct events *events, struct event_record *event)
{
	stamp(events, event);
	keep(events, event, true);
	tell(events, event);
	flush(events);
}

/* ---- listening ------------------------------------------------------------------------------------ */

struct event_subscriber *events_subscribe(struct events *events, event_fn *told, void *context)
{
	for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++) {
		struct event_subscriber *subscriber = &events->subscribers[i];

		if (!subscriber->told) {
			*subscriber = (struct event_subscriber){.told = told, .context = context};
			return subscriber;
		}
	}
	return NULL;
}

void events_unsubscribe(struct events *events, struct event_subscriber *subscriber)
{
	if (subscriber)
		subscriber->told = NULL;
}

/* The number of the first event behind an id: ids grow with numbers. */
static uint64_t find_after(const struct events *events, uint64_t id)
{
	uint64_t low = oldest(events), high = events->next;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (events->ring[middle % EVENTS_RING].id > id)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void events_return(struct events *events, uint64_t id)
{
	uint64_t number = find_after(events, id - 1);

	if (number == events->next || events->ring[number % EVENTS_RING].id != id ||
	    !events->noted[number % EVENTS_RING])
		return;
	events->noted[number % EVENTS_RING] = false;
	events->returned++;
	if (number < events->again)
		events->again = number;
	flush(events);
}

/* Of those that match, how many come before the last `limit`. */
static size_t count_skipped(const struct events *events, const struct event_query *query,
			    uint64_t from, size_t limit)
{
	size_t matching = 0;

	for (uint64_t n = from; query->newest && n < events->next; n++)
		matching += event_matches(query, &events->ring[n % EVENTS_RING]);
	return matching > limit ? matching - limit : 0;
}

size_t events_recent(const struct events *events, const struct event_query *query,
		     struct event_record *ret_events, bool *ret_gap)
{
	size_t limit =
		query->limit && query->limit < RECORD_PAGE_MAX ? query->limit : RECORD_PAGE_MAX;
	uint64_t from = find_after(events, query->after_id);
	size_t skip = count_skipped(events, query, from, limit), count = 0;

	/* Nothing older than what the query wants is in the ring. */
	*ret_gap = from == oldest(events) &&
		   (from == events->next ||
		    events->ring[from % EVENTS_RING].time_ms >= query->since_ms);
	for (uint64_t n = from; n < events->next && count < limit; n++) {
		const struct event_record *event = &events->ring[n % EVENTS_RING];

		if (!event_matches(query, event))
			continue;
		if (skip)
			skip--;
		else
			ret_events[count++] = *event;
	}
	return count;
}

void events_counts(const struct events *events, struct events_counts *ret_counts)
{
	*ret_counts = (struct events_counts){
		.appended = events->next,
		.lost = events->lost,
		.returned = events->returned,
		.waiting = events->next - events->written,
		.last_id = events->last_id,
	};
	memcpy(ret_counts->kinds, events->kinds, sizeof(events->kinds));
	for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++)
		ret_counts->subscribers += events->subscribers[i].told != NULL;
}

uint64_t events_lost(const struct events *events)
{
	struct store_status status;

	store_status(events->store, &status);
	return events->lost +
	       (status.events_lost > events->returned ? status.events_lost - events->returned : 0);
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

static void append_store(struct events *events, const char *text)
{
	struct event_record event = {.kind = EVENT_STORE, .actor = "sluiced"};

	record_set(event.text, text);
	events_append(events, &event);
}

static void on_store(void *context, const struct store_status *status)
{
	struct events *events = context;
	_cleanup_free_ char *text = sl_printf("degraded: %s", status->why);
	bool degraded = status->degraded, flipped = degraded != events->degraded;

	events->failing = events->degraded = degraded;
	if (status->asides != events->asides)
		append_store(events, status->notice);
	events->asides = status->asides;
	if (flipped)
		append_store(events, degraded ? text : "recovered");
}

struct events *events_new(struct event_base *base, struct store *store, uint64_t last_id)
{
	struct events *events = sl_calloc(1, sizeof(*events));
	struct store_status status;

	events->store = store;
	events->last_id = last_id;
	events->again = UINT64_MAX;
	events->retry = evtimer_new(base, on_retry, events);
	if (!events->retry)
		sl_out_of_memory();
	store_watch(store, on_store, events);
	store_status(store, &status);
	on_store(events, &status);
	return events;
}

uint64_t events_free(struct events *events)
{
	uint64_t lost;

	if (!events)
		return 0;
	lost = events->lost;
	for (uint64_t n = events->written; n < events->next; n++)
		lost += !events->noted[n % EVENTS_RING];
	event_free(events->retry);
	free(events);
	return lost;
}
