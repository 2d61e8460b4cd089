/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health_server.h - a server on loopback that behaves as badly as told, in the test's own loop.
 */
#ifndef SLUICE_TESTS_HEALTH_SERVER_H
#define SLUICE_TESTS_HEALTH_SERVER_H

#include <event2/event.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum manner {
	ANSWER,	 /* sends `answer`, then closes */
	ENDLESS, /* sends `answer`, then a body without end */
	SILENT,	 /* closes without an answer */
	HANG,	 /* the kernel accepts, nobody answers */
	REFUSE,	 /* the port is bound, nobody listens */
};

struct server {
	struct event_base *base; /* borrowed */
	struct event *event;	 /* owned; accepts */
	int fd;			 /* owned */
	uint16_t port;
	enum manner manner;
	const char *answer;
	unsigned requests;
	char request[1024]; /* the last one */
};

struct visit {
	struct server *server;
	struct event *event;
	int fd;
};

static inline void visit_end(struct visit *visit)
{
	event_free(visit->event);
	close(visit->fd);
	free(visit);
}

static inline void visit_flood(evutil_socket_t fd, short what, void *context)
{
	static const char body[16384];

	if (send(fd, body, sizeof(body), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		visit_end(context);
}

static inline void visit_read(evutil_socket_t fd, short what, void *context)
{
	struct visit *visit = context;
	struct server *server = visit->server;
	ssize_t length = recv(fd, server->request, sizeof(server->request) - 1, 0);

	if (length > 0) {
		server->request[length] = '\0';
		server->requests++;
		if (server->manner != SILENT)
			(void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	}
	if (length <= 0 || server->manner != ENDLESS) {
		visit_end(visit);
		return;
	}
	event_free(visit->event);
	visit->event = event_new(server->base, fd, EV_WRITE | EV_PERSIST, visit_flood, visit);
	event_add(visit->event, NULL);
}

static inline void server_accept(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;
	struct visit *visit = calloc(1, sizeof(*visit));

	visit->server = server;
	visit->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	visit->event = event_new(server->base, visit->fd, EV_READ | EV_PERSIST, visit_read, visit);
	event_add(visit->event, NULL);
}

/* On every address of the host, both families. */
static inline void server_start(struct server *server, struct event_base *base, enum manner manner,
				const char *answer)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	socklen_t length = sizeof(any);

	*server = (struct server){.base = base, .manner = manner, .answer = answer};
	server->fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(server->fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (manner != REFUSE && listen(server->fd, 1024)) ||
	    getsockname(server->fd, (struct sockaddr *)&any, &length))
		abort();
	server->port = ntohs(any.sin6_port);
	server->event = event_new(base, server->fd, EV_READ | EV_PERSIST, server_accept, server);
	if (manner != REFUSE && manner != HANG)
		event_add(server->event, NULL);
}

static inline void server_stop(struct server *server)
{
	event_free(server->event);
	close(server->fd);
}

#endif
