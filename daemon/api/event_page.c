// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/event_page.h"

#include "api/time_text.h"
#include "base/memory.h"
#include "state/events.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

struct asked {
	struct event_page page; /* what the ring has */
	struct event_query query;
	event_page_fn *done;
	void *context;
};

static void finish(struct asked *asked)
{
	asked->done(asked->context, &asked->page);
	free(asked->page.events);
	free(asked);
}

/* Of two ascending lists one, each event once. Takes what is in `b` where both have it. */
static size_t merge(const struct event_record *a, size_t n_a, const struct event_record *b,
		    size_t n_b, struct event_record *ret)
{
	size_t i = 0, j = 0, count = 0;

	while (i < n_a || j < n_b) {
		bool is_both = i < n_a && j < n_b && a[i].id == b[j].id;

		i += is_both;
		if (j == n_b || (i < n_a && !is_both && a[i].id < b[j].id))
			ret[count++] = a[i++];
		else
			ret[count++] = b[j++];
	}
	return count;
}

static size_t limit_of(const struct event_query *query)
{
	return query->limit && query->limit < RECORD_PAGE_MAX ? query->limit : RECORD_PAGE_MAX;
}

/* The last or the first of them, as the query has it: each list has as many, so none is missing. */
static void add_stored(struct asked *asked, const struct store_answer *answer)
{
	struct event_page *page = &asked->page;
	size_t limit = limit_of(&asked->query), total;
	struct event_record *all = sl_calloc(page->count + answer->n_events, sizeof(*all));

	total = merge(answer->events, answer->n_events, page->events, page->count, all);
	if (total > limit && asked->query.newest)
		memmove(all, all + total - limit, limit * sizeof(*all));
	if (total >= limit) {
		total = limit;
		if (!asked->query.newest)
			page->last_id = all[total - 1].id;
	}
	free(page->events);
	page->events = all;
	page->count = total;
}

static void on_stored(void *context, struct store_answer *answer)
{
	struct asked *asked = context;

	asked->page.complete = answer->result == STORE_OK;
	if (asked->page.complete)
		add_stored(asked, answer);
	finish(asked);
}

void event_page_get(const struct api_context *context, const struct event_query *query,
		    event_page_fn *done, void *done_context)
{
	struct asked *asked = sl_calloc(1, sizeof(*asked));
	struct event_page *page = &asked->page;
	struct events_counts counts;
	bool gap;

	events_counts(context->events, &counts);
	asked->query = *query;
	asked->done = done;
	asked->context = done_context;
	page->events = sl_calloc(limit_of(query), sizeof(*page->events));
	page->count = events_recent(context->events, query, page->events, &gap);
	page->complete = true;
	page->last_id = counts.last_id > query->after_id ? counts.last_id : query->after_id;
	if (page->count == limit_of(query) && !query->newest)
		page->last_id = page->events[page->count - 1].id;
	if (query->newest && page->count == limit_of(query))
		gap = false; /* older ones are not asked for */
	if (gap && !store_events(context->store, query, on_stored, asked, NULL))
		return;
	page->complete = !gap;
	finish(asked);
}

json_t *event_object(const struct event_record *event)
{
	json_t *object =
		json_pack("{s:I, s:o, s:s, s:s, s:s}", "id", (json_int_t)event->id, "time",
			  time_text_exact(event->time_ms), "kind", event_kind_word(event->kind),
			  "object", event->object, "text", event->text);

	json_object_set_new(object, "generation", json_integer(event->generation));
	json_object_set_new(object, "actor", json_string(event->actor));
	json_object_set_new(object, "trace_id", json_string(event->trace));
	return object;
}
