/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/gate.h"

#include "api/head.h"
#include "api/problem.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection whose head has not arrived. */
struct visitor {
	TAILQ_ENTRY(visitor) link;
	struct gate *gate;   /* borrowed */
	struct event *event; /* owned, and so below */
	struct event *timer;
	int fd;
	struct sockaddr_storage from;
	socklen_t from_size;
};

struct gate {
	struct event_base *base; /* borrowed */
	struct event *event;	 /* owned */
	int fd;			 /* owned */
	unsigned limit;
	unsigned waiting;
	TAILQ_HEAD(visitors, visitor) visitors; /* owned; the longest waiting first */
	gate_wrap_fn *wrap;			/* NULL: nothing */
	gate_pass_fn *pass;
	gate_inside_fn *inside;
	void *context;
};

static void visitor_free(struct visitor *visitor)
{
	TAILQ_REMOVE(&visitor->gate->visitors, visitor, link);
	visitor->gate->waiting--;
	event_free(visitor->event);
	event_free(visitor->timer);
	if (visitor->fd >= 0)
		close(visitor->fd);
	free(visitor);
}

/* What came is read first: closing a TCP socket with unread data would take the answer back. */
static void refuse(int fd, const struct head_refusal *refusal)
{
	_cleanup_free_ char *body = sl_printf(
		"{\"type\":\"%s\",\"title\":\"%s\",\"status\":%u,\"errors\":[{\"where\":"
		"\"request\",\"what\":\"%s\"}]}\n",
		problem_type(refusal->status), refusal->why, refusal->status, refusal->why);
	_cleanup_free_ char *answer =
		sl_printf("HTTP/1.1 %u Refused\r\nContent-Type: application/problem+json\r\n"
			  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
			  refusal->status, strlen(body), body);
	char unread[HEAD_MAX];

	log_event(LOG_LEVEL_INFO, "request_refused", "a connection was refused: %s", refusal->why);
	while (recv(fd, unread, sizeof(unread), MSG_DONTWAIT) == sizeof(unread))
		;
	(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Bytes came, the other end hung up, or time is over; the timer's descriptor is -1. */
static void visitor_look(evutil_socket_t unused, short what, void *argument)
{
	struct visitor *visitor = argument;
	struct gate *gate = visitor->gate;
	int fd = visitor->fd;
	struct head_refusal refusal = {408, "the head did not arrive in 10 s"};
	char bytes[HEAD_MAX];
	ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	enum head_result result = HEAD_INCOMPLETE;
	struct sockaddr_storage from;
	socklen_t from_size;

	if (size > 0)
		result = head_check(bytes, size, &refusal);
	if (result == HEAD_INCOMPLETE && !(what & (EV_TIMEOUT | EV_CLOSED)) &&
	    (size > 0 || (size < 0 && errno == EAGAIN)))
		return;
	if (result == HEAD_GOOD)
		visitor->fd = -1;
	else if (size > 0)
		refuse(fd, &refusal);
	from = visitor->from;
	from_size = visitor->from_size;
	visitor_free(visitor);
	if (result == HEAD_GOOD)
		gate->pass(gate->context, fd, (struct sockaddr *)&from, from_size);
}

/* Edge-triggered: bytes that were looked at stay readable and would wake the loop for ever. */
static void visitor_new(struct gate *gate, int fd, const struct sockaddr_storage *from,
			socklen_t from_size)
{
	const struct timeval limit = {.tv_sec = GATE_TIMEOUT_S};
	struct visitor *visitor = sl_calloc(1, sizeof(*visitor));

	visitor->gate = gate;
	visitor->fd = fd;
	visitor->from = *from;
	visitor->from_size = from_size;
	visitor->event = event_new(gate->base, fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST,
				   visitor_look, visitor);
	visitor->timer = evtimer_new(gate->base, visitor_look, visitor);
	TAILQ_INSERT_TAIL(&gate->visitors, visitor, link);
	gate->waiting++;
	if (!visitor->event || !visitor->timer || event_add(visitor->event, NULL) ||
	    evtimer_add(visitor->timer, &limit))
		sl_out_of_memory();
}

static const struct head_refusal full = {503, "too many connections"};

/* Whoever says nothing gives way to whoever comes; one that has something to say does so at once. */
static bool make_room(struct gate *gate)
{
	struct visitor *longest = TAILQ_FIRST(&gate->visitors);

	if (gate->waiting + gate->inside(gate->context) < gate->limit)
		return true;
	if (!longest)
		return false;
	refuse(longest->fd, &full);
	visitor_free(longest);
	return true;
}

static void gate_accept(evutil_socket_t listen_fd, short what, void *argument)
{
	struct gate *gate = argument;
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof(from);
	int fd = accept4(listen_fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && gate->wrap)
		fd = gate->wrap(gate->context, fd, (struct sockaddr *)&from);
	if (fd < 0)
		return;
	if (make_room(gate)) {
		visitor_new(gate, fd, &from, size);
		return;
	}
	refuse(fd, &full);
	close(fd);
}

struct gate *gate_new(struct event_base *base, int listen_fd, unsigned limit, gate_wrap_fn *wrap,
		      gate_pass_fn *pass, gate_inside_fn *inside, void *context)
{
	struct gate *gate = sl_calloc(1, sizeof(*gate));

	*gate = (struct gate){
		.base = base,
		.fd = listen_fd,
		.limit = limit,
		.wrap = wrap,
		.pass = pass,
		.inside = inside,
		.context = context,
	};
	TAILQ_INIT(&gate->visitors);
	gate->event = event_new(base, listen_fd, EV_READ | EV_PERSIST, gate_accept, gate);
	if (!gate->event || event_add(gate->event, NULL))
		sl_out_of_memory();
	return gate;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	while (!TAILQ_EMPTY(&gate->visitors))
		visitor_free(TAILQ_FIRST(&gate->visitors));
	event_free(gate->event);
	close(gate->fd);
	free(gate);
}
