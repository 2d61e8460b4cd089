// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/event_stream.h"

#include "api/event_page.h"
#include "base/clock.h"
#include "base/memory.h"
#include "state/events.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096 /* bytes that the library is given room for at least */
#define PAGE  64   /* events at once */

struct event_streams {
	struct event_base *base; /* borrowed */
	struct event_stream *first;
	size_t count;
	bool ended;
};

struct event_stream {
	const struct api_context *context;
	const struct request *request; /* borrowed: stays until the stream is freed */
	struct event_streams *all;     /* NULL: they are gone */
	struct event_stream *next;
	struct event_subscriber *subscriber;
	struct event *wake, *heartbeat; /* owned */
	uint64_t begun_ns;
	struct event_query query; /* after_id: what was sent last */
	char *text;		  /* owned: what is to be sent next; NULL: nothing */
	size_t size, sent;	  /* of it */
	bool suspended;		  /* the library waits for request_resume() */
	bool asking;		  /* the store */
	bool over;		  /* the client is gone, while the store is asked */
	bool ended;		  /* it is to come again */
	bool beats;		  /* a heartbeat is due */
	bool idle;		  /* nothing has come since the last question */
	bool incomplete;
};

/* ---- what is sent ---------------------------------------------------------------------------------- */

/* Takes the object. */
static void add_line(struct event_stream *stream, json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT);
	size_t size = line ? strlen(line) : 0;

	if (!line)
		sl_out_of_memory();
	stream->text = sl_realloc_array(stream->text, stream->size + size + 1, 1);
	memcpy(stream->text + stream->size, line, size);
	stream->size += size;
	stream->text[stream->size++] = '\n';
	free(line);
	json_decref(object);
}

static void add_heartbeat(struct event_stream *stream)
{
	stream->beats = false;
	add_line(stream, json_pack("{s:b, s:I, s:I, s:b}", "heartbeat", 1, "last",
				   (json_int_t)stream->query.after_id, "lost",
				   (json_int_t)events_lost(stream->context->events), "complete",
				   !stream->incomplete));
	stream->incomplete = false;
}

/* Not from within the library or an event: whoever tells it is in the middle of something. */
static void wake_soon(struct event_stream *stream)
{
	static const struct timeval now;

	if (stream->suspended && !evtimer_pending(stream->wake, NULL))
		evtimer_add(stream->wake, &now);
}

static void stream_free(struct event_stream *stream)
{
	event_free(stream->wake);
	event_free(stream->heartbeat);
	free(stream->text);
	free(stream);
}

static void on_page(void *context, struct event_page *page)
{
	struct event_stream *stream = context;
	struct events_counts counts;

	stream->asking = false;
	if (stream->over) {
		stream_free(stream);
		return;
	}
	for (size_t i = 0; i < page->count; i++)
		add_line(stream, event_object(&page->events[i]));
	events_counts(stream->context->events, &counts);
	stream->idle = !page->count && page->last_id >= counts.last_id;
	stream->query.after_id = page->last_id;
	if (!page->complete)
		stream->incomplete = stream->beats = true;
	wake_soon(stream);
}

static void fill(struct event_stream *stream)
{
	stream->size = stream->sent = 0;
	stream->asking = true;
	event_page_get(stream->context, &stream->query, on_page, stream);
	if (!stream->asking && stream->beats)
		add_heartbeat(stream);
}

/* ---- the library's side ---------------------------------------------------------------------------- */

static ssize_t on_read(void *context, uint64_t position, char *buffer, size_t room)
{
	struct event_stream *stream = context;
	size_t left;

	if (!stream->all || stream->all->ended || stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->sent == stream->size && !stream->asking && (!stream->idle || stream->beats))
		fill(stream);
	left = stream->asking ? 0 : stream->size - stream->sent;
	if (!left) {
		stream->suspended = true;
		MHD_suspend_connection(stream->request->connection);
		return 0;
	}
	if (left > room)
		left = room;
	memcpy(buffer, stream->text + stream->sent, left);
	stream->sent += left;
	return left;
}

static void resume(struct event_stream *stream)
{
	stream->suspended = false;
	request_resume(stream->request);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct event_stream *stream = context;

	if (stream->suspended)
		resume(stream);
}

/* Whom a token let in: he shows it again from time to time. */
static bool is_tcp(const struct request *request)
{
	return request->uid == (uid_t)-1;
}

static void on_heartbeat(evutil_socket_t fd, short what, void *context)
{
	struct event_stream *stream = context;

	stream->beats = true;
	if (is_tcp(stream->request) &&
	    clock_now_ns() - stream->begun_ns >= EVENT_STREAM_LIFE_S * NS_PER_S)
		stream->ended = true;
	wake_soon(stream);
}

static void on_event(void *context, const struct event_record *event)
{
	struct event_stream *stream = context;

	stream->idle = false;
	wake_soon(stream);
}

/* ---- beginning and end ----------------------------------------------------------------------------- */

static void on_free(void *context)
{
	struct event_stream *stream = context;
	struct event_stream **at = stream->all ? &stream->all->first : NULL;

	while (at && *at != stream)
		at = &(*at)->next;
	if (at) {
		*at = stream->next;
		stream->all->count--;
	}
	events_unsubscribe(stream->context->events, stream->subscriber);
	stream->over = true;
	evtimer_del(stream->wake);
	evtimer_del(stream->heartbeat);
	if (!stream->asking)
		stream_free(stream);
}

static struct event_stream *stream_new(const struct api_context *context,
				       const struct request *request,
				       const struct event_query *query)
{
	static const struct timeval pause = {.tv_sec = EVENT_STREAM_HEARTBEAT_S};
	struct event_stream *stream = sl_calloc(1, sizeof(*stream));
	struct event_streams *all = context->event_streams;

	stream->context = context;
	stream->request = request;
	stream->query = *query;
	stream->query.newest = false;
	stream->query.limit = PAGE;
	stream->begun_ns = clock_now_ns();
	stream->beats = true;
	stream->subscriber = events_subscribe(context->events, on_event, stream);
	stream->wake = evtimer_new(all->base, on_wake, stream);
	stream->heartbeat = event_new(all->base, -1, EV_PERSIST, on_heartbeat, stream);
	if (!stream->wake || !stream->heartbeat || event_add(stream->heartbeat, &pause))
		sl_out_of_memory();
	stream->all = all;
	stream->next = all->first;
	all->first = stream;
	all->count++;
	return stream;
}

/* Root finds a place as long as there is one: the others can't take all. */
static bool has_room(const struct event_streams *all, const struct request *request,
		     struct sl_errors *errors)
{
	unsigned own = 0;

	for (const struct event_stream *stream = all->first; stream; stream = stream->next)
		own += !strcmp(stream->request->actor, request->actor);
	if (all->ended || all->count >= EVENT_STREAMS_MAX)
		sl_fail(errors, 0, "watch", "%d watch already: end one of them", EVENT_STREAMS_MAX);
	else if (own >= EVENT_STREAMS_EACH && request->uid)
		sl_fail(errors, 0, request->actor, "watches %u times already, as often as one may",
			own);
	return !errors->count;
}

void event_stream_begin(const struct api_context *context, const struct request *request,
			const struct event_query *query, struct answer *answer)
{
	struct sl_errors errors = {0};
	struct event_stream *stream;

	if (!has_room(context->event_streams, request, &errors)) {
		answer_problem(answer, 503, "too many watch", &errors);
		return;
	}
	stream = stream_new(context, request, query);
	answer->status = 200;
	answer->type = "application/jsonl";
	answer->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, stream,
							   on_free);
	if (!answer->stream)
		sl_out_of_memory();
}

struct event_streams *event_streams_new(struct event_base *base)
{
	struct event_streams *streams = sl_calloc(1, sizeof(*streams));

	streams->base = base;
	return streams;
}

void event_streams_end(struct event_streams *streams)
{
	struct event_stream *next;

	streams->ended = true;
	for (struct event_stream *stream = streams->first; stream; stream = next) {
		next = stream->next; /* it may go with the rest of its answer */
		if (stream->suspended)
			resume(stream);
	}
}

void event_streams_drop_tcp(struct event_streams *streams)
{
	for (struct event_stream *stream = streams->first; stream; stream = stream->next) {
		stream->ended |= is_tcp(stream->request);
		if (stream->ended)
			wake_soon(stream);
	}
}

void event_streams_free(struct event_streams *streams)
{
	if (!streams)
		return;
	for (struct event_stream *stream = streams->first; stream; stream = stream->next)
		stream->all = NULL;
	free(streams);
}
