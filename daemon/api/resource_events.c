/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened: a page of it, or all that happens from now on.
 */
#include "api/resource.h"

#include "api/event_page.h"
#include "api/event_stream.h"
#include "api/number.h"
#include "base/memory.h"
#include "state/events.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100

struct asked {
	const struct api_context *context;
	const struct request *request;
};

/* ---- the question ------------------------------------------------------------------------------------ */

static void read_after(const char *text, struct event_query *query, struct sl_errors *errors)
{
	if (!text)
		return;
	query->newest = false;
	if (strcmp(text, "0") != 0 && !number_parse(text, &query->after_id))
		sl_fail(errors, 0, "after", "\"%s\" is no event's id", text);
}

static void read_since(const char *text, struct event_query *query, struct sl_errors *errors)
{
	uint64_t ms, now_ms = record_now_ms();

	if (!text)
		return;
	if (number_parse_duration(text, &ms))
		query->since_ms = ms < now_ms ? now_ms - ms : 1;
	else
		sl_fail(errors, 0, "since", "\"%s\" is not a time like 30s, 5m or 24h", text);
}

static void read_limit(const char *text, struct event_query *query, struct sl_errors *errors)
{
	uint64_t limit = LIMIT_DEFAULT;

	if (text && (!number_parse(text, &limit) || limit > RECORD_PAGE_MAX))
		sl_fail(errors, 0, "limit", "\"%s\" is not a number from 1 to %d", text,
			RECORD_PAGE_MAX);
	query->limit = limit;
}

/* Words separated by commas. */
static void read_kinds(const char *text, struct event_query *query, struct sl_errors *errors)
{
	_cleanup_free_ char *copy = text ? sl_strdup(text) : NULL;
	char *left = copy, *word;

	while (left && (word = strsep(&left, ","))) {
		enum event_kind kind = event_kind_find(word);

		if (kind == EVENT_KIND_COUNT)
			sl_fail(errors, 0, "kind", "\"%s\" is no kind of event", word);
		else
			query->kinds |= 1u << kind;
	}
}

/* Who watches and says not from where wants what comes. */
static void begin_now(const struct api_context *context, const struct request *request,
		      struct event_query *query)
{
	struct events_counts counts;

	events_counts(context->events, &counts);
	if (!request_query(request, "after") && !query->since_ms)
		query->after_id = counts.last_id;
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static void on_page(void *context, struct event_page *page)
{
	struct asked *asked = context;
	struct answer answer = {0};
	json_t *object = answer_new_object(asked->context, "Events"), *list = json_array();

	for (size_t i = 0; i < page->count; i++)
		json_array_append_new(list, event_object(&page->events[i]));
	json_object_set_new(object, "events", list);
	json_object_set_new(object, "last", json_integer(page->last_id));
	json_object_set_new(object, "lost", json_integer(events_lost(asked->context->events)));
	json_object_set_new(object, "complete", json_boolean(page->complete));
	answer_object(&answer, object);
	request_answer(asked->request, &answer);
	free(asked);
}

void resource_events(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	const char *watch = request_query(request, "watch");
	struct event_query query = {.newest = true};
	struct sl_errors errors = {0};
	struct asked *asked;

	read_after(request_query(request, "after"), &query, &errors);
	read_since(request_query(request, "since"), &query, &errors);
	read_limit(request_query(request, "limit"), &query, &errors);
	read_kinds(request_query(request, "kind"), &query, &errors);
	if (errors.count) {
		answer_problem(answer, 400, "the question has errors", &errors);
		return;
	}
	if (watch && strcmp(watch, "0") != 0) {
		begin_now(context, request, &query);
		event_stream_begin(context, request, &query, answer);
		return;
	}
	asked = sl_calloc(1, sizeof(*asked));
	*asked = (struct asked){context, request};
	event_page_get(context, &query, on_page, asked);
}
