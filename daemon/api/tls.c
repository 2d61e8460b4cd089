/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/tls.h"

#include "api/credentials.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITY    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define RECORD	    16384
#define SEND_BUFFER (64 << 10) /* bytes; the kernel doubles it for what it adds */

struct tls {
	struct event_base *base;	 /* borrowed */
	gnutls_priority_t priority;	 /* owned, and so below */
	struct credentials *credentials; /* NULL: none yet */
	TAILQ_HEAD(bridges, bridge) bridges;
	unsigned count;
};

struct half {
	char bytes[RECORD];
	size_t begin, end; /* of what is not delivered yet */
	bool over;	   /* nothing more comes in */
};

struct bridge {
	TAILQ_ENTRY(bridge) link;
	struct tls *tls;		 /* borrowed */
	struct credentials *credentials; /* a share */
	gnutls_session_t session;	 /* owned, and so below */
	struct event *outer_reads, *outer_writes, *inner_reads, *inner_writes;
	struct event *timer;
	int outer, inner;
	bool shaken;
	struct half up;	  /* from the client */
	struct half down; /* to it */
};

int tls_set_certificate(struct tls *tls, const char *chain_name, const void *chain,
			size_t chain_size, const char *key_name, const void *key, size_t key_size,
			struct sl_errors *errors)
{
	const gnutls_datum_t chain_datum = {(unsigned char *)chain, chain_size};
	const gnutls_datum_t key_datum = {(unsigned char *)key, key_size};
	struct credentials *credentials;
	int err = credentials_new(chain_name, &chain_datum, key_name, &key_datum, &credentials,
				  errors);

	if (err)
		return err;
	credentials_unref(tls->credentials);
	tls->credentials = credentials;
	return 0;
}

bool tls_is_for(const struct tls *tls, const char *host)
{
	return tls->credentials && gnutls_x509_crt_check_hostname(tls->credentials->own, host);
}

/* ---- one connection -------------------------------------------------------------------------------- */

static void event_freep(struct event *event)
{
	if (event)
		event_free(event);
}

static void bridge_free(struct bridge *bridge)
{
	TAILQ_REMOVE(&bridge->tls->bridges, bridge, link);
	bridge->tls->count--;
	event_freep(bridge->outer_reads);
	event_freep(bridge->outer_writes);
	event_freep(bridge->inner_reads);
	event_freep(bridge->inner_writes);
	event_freep(bridge->timer);
	gnutls_deinit(bridge->session);
	close(bridge->outer);
	if (bridge->inner >= 0)
		close(bridge->inner);
	credentials_unref(bridge->credentials);
	free(bridge);
}

enum progress { MOVED, WAITS, FAILED };

static bool is_again(ssize_t code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

static enum progress shake(struct bridge *bridge)
{
	int code;

	do
		code = gnutls_handshake(bridge->session);
	while (code < 0 && !is_again(code) && !gnutls_error_is_fatal(code));
	if (is_again(code))
		return WAITS;
	if (code < 0) {
		log_event(LOG_LEVEL_INFO, "tls_refused", "a connection's TLS did not begin: %s",
			  gnutls_strerror(code));
		gnutls_alert_send_appropriate(bridge->session, code);
		return FAILED;
	}
	bridge->shaken = true;
	return MOVED;
}

/* From the client into `up`. An end without a good-bye is an end all the same: HTTP knows its lengths. */
static enum progress take_up(struct bridge *bridge)
{
	struct half *up = &bridge->up;
	ssize_t size;

	if (up->over || up->begin < up->end)
		return WAITS;
	size = gnutls_record_recv(bridge->session, up->bytes, sizeof(up->bytes));
	if (is_again(size))
		return WAITS;
	up->over = size <= 0;
	up->begin = 0;
	up->end = size > 0 ? size : 0;
	return MOVED;
}

static enum progress give_up(struct bridge *bridge)
{
	struct half *up = &bridge->up;
	ssize_t size;

	if (bridge->inner < 0)
		return WAITS;
	if (up->begin == up->end) {
		if (up->over && !bridge->down.over)
			shutdown(bridge->inner, SHUT_WR);
		return WAITS;
	}
	size = send(bridge->inner, up->bytes + up->begin, up->end - up->begin,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN)
		return WAITS;
	/* Nobody reads there any more; what was answered is still to be delivered. */
	up->over |= size < 0;
	up->begin = size < 0 ? up->end : up->begin + size;
	return MOVED;
}

static enum progress take_down(struct bridge *bridge)
{
	struct half *down = &bridge->down;
	ssize_t size;

	if (down->over || down->begin < down->end)
		return WAITS;
	size = recv(bridge->inner, down->bytes, sizeof(down->bytes), MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN)
		return WAITS;
	down->over = size <= 0;
	down->begin = 0;
	down->end = size > 0 ? size : 0;
	return MOVED;
}

/* A record that did not go out whole is asked for again with the same bytes, as the library wants it. */
static enum progress give_down(struct bridge *bridge)
{
	struct half *down = &bridge->down;
	ssize_t size;

	if (down->begin == down->end)
		return WAITS;
	size = gnutls_record_send(bridge->session, down->bytes + down->begin,
				  down->end - down->begin);
	if (is_again(size))
		return WAITS;
	if (size < 0)
		return FAILED;
	down->begin += size;
	return MOVED;
}

static void want(struct event *event, bool wanted)
{
	if (wanted ? event_add(event, NULL) : event_del(event))
		sl_out_of_memory();
}

/* Who takes nothing of what is ready for him is not waited for longer than for an answer. */
static void limit_stall(struct bridge *bridge, bool stalls)
{
	const struct timeval limit = {.tv_sec = TLS_STALL_S};

	if (!stalls)
		evtimer_del(bridge->timer);
	else if (!evtimer_pending(bridge->timer, NULL) && evtimer_add(bridge->timer, &limit))
		sl_out_of_memory();
}

/* What each side waits for, and no more: a side that is not asked does not wake the loop. */
static void watch(struct bridge *bridge)
{
	bool writes = gnutls_record_get_direction(bridge->session);
	const struct half *up = &bridge->up, *down = &bridge->down;

	if (bridge->inner < 0) {
		want(bridge->outer_reads, true);
		want(bridge->outer_writes, false);
		return;
	}
	if (!bridge->shaken) {
		want(bridge->outer_reads, !writes);
		want(bridge->outer_writes, writes);
		want(bridge->inner_reads, true); /* to see it close */
		return;
	}
	want(bridge->outer_reads, !up->over && up->begin == up->end);
	want(bridge->outer_writes, down->begin < down->end);
	limit_stall(bridge, down->begin < down->end);
	want(bridge->inner_reads, !down->over && down->begin == down->end);
	want(bridge->inner_writes, up->begin < up->end);
}

/* The answer is out: say good-bye, and let the client be the first to close. */
static void begin_end(struct bridge *bridge)
{
	const struct timeval limit = {.tv_sec = TLS_LINGER_S};

	event_free(steal(&bridge->inner_reads));
	event_free(steal(&bridge->inner_writes));
	close(sl_steal_fd(&bridge->inner));
	gnutls_bye(bridge->session, GNUTLS_SHUT_WR);
	shutdown(bridge->outer, SHUT_WR);
	if (evtimer_add(bridge->timer, &limit))
		sl_out_of_memory();
}

/* What the client still sends is read and forgotten, or closing would take the answer back. */
static void drain(struct bridge *bridge)
{
	char bytes[RECORD];
	ssize_t size;

	do
		size = recv(bridge->outer, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (size > 0);
	if (!size || errno != EAGAIN)
		bridge_free(bridge);
}

static bool inner_is_gone(const struct bridge *bridge)
{
	char byte;

	return !recv(bridge->inner, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* MOVED until no side can go on: the library may hold bytes that no descriptor tells of. */
static enum progress step_all(struct bridge *bridge)
{
	static enum progress (*const steps[])(struct bridge *) = {take_up, give_up, take_down,
								  give_down};
	enum progress all = WAITS;

	for (size_t i = 0; i < sl_count(steps); i++) {
		enum progress one = steps[i](bridge);

		if (one == FAILED)
			return FAILED;
		if (one == MOVED)
			all = MOVED;
	}
	return all;
}

static void pump(struct bridge *bridge)
{
	enum progress progress = MOVED;

	if (!bridge->shaken) {
		progress = inner_is_gone(bridge) ? FAILED : shake(bridge);
		if (progress == WAITS)
			watch(bridge);
	}
	while (progress == MOVED)
		progress = step_all(bridge);
	if (progress == FAILED) {
		bridge_free(bridge);
		return;
	}
	if (bridge->down.over && bridge->down.begin == bridge->down.end)
		begin_end(bridge);
	watch(bridge);
}

static void on_event(evutil_socket_t fd, short what, void *argument)
{
	struct bridge *bridge = argument;

	if (bridge->inner < 0)
		drain(bridge);
	else
		pump(bridge);
}

static void on_time_over(evutil_socket_t fd, short what, void *argument)
{
	bridge_free(argument);
}

static struct event *event_on(struct bridge *bridge, int fd, short what)
{
	struct event *event = event_new(bridge->tls->base, fd, what | EV_PERSIST, on_event, bridge);

	if (!event)
		sl_out_of_memory();
	return event;
}

static void begin_session(struct bridge *bridge)
{
	if (gnutls_init(&bridge->session,
			GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) ||
	    gnutls_priority_set(bridge->session, bridge->tls->priority) ||
	    gnutls_credentials_set(bridge->session, GNUTLS_CRD_CERTIFICATE,
				   bridge->credentials->pair))
		sl_out_of_memory();
	/* The gate's time for the head is the handshake's too. */
	gnutls_handshake_set_timeout(bridge->session, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_int(bridge->session, bridge->outer);
}

/* Whoever has his answer gives way to whoever comes. */
static bool has_room(struct tls *tls)
{
	struct bridge *bridge;

	if (tls->count < TLS_MAX)
		return true;
	TAILQ_FOREACH(bridge, &tls->bridges, link)
	{
		if (bridge->inner >= 0)
			continue;
		bridge_free(bridge);
		return true;
	}
	return false;
}

int tls_accept(struct tls *tls, int fd)
{
	struct bridge *bridge;
	int pair[2], one = 1, most = SEND_BUFFER;

	/* Flights of a handshake are several writes: they wait for no acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* The kernel's own limit is megabytes, of each. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	if (!tls->credentials || !has_room(tls) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
		close(fd);
		return -1;
	}
	bridge = sl_calloc(1, sizeof(*bridge));
	bridge->tls = tls;
	bridge->credentials = credentials_ref(tls->credentials);
	bridge->outer = fd;
	bridge->inner = pair[0];
	TAILQ_INSERT_TAIL(&tls->bridges, bridge, link);
	tls->count++;
	begin_session(bridge);
	bridge->outer_reads = event_on(bridge, fd, EV_READ);
	bridge->outer_writes = event_on(bridge, fd, EV_WRITE);
	bridge->inner_reads = event_on(bridge, pair[0], EV_READ);
	bridge->inner_writes = event_on(bridge, pair[0], EV_WRITE);
	bridge->timer = evtimer_new(tls->base, on_time_over, bridge);
	if (!bridge->timer)
		sl_out_of_memory();
	watch(bridge);
	return pair[1];
}

/* ---- all of them ----------------------------------------------------------------------------------- */

struct tls *tls_new(struct event_base *base)
{
	struct tls *tls = sl_calloc(1, sizeof(*tls));

	tls->base = base;
	TAILQ_INIT(&tls->bridges);
	if (gnutls_priority_init(&tls->priority, PRIORITY, NULL))
		sl_out_of_memory();
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	while (!TAILQ_EMPTY(&tls->bridges))
		bridge_free(TAILQ_FIRST(&tls->bridges));
	credentials_unref(tls->credentials);
	gnutls_priority_deinit(tls->priority);
	free(tls);
}
