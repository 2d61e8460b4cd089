/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/curl_loop.h"

#include "base/memory.h"

#include <event2/event.h>

#include <assert.h>
#include <stdlib.h>

struct curl_loop {
	struct event_base *base; /* borrowed */
	CURLM *multi;		 /* owned */
	struct event *timer;	 /* owned: libcurl's one time-out */
	curl_loop_done_fn *done;
};

static void tell_done(struct curl_loop *loop)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(loop->multi, easy);
		loop->done(easy, code);
	}
}

static void act(struct curl_loop *loop, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(loop->multi, fd, events, &running);
	tell_done(loop);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
	act(context, fd,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl wants this socket watched, otherwise than before, or no longer. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct curl_loop *loop = context;
	struct event *event = socket_context;
	short events = EV_PERSIST;

	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		events |= what & CURL_POLL_IN ? EV_READ : 0;
		events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
		event = event_new(loop->base, fd, events, on_socket, loop);
		if (!event || event_add(event, NULL))
			sl_out_of_memory();
	}
	curl_multi_assign(loop->multi, fd, event);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct curl_loop *loop = context;
	struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

	if (timeout_ms < 0)
		evtimer_del(loop->timer);
	else
		evtimer_add(loop->timer, &timeout);
	return 0;
}

struct curl_loop *curl_loop_new(struct event_base *base, curl_loop_done_fn *done)
{
	struct curl_loop *loop;

	/* Plain HTTP only: libcurl need not initialise TLS. */
	if (curl_global_init(CURL_GLOBAL_NOTHING))
		return NULL;
	loop = sl_calloc(1, sizeof(*loop));
	loop->base = base;
	loop->done = done;
	loop->multi = curl_multi_init();
	loop->timer = evtimer_new(base, on_timer, loop);
	if (!loop->multi || !loop->timer)
		sl_out_of_memory();
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return loop;
}

void curl_loop_free(struct curl_loop *loop)
{
	if (!loop)
		return;
	curl_multi_cleanup(loop->multi);
	event_free(loop->timer);
	curl_global_cleanup();
	free(loop);
}

void curl_loop_add(struct curl_loop *loop, CURL *easy)
{
	CURLMcode code = curl_multi_add_handle(loop->multi, easy);

	if (code == CURLM_OUT_OF_MEMORY)
		sl_out_of_memory();
	assert(code == CURLM_OK);
}

void curl_loop_remove(struct curl_loop *loop, CURL *easy)
{
	CURLMcode code = curl_multi_remove_handle(loop->multi, easy);

	assert(code == CURLM_OK);
	(void)code;
}
