/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp.c - the probe that connects and resets. It sees whether the backend's kernel accepts; a process
 * that is stopped still passes while its backlog has room.
 */
#include "health/probe.h"

#include "base/memory.h"

#include <event2/event.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct tcp_probe {
	struct probe_request request;
	struct event *event; /* owned: the connection is made or refused */
	int fd;		     /* owned; negative: none */
	int error;	     /* met before there was anything to wait for */
};

static void tcp_cancel(void *context)
{
	struct tcp_probe *probe = context;

	event_free(probe->event);
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe);
}

static int connect_error(const struct tcp_probe *probe)
{
	int error = probe->error;
	socklen_t length = sizeof(error);

	if (!error && getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &length))
		error = errno;
	return error;
}

static void tcp_answered(evutil_socket_t fd, short what, void *context)
{
	struct tcp_probe *probe = context;
	struct probe_request request = probe->request;
	struct probe_result result = {.outcome = PROBE_SUCCESS, .text = "connected"};
	int error = connect_error(probe);

	tcp_cancel(probe);
	if (error)
		probe_result_of_errno(error, &result);
	request.done(request.context, &result);
}

/* Returns 0 also while the connection is on its way. */
static int tcp_connect(struct tcp_probe *probe)
{
	struct sockaddr_storage to;
	socklen_t length = probe_sockaddr(probe->request.address, probe->request.check->port, &to);

	probe->fd = probe_socket(to.ss_family);
	if (probe->fd < 0)
		return -probe->fd;
	if (connect(probe->fd, (struct sockaddr *)&to, length) && errno != EINPROGRESS)
		return errno;
	return 0;
}

static void *tcp_start(struct event_base *base, void *shared, const struct probe_request *request)
{
	struct tcp_probe *probe = sl_calloc(1, sizeof(*probe));

	probe->request = *request;
	probe->error = tcp_connect(probe);
	probe->event = event_new(base, probe->fd, EV_WRITE, tcp_answered, probe);
	if (!probe->event)
		sl_out_of_memory();
	if (probe->error)
		event_active(probe->event, EV_WRITE, 0);
	else
		event_add(probe->event, NULL);
	return probe;
}

const struct probe_kind probe_tcp = {.start = tcp_start, .cancel = tcp_cancel};
