/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_page.h - events as they are asked for, from wherever they are: the ring of this run, and the
 * store behind it, each once and in order.
 */
#ifndef SLUICE_API_EVENT_PAGE_H
#define SLUICE_API_EVENT_PAGE_H

#include "api/request.h"
#include "state/record.h"

struct event_page {
	struct event_record *events; /* owned */
	size_t count;
	bool complete;	  /* false: the store doesn't answer, and may have more */
	uint64_t last_id; /* nothing up to here is missing, but what a limit left out */
};

/* May empty the page. */
typedef void event_page_fn(void *context, struct event_page *page);

/* `done` is called once, maybe from within, at the latest from within store_free(). */
void event_page_get(const struct api_context *context, const struct event_query *query,
		    event_page_fn *done, void *done_context);

/* An event as the API shows it. */
json_t *event_object(const struct event_record *event);

#endif
