// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: to the log, the ring and subscribers; none is lost silently.
 */
#include "state/events.h"

#include "base/log.h"
#include "base/memory.h"
#include "faulty_vfs.h"
#include "state/store.h"
#include "stored.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir;
static struct event_base *base;
static struct store *store;
static struct events *events;

static void start(void)
{
	struct store_options options = STORE_OPTIONS(dir);
	struct store_answer recall;

	options.retry_min_ms = 10;
	options.retry_max_ms = 20;
	cr_assert_eq(store_new(base, &options, &store, &recall, NULL), 0);
	events = events_new(base, store, recall.recall.last_event);
	store_answer_deinit(&recall);
}

/* How many the store has lost. */
static uint64_t stop(void)
{
	uint64_t lost;

	store_free(store);
	lost = events_free(events);
	store = NULL;
	events = NULL;
	return lost;
}

static void set_up(void)
{
	faulty_install();
	log_set_level(-1);
	dir = stored_directory();
	base = event_base_new();
	start();
}

static void tear_down(void)
{
	if (store)
		stop();
	event_base_free(base);
	stored_remove(dir);
}

TestSuite(store_events, .init = set_up, .fini = tear_down, .timeout = 60);

static void append(const char *text)
{
	struct event_record event = {.kind = EVENT_LIMIT};

	record_set(event.text, text);
	events_append(events, &event);
}

static void append_many(int count)
{
	for (int i = 0; i < count; i++)
		append("many");
}

static long stored_events(const char *where)
{
	_cleanup_free_ char *sql = sl_printf("SELECT count(*) FROM event WHERE %s", where);

	return stored_number(dir, sql);
}

static struct events_counts counts(void)
{
	struct events_counts counts;

	events_counts(events, &counts);
	return counts;
}

Test(store_events, all_are_written_in_order_and_go_on_after_a_restart)
{
	long first, second;

	append_many(1000);
	cr_expect_eq(stop(), 0);
	cr_expect_eq(stored_events("text = 'many'"), 1000);
	first = stored_number(dir, "SELECT max(id) FROM event");
	start();
	append("again");
	cr_expect_eq(stop(), 0);
	second = stored_number(dir, "SELECT id FROM event WHERE text = 'again'");
	cr_expect_gt(second, first);
	cr_expect_lt(second, 1l << 53);
}

/* As if the clock had been an hour ahead before the restart: ids go on all the same. */
Test(store_events, ids_never_go_back)
{
	struct event_record event = {.kind = EVENT_START, .id = (record_now_ms() + 3600000) * 1000};
	uint64_t ahead = event.id;

	cr_assert_eq(store_put_events(store, &event, 1, NULL, NULL, NULL), 0);
	stop();
	start();
	for (int i = 1; i <= 3; i++) {
		events_note(events, &event);
		cr_expect_eq(event.id, ahead + i);
	}
}

Test(store_events, one_that_goes_with_a_change_is_written_with_it_only)
{
	struct event_record event = {.kind = EVENT_OVERRIDE};
	struct override override = {.pool = "web", .backend = "b1"};

	events_note(events, &event);
	cr_expect_neq(event.id, 0);
	append("other");
	while (counts().waiting)
		event_base_loop(base, EVLOOP_ONCE);
	cr_expect_eq(stored_events("kind = 'override'"), 0);
	cr_assert_eq(store_put_override(store, &override, &event, NULL, NULL, NULL), 0);
	cr_expect_eq(stop(), 0);
	cr_expect_eq(stored_events("kind = 'override'"), 1);
	cr_expect_eq(stored_events("1"), 2);
}

/* ---- subscribers ---------------------------------------------------------------------------------- */

struct listener {
	unsigned told;
	uint64_t last_id;
	struct event_subscriber *leaves; /* at the first event */
};

static void on_event(void *context, const struct event_record *event)
{
	struct listener *listener = context;

	cr_assert_gt(event->id, listener->last_id);
	listener->last_id = event->id;
	listener->told++;
	events_unsubscribe(events, steal(&listener->leaves));
}

Test(store_events, subscribers_hear_all_and_may_leave_meanwhile)
{
	struct listener stays = {0}, leaves = {0};
	struct event_record noted = {.kind = EVENT_COMMIT};
	struct event_subscriber *subscriber;

	leaves.leaves = events_subscribe(events, on_event, &leaves);
	subscriber = events_subscribe(events, on_event, &stays);
	append_many(10);
	events_note(events, &noted);
	cr_expect_eq(stays.told, 11);
	cr_expect_eq(leaves.told, 1);
	cr_expect_eq(counts().subscribers, 1);
	events_unsubscribe(events, subscriber);
	append("x");
	cr_expect_eq(stays.told, 11);
	for (int i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++)
		cr_assert(events_subscribe(events, on_event, &stays));
	cr_expect_null(events_subscribe(events, on_event, &stays));
}

/* ---- the ring ------------------------------------------------------------------------------------- */

static size_t recent(struct event_query query, struct event_record **ret_list, bool *ret_gap)
{
	*ret_list = sl_calloc(RECORD_PAGE_MAX, sizeof(**ret_list));
	return events_recent(events, &query, *ret_list, ret_gap);
}

Test(store_events, the_ring_tells_what_came_behind_an_id)
{
	_cleanup_free_ struct event_record *list = NULL, *rest = NULL;
	size_t count;
	bool gap;

	append_many(EVENTS_RING + 100);
	append("last");
	count = recent((struct event_query){.limit = 10, .newest = true}, &list, &gap);
	cr_assert_eq(count, 10);
	cr_expect(gap); /* there is more than the ring has */
	cr_expect_str_eq(list[9].text, "last");
	for (int i = 1; i < 10; i++)
		cr_expect_gt(list[i].id, list[i - 1].id);
	count = recent((struct event_query){.after_id = list[4].id}, &rest, &gap);
	cr_expect_not(gap);
	cr_assert_eq(count, 5);
	cr_expect_eq(rest[0].id, list[5].id);
}

Test(store_events, whoever_fell_behind_the_ring_is_told)
{
	_cleanup_free_ struct event_record *list = NULL, *rest = NULL;
	uint64_t seen;
	bool gap;

	append("seen");
	cr_assert_eq(recent((struct event_query){0}, &list, &gap), 1);
	seen = list[0].id;
	append_many(EVENTS_RING);
	cr_expect_eq(recent((struct event_query){.after_id = seen, .limit = 5}, &rest, &gap), 5);
	cr_expect(gap);
}

Test(store_events, the_ring_and_the_log_answer_alike)
{
	const struct event_query query = {.kinds = 1u << EVENT_LIMIT, .limit = 20, .newest = true};
	_cleanup_free_ struct event_record *list = NULL;
	struct event_record other = {.kind = EVENT_ATTACH};
	_cleanup_free_ char *sql = NULL;
	size_t count;
	bool gap;

	for (int i = 0; i < 60; i++) {
		append_many(1);
		events_append(events, &other);
	}
	count = recent(query, &list, &gap);
	cr_assert_eq(count, 20);
	cr_expect_eq(stop(), 0);
	sql = sl_printf("SELECT count(*) FROM event WHERE kind = 'limit' AND id >= %lu",
			(unsigned long)list[0].id);
	cr_expect_eq(stored_number(dir, sql), 20);
}

/* ---- trouble -------------------------------------------------------------------------------------- */

static void wait_degraded(bool wanted)
{
	struct store_status status;

	for (store_status(store, &status); status.degraded != wanted; store_status(store, &status))
		event_base_loop(base, EVLOOP_ONCE);
}

Test(store_events, those_of_a_bad_time_are_written_after_it)
{
	append("before");
	while (counts().waiting)
		event_base_loop(base, EVLOOP_ONCE);
	faulty_fail_at(1, SQLITE_FULL, true);
	append("trigger");
	wait_degraded(true);
	append_many(1000);
	faulty_heal();
	wait_degraded(false);
	while (counts().waiting)
		event_base_loop(base, EVLOOP_ONCE);
	cr_expect_eq(counts().lost, 0);
	cr_expect_eq(stop(), 0);
	cr_expect_eq(stored_events("text IN ('before', 'trigger', 'many')"), 1002);
	cr_expect_eq(stored_events("kind = 'store' AND text LIKE 'degraded: %full%'"), 1);
	cr_expect_eq(stored_events("kind = 'store' AND text = 'recovered'"), 1);
}

/* Lost and written together are all that were appended. */
Test(store_events, what_the_ring_cannot_hold_is_counted)
{
	uint64_t appended, lost;

	faulty_fail_at(1, SQLITE_FULL, true);
	append("trigger");
	wait_degraded(true);
	append_many(2 * EVENTS_RING);
	faulty_heal();
	wait_degraded(false);
	append_many(10);
	appended = counts().appended;
	lost = stop();
	cr_expect_gt(lost, EVENTS_RING);
	cr_expect_eq(lost + stored_events("1"), appended);
}

Test(store_events, those_left_at_the_end_are_counted)
{
	faulty_fail_at(1, SQLITE_FULL, true);
	append("trigger");
	wait_degraded(true);
	append_many(9);
	cr_expect_eq(stop(), 11); /* and that of the store itself */
}
