/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate.h - accepts connections and lets in those whose request has a good head (head.h).
 *
 * The head is only looked at (MSG_PEEK), so that the HTTP library reads it again from the socket.
 * That checks one request a connection; the server closes after each answer. A head has
 * GATE_TIMEOUT_S to arrive. Beyond the limit the one that has waited longest for its
 * head gives way; if all have passed, the new one is told so and closed.
 */
#ifndef SLUICE_API_GATE_H
#define SLUICE_API_GATE_H

#include <sys/socket.h>

struct event_base;
struct gate;

#define GATE_TIMEOUT_S 10

/* Takes the descriptor. `from` is the address as accept(2) said it. */
typedef void gate_pass_fn(void *context, int fd, const struct sockaddr *from, socklen_t size);
/*
 * Puts something between, such as TLS: takes the descriptor and returns the one to go on with, or -1.
 */
typedef int gate_wrap_fn(void *context, int fd, const struct sockaddr *from);
/* How many connections that passed are still there. */
typedef unsigned gate_inside_fn(void *context);

/* Takes the listening socket. Never NULL. `wrap` may be NULL. */
struct gate *gate_new(struct event_base *base, int listen_fd, unsigned limit, gate_wrap_fn *wrap,
		      gate_pass_fn *pass, gate_inside_fn *inside, void *context);
void gate_free(struct gate *gate);

#endif
