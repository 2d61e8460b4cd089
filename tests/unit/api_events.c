/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events by the API: pages of what was, and streams of what comes.
 */
#include "api/event_stream.h"
#include "base/memory.h"
#include "served.h"
#include "state/events.h"
#include "state/store.h"

#include <criterion/criterion.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct served served;

static void start(void)
{
	served = served_start(served_config);
}

static void stop(void)
{
	served_stop(&served);
}

TestSuite(api_events, .init = start, .fini = stop, .timeout = 60);

static void append(enum event_kind kind, const char *text)
{
	struct event_record event = {.kind = kind, .generation = 9, .actor = "uid:7 ann"};

	record_set(event.text, text);
	record_set(event.object, "web/web1");
	events_append(served.events, &event);
}

static void append_many(enum event_kind kind, int count)
{
	char text[16];

	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%d", i);
		append(kind, text);
	}
}

static const char *text_of(const json_t *events, size_t i)
{
	return json_string_value(json_object_get(json_array_get(events, i), "text"));
}

/* The texts of the events asked for, with commas between. Caller frees. */
static char *texts(const char *path)
{
	json_t *object = served_json(&served, "GET", path, "", 200), *event;
	char *all = sl_strdup("");
	size_t i;

	json_array_foreach(json_object_get(object, "events"), i, event)
	{
		char *before = all;

		all = sl_printf("%s%s%s", before, i ? "," : "",
				json_string_value(json_object_get(event, "text")));
		free(before);
	}
	json_decref(object);
	return all;
}

static void expect_texts(const char *path, const char *wanted)
{
	_cleanup_free_ char *found = texts(path);

	cr_expect_str_eq(found, wanted, "%s", path);
}

/* ---- pages ----------------------------------------------------------------------------------------- */

Test(api_events, an_event_says_all)
{
	json_t *object, *event;

	append(EVENT_LIMIT, "something");
	object = served_json(&served, "GET", "/v1/events?kind=limit", "", 200);
	event = json_array_get(json_object_get(object, "events"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(object, "kind")), "Events");
	cr_expect_eq(json_integer_value(json_object_get(object, "lost")), 0);
	cr_expect(json_is_true(json_object_get(object, "complete")));
	cr_expect_eq(json_integer_value(json_object_get(event, "generation")), 9);
	cr_expect_eq(json_integer_value(json_object_get(event, "id")),
		     json_integer_value(json_object_get(object, "last")));
	cr_expect_str_eq(json_string_value(json_object_get(event, "actor")), "uid:7 ann");
	cr_expect_str_eq(json_string_value(json_object_get(event, "object")), "web/web1");
	cr_expect_str_eq(json_string_value(json_object_get(event, "kind")), "limit");
	cr_expect_eq(strlen(json_string_value(json_object_get(event, "time"))), 24);
	json_decref(object);
}

Test(api_events, the_newest_or_those_behind_an_id)
{
	_cleanup_free_ char *path = NULL;
	struct events_counts counts;

	append_many(EVENT_LIMIT, 3);
	events_counts(served.events, &counts);
	append_many(EVENT_ATTACH, 3);
	expect_texts("/v1/events?kind=limit&limit=2", "1,2");
	expect_texts("/v1/events?kind=limit&limit=2&after=0", "0,1");
	expect_texts("/v1/events?kind=limit,attach&limit=4", "2,0,1,2");
	path = sl_printf("/v1/events?limit=2&after=%llu", (unsigned long long)counts.last_id);
	expect_texts(path, "0,1");
	expect_texts("/v1/events?since=1h&kind=attach", "0,1,2");
	usleep(5000);
	expect_texts("/v1/events?since=1ms", "");
}

/* Pages of a few come to the same as one of all, and the last id leads from one to the next. */
Test(api_events, pages_leave_nothing_out)
{
	struct event_record old[25] = {0};
	long long after = 0;
	int seen = 0;
	size_t count;

	for (int i = 0; i < 25; i++) {
		old[i] = (struct event_record){.id = i + 1, .time_ms = 1, .kind = EVENT_LIMIT};
		snprintf(old[i].text, sizeof(old[i].text), "%d", i);
	}
	cr_assert_eq(store_put_events(served.store, old, 25, NULL, NULL, NULL), 0);
	for (int i = 25; i < 50; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		append(EVENT_LIMIT, text);
	}
	do {
		_cleanup_free_ char *path =
			sl_printf("/v1/events?kind=limit&limit=7&after=%lld", after);
		json_t *object = served_json(&served, "GET", path, "", 200);
		const json_t *list = json_object_get(object, "events");

		count = json_array_size(list);
		for (size_t i = 0; i < count; i++)
			cr_expect_eq(atoi(text_of(list, i)), seen++);
		after = json_integer_value(json_object_get(object, "last"));
		json_decref(object);
	} while (count);
	cr_expect_eq(seen, 50);
}

/* What a former daemon wrote, and what this one has not written yet. */
Test(api_events, the_store_goes_on_behind_the_ring)
{
	struct event_record old[] = {
		{.id = 5, .time_ms = 1, .kind = EVENT_LIMIT, .text = "old"},
		{.id = 6, .time_ms = 1, .kind = EVENT_LIMIT, .text = "older"},
	};

	cr_assert_eq(store_put_events(served.store, old, 2, NULL, NULL, NULL), 0);
	append_many(EVENT_LIMIT, 2);
	expect_texts("/v1/events?kind=limit&after=0", "old,older,0,1");
	expect_texts("/v1/events?kind=limit", "old,older,0,1");
	expect_texts("/v1/events?kind=limit&limit=3", "older,0,1");
	expect_texts("/v1/events?kind=limit&after=0&limit=3", "old,older,0");
	expect_texts("/v1/events?kind=limit&after=5", "older,0,1");
	expect_texts("/v1/events?kind=limit&since=1h", "0,1");
}

Test(api_events, wrong_questions_are_refused)
{
	static const char *const wrong[] = {"after=x",	    "after=-1",	   "since=yesterday",
					    "limit=0",	    "limit=1001",  "limit=x",
					    "kind=sunrise", "kind=limit,", "kind="};

	for (size_t i = 0; i < sl_count(wrong); i++) {
		_cleanup_free_ char *path = sl_printf("/v1/events?%s", wrong[i]);
		_cleanup_free_ char *watch = sl_printf("%s&watch=1", path);

		json_decref(served_json(&served, "GET", path, "", 400));
		json_decref(served_json(&served, "GET", watch, "", 400));
	}
}

static const char other_config[] =
	"interfaces: {eth0: }\n"
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

Test(api_events, each_end_of_a_change_is_told)
{
	static const char *const wanted[] = {"commit_failed", "commit",	 "undo",
					     "commit",	      "confirm", "rollback"};
	json_t *object, *event;
	size_t i;

	append(EVENT_LIMIT, "before");
	served.fake->fail_commit = true;
	json_decref(served_json(&served, "PUT", "/v1/config", other_config, 500));
	served.fake->fail_commit = false;
	json_decref(served_json(&served, "PUT", "/v1/config?confirm=60s", other_config, 200));
	json_decref(served_json(&served, "POST", "/v1/config/rollback", "", 200));
	json_decref(served_json(&served, "PUT", "/v1/config?confirm=60s", other_config, 200));
	json_decref(served_json(&served, "POST", "/v1/config/confirm", "", 200));
	json_decref(served_json(&served, "POST", "/v1/config/rollback", "", 200));
	object = served_json(&served, "GET", "/v1/events?limit=6", "", 200);
	json_array_foreach(json_object_get(object, "events"), i, event)
	{
		cr_expect_str_eq(json_string_value(json_object_get(event, "kind")), wanted[i]);
		cr_expect(!strncmp(json_string_value(json_object_get(event, "actor")), "uid:", 4),
			  "%s", wanted[i]);
	}
	cr_expect_eq(i, sl_count(wanted));
	json_decref(object);
}

/* ---- streams --------------------------------------------------------------------------------------- */

struct watcher {
	int fd;
	char text[1 << 20]; /* what it has got */
	size_t size;
};

static struct watcher *watch(const char *query)
{
	_cleanup_free_ char *request =
		sl_printf("GET /v1/events?watch=1%s HTTP/1.1\r\nHost: sluice\r\n\r\n", query);
	struct watcher *watcher = sl_calloc(1, sizeof(*watcher));

	watcher->fd = served_connect(&served);
	cr_assert_eq(send(watcher->fd, request, strlen(request), 0), (ssize_t)strlen(request));
	served_pump(&served);
	return watcher;
}

/* False: the other end has closed. */
static bool take(struct watcher *watcher)
{
	ssize_t more;

	served_pump(&served);
	do {
		more = recv(watcher->fd, watcher->text + watcher->size,
			    sizeof(watcher->text) - watcher->size - 1, MSG_DONTWAIT);
		if (more > 0)
			watcher->size += more;
		served_pump(&served);
	} while (more > 0);
	return more < 0;
}

static void unwatch(struct watcher *watcher)
{
	close(watcher->fd);
	free(watcher);
}

static unsigned occurrences(const char *text, const char *word)
{
	unsigned count = 0;

	for (; (text = strstr(text, word)); text++)
		count++;
	return count;
}

static size_t subscribers(void)
{
	struct events_counts counts;

	events_counts(served.events, &counts);
	return counts.subscribers;
}

Test(api_events, a_stream_tells_what_comes_once_and_in_order)
{
	struct watcher *watcher;
	const char *at;

	append(EVENT_LIMIT, "before");
	watcher = watch("&kind=limit");
	cr_assert(take(watcher));
	cr_expect(strstr(watcher->text, "{\"heartbeat\":true,\"last\":"), "%s", watcher->text);
	append_many(EVENT_LIMIT, 200);
	append_many(EVENT_ATTACH, 5);
	cr_assert(take(watcher));
	cr_expect_null(strstr(watcher->text, "before"));
	cr_expect_null(strstr(watcher->text, "attach"));
	at = watcher->text;
	for (int i = 0; i < 200 && at; i++) {
		_cleanup_free_ char *text = sl_printf("\"text\":\"%d\"", i);

		at = strstr(at, text);
		cr_expect(at, "%d", i);
	}
	cr_expect_eq(occurrences(watcher->text, "\"kind\":\"limit\""), 200);
	unwatch(watcher);
}

Test(api_events, a_stream_goes_on_from_where_it_is_told)
{
	struct event_record old = {.id = 5, .time_ms = 1, .kind = EVENT_LIMIT, .text = "old"};
	struct watcher *watcher;

	cr_assert_eq(store_put_events(served.store, &old, 1, NULL, NULL, NULL), 0);
	append_many(EVENT_LIMIT, 2);
	watcher = watch("&kind=limit&after=4");
	for (int i = 0; i < 1000 && occurrences(watcher->text, "\"kind\":\"limit\"") < 3; i++) {
		cr_assert(take(watcher));
		usleep(1000);
	}
	append(EVENT_LIMIT, "new");
	cr_assert(take(watcher));
	cr_expect_eq(occurrences(watcher->text, "\"text\":\"old\""), 1);
	cr_expect_eq(occurrences(watcher->text, "\"text\":\"new\""), 1);
	cr_expect_eq(occurrences(watcher->text, "\"kind\":\"limit\""), 4);
	unwatch(watcher);
}

/* One that doesn't read holds up nobody, and finds all when it reads again. */
Test(api_events, a_slow_reader_misses_nothing)
{
	struct watcher *watcher = watch("&kind=limit");

	for (int i = 0; i < 30; i++) {
		append_many(EVENT_LIMIT, 100);
		served_pump(&served);
	}
	for (int i = 0; i < 1000 && occurrences(watcher->text, "\"kind\":\"limit\"") < 3000; i++) {
		cr_assert(take(watcher));
		usleep(1000);
	}
	cr_expect_eq(occurrences(watcher->text, "\"kind\":\"limit\""), 3000);
	unwatch(watcher);
}

Test(api_events, too_many_watchers_are_refused_and_those_gone_are_noticed)
{
	struct watcher *watchers[EVENT_STREAMS_MAX];

	for (size_t i = 0; i < EVENT_STREAMS_MAX; i++) {
		watchers[i] = watch("");
		cr_assert(take(watchers[i]));
	}
	cr_expect_eq(subscribers(), EVENT_STREAMS_MAX);
	json_decref(served_json(&served, "GET", "/v1/events?watch=1", "", 503));
	json_decref(served_json(&served, "GET", "/v1/version", "", 200));
	for (size_t i = 0; i < EVENT_STREAMS_MAX; i++)
		unwatch(watchers[i]);
	for (int i = 0; i < 1000 && subscribers(); i++) {
		append(EVENT_LIMIT, "is anybody there");
		served_pump(&served);
		usleep(1000);
	}
	cr_expect_eq(subscribers(), 0);
}

/* Its fixture ends the daemon under a stream. */
Test(api_events, the_end_of_the_daemon_ends_a_stream)
{
	struct watcher *watcher = watch("");

	cr_assert(take(watcher));
	cr_expect_eq(subscribers(), 1);
	free(watcher);
}
