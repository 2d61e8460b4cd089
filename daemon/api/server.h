/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - HTTP on one listening socket, nested in the event loop.
 *
 * One request a connection. Limits: SERVER_CONNECTIONS at a time, 10 s for the head (gate.h), 10 s
 * for the body, 10 s for taking the answer, HEAD_MAX bytes of head, the route's bytes of body.
 */
#ifndef SLUICE_API_SERVER_H
#define SLUICE_API_SERVER_H

#include "api/access.h"
#include "api/route.h"

struct event_base;
struct server;
struct tls;
struct watches;

#define SERVER_CONNECTIONS 64

/* Takes the listening socket, on failure too. Borrows the rest; tls NULL: bytes as they are. */
int server_new(struct event_base *base, const struct api_context *context, struct access *access,
	       struct tls *tls, struct watches *watches, enum listener listener, int listen_fd,
	       struct server **ret_server, struct sl_errors *errors);
void server_free(struct server *server);

#endif
