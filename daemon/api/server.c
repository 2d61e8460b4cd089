/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/server.h"

#include "api/gate.h"
#include "api/match.h"
#include "api/tls.h"
#include "api/trace.h"
#include "api/watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S	  10
#define CONNECTION_MEMORY (32u << 10) /* of the library: head, parsed head, answer's head */

struct server {
	struct event_base *base;	   /* borrowed */
	const struct api_context *context; /* borrowed */
	struct access *access;		   /* borrowed */
	struct watches *watches;	   /* borrowed */
	struct tls *tls;		   /* borrowed; NULL: none */
	enum listener listener;
	struct gate *gate; /* owned, and so below */
	struct MHD_Daemon *http;
	struct event *readable; /* the library's epoll descriptor */
	struct event *timer;	/* the library's time-outs */
};

/* What is kept of a request until it is complete. */
struct exchange {
	struct request request; /* first: a resource that answers later keeps its address */
	struct server *server;	/* borrowed */
	struct answer answer;	/* filled once there is one */
	bool suspended;
	const struct route *route; /* NULL: it has been refused */
	const char *method, *path; /* borrowed from the library */
	struct event *deadline;	   /* owned */
	uint64_t begun_us;
	struct caller caller;
	struct trace trace;
	struct watcher *watcher; /* owned; NULL: an answer, and that is all */
	bool too_large;
};

const char *request_query(const struct request *request, const char *name)
{
	const char *value;

	/* A parameter without "=" is there, but its value is NULL. */
	if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
					  strlen(name), &value, NULL) == MHD_NO)
		return NULL;
	return value ? value : "";
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- one request ----------------------------------------------------------------------------------- */

static int connection_fd(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* The library's own time-out begins anew with each byte; this one doesn't. */
static void exchange_expired(evutil_socket_t fd, short what, void *argument)
{
	struct exchange *exchange = argument;

	shutdown(connection_fd(exchange->request.connection), SHUT_RDWR);
}

static void restart_deadline(struct exchange *exchange)
{
	const struct timeval limit = {.tv_sec = TIMEOUT_S};

	if (evtimer_add(exchange->deadline, &limit))
		sl_out_of_memory();
}

static struct exchange *exchange_new(struct server *server, struct MHD_Connection *connection)
{
	struct exchange *exchange = sl_calloc(1, sizeof(*exchange));

	exchange->request.connection = connection;
	exchange->begun_us = clock_fine_us();
	exchange->server = server;
	trace_begin(request_header(&exchange->request, "traceparent"), &exchange->trace);
	exchange->request.trace_id = exchange->trace.id;
	exchange->request.actor = exchange->caller.name;
	exchange->deadline = evtimer_new(server->base, exchange_expired, exchange);
	if (!exchange->deadline)
		sl_out_of_memory();
	restart_deadline(exchange);
	return exchange;
}

static void exchange_completed(void *context, struct MHD_Connection *connection, void **argument,
			       enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *argument;

	if (!exchange)
		return;
	watcher_free(exchange->watcher);
	event_free(exchange->deadline);
	free(exchange->request.body);
	free(exchange->answer.text);
	free(exchange);
	*argument = NULL;
}

static void count(const struct exchange *exchange, unsigned status)
{
	const struct api_context *context = exchange->server->context;
	size_t place =
		exchange->route ? (size_t)(exchange->route - route_table) : context->n_requests - 1;

	context->requests[place].answers[status / 100 % 6]++;
	histogram_add(&context->requests[place].duration, clock_fine_us() - exchange->begun_us);
}

/* A refusal is worth a line, the rest is for those who look into something. */
static void log_answer(const struct exchange *exchange, unsigned status)
{
	if (status >= 500)
		log_event(LOG_LEVEL_WARNING, "request_failed", "%s %s: %u", exchange->method,
			  exchange->path, status);
	else if (status >= 400)
		log_event(LOG_LEVEL_INFO, "request_refused", "%s %s: %u", exchange->method,
			  exchange->path, status);
	else
		log_event(LOG_LEVEL_DEBUG, "request", "%s %s: %u", exchange->method, exchange->path,
			  status);
}

static void add_headers(const struct exchange *exchange, struct MHD_Response *response,
			const struct answer *answer)
{
	char tag[32], parent[TRACE_PARENT_SIZE];

	MHD_add_response_header(response, "Content-Type", answer->type);
	MHD_add_response_header(response, "Connection", "close");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "traceparent", trace_format(&exchange->trace, parent));
	if (answer->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (answer->status != 200)
		return;
	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)answer->generation);
	MHD_add_response_header(response, "ETag", tag);
}

/* Drops the response. */
static enum MHD_Result send_response(struct exchange *exchange, struct MHD_Response *response,
				     const struct answer *answer)
{
	enum MHD_Result result;

	add_headers(exchange, response, answer);
	count(exchange, answer->status);
	log_answer(exchange, answer->status);
	result = MHD_queue_response(exchange->request.connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *make_response(struct answer *answer)
{
	size_t size;

	if (answer->stream)
		return steal(&answer->stream);
	size = strlen(answer->text);
	return MHD_create_response_from_buffer(size, steal(&answer->text), MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_answer(struct exchange *exchange, struct answer *answer,
				   const char *allow, unsigned retry_after_s)
{
	bool is_stream = !!answer->stream;
	struct MHD_Response *response = make_response(answer);
	char seconds[16];

	if (!response)
		sl_out_of_memory();
	if (allow && allow[0])
		MHD_add_response_header(response, "Allow", allow);
	snprintf(seconds, sizeof(seconds), "%u", retry_after_s);
	if (retry_after_s)
		MHD_add_response_header(response, "Retry-After", seconds);
	if (is_stream)
		evtimer_del(exchange->deadline); /* a reader that sleeps meets the library's */
	else
		restart_deadline(exchange);
	return send_response(exchange, response, answer);
}

static enum MHD_Result send_problem(struct exchange *exchange, unsigned status, const char *title,
				    const char *allow)
{
	struct answer answer = {0};

	exchange->route = NULL;
	answer_problem(&answer, status, title, NULL);
	return send_answer(exchange, &answer, allow, 0);
}

static const char *too_large(const struct exchange *exchange)
{
	return exchange->route->body_max ? "the body is too large" : "a body where none belongs";
}

/* Of what isn't there one learns who may look. */
static bool is_admitted(struct server *server, struct exchange *exchange, const struct route *route,
			enum MHD_Result *ret_sent)
{
	struct request *request = &exchange->request;
	const struct visit visit = {
		.listener = server->listener,
		.fd = connection_fd(request->connection),
		.from = MHD_get_connection_info(request->connection,
						MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				->client_addr,
		.host = request_header(request, "Host"),
		.authorization = request_header(request, "Authorization"),
		.now_ns = clock_now_ns(),
		.time_s = time(NULL),
	};
	struct sl_errors errors = {0};
	struct answer answer = {0};
	struct refusal refusal;
	bool admitted =
		access_admit(server->access, &visit, route ? route->role : SLUICE_ROLE_VIEWER,
			     &exchange->caller, &refusal, &errors);

	request->uid = exchange->caller.uid;
	if (admitted)
		return true;
	answer_problem(&answer, refusal.status, refusal.title, &errors);
	*ret_sent = send_answer(exchange, &answer, NULL, refusal.retry_after_s);
	return false;
}

/* The head is there: refuse at once what can't become good. */
static enum MHD_Result begin(struct server *server, struct exchange *exchange, const char *method,
			     const char *path)
{
	const char *length = request_header(&exchange->request, "Content-Length");
	enum route_reach reach = server->listener == LISTENER_METRICS ? ROUTE_METRICS : ROUTE_API;
	const struct route *route;
	enum MHD_Result sent;
	char allow[32];
	unsigned status;

	route = route_find(method, path, reach, &exchange->request.rest, &status, allow);
	if (!is_admitted(server, exchange, route, &sent))
		return sent;
	exchange->route = route;
	if (!route)
		return send_problem(exchange, status,
				    status == 404 ? "no such resource"
						  : "this resource has no such method",
				    allow);
	if (length && strtoull(length, NULL, 10) > exchange->route->body_max)
		return send_problem(exchange, 413, too_large(exchange), NULL);
	return MHD_YES;
}

static void take_body(struct exchange *exchange, const char *bytes, size_t size)
{
	struct request *request = &exchange->request;

	if (size > exchange->route->body_max - request->size)
		exchange->too_large = true;
	if (exchange->too_large)
		return;
	request->body = sl_realloc_array(request->body, request->size + size + 1, 1);
	memcpy(request->body + request->size, bytes, size);
	request->size += size;
	request->body[request->size] = '\0';
}

static void run(void *context);

/* The stream has limits of its own in the place of the deadline. */
static enum MHD_Result begin_watch(struct server *server, struct exchange *exchange)
{
	struct answer answer = {
		.status = 200,
		.type = "application/x-ndjson",
		.generation = engine_generation(server->context->engine),
	};
	struct sl_errors errors = {0};

	exchange->watcher = watcher_new(server->watches, exchange->route, &exchange->request,
					&exchange->caller, run, server, &errors);
	if (exchange->watcher) {
		evtimer_del(exchange->deadline);
		return send_response(exchange, watcher_response(exchange->watcher), &answer);
	}
	answer_problem(&answer, 503, "too many streams", &errors);
	return send_answer(exchange, &answer, NULL, 0);
}

static bool is_watch(const struct exchange *exchange)
{
	const char *watch = request_query(&exchange->request, "watch");

	return exchange->route->watched && watch && strcmp(watch, "0") &&
	       !strcmp(exchange->method, "GET");
}

static enum MHD_Result finish(struct server *server, struct exchange *exchange)
{
	struct answer *answer = &exchange->answer;

	if (exchange->too_large)
		return send_problem(exchange, 413, too_large(exchange), NULL);
	if (!exchange->request.body)
		exchange->request.body = sl_calloc(1, 1);
	if (!answer->status && !match_generation(request_header(&exchange->request, "If-Match"),
						 engine_generation(server->context->engine)))
		answer_conflict(server->context, answer);
	if (!answer->status && is_watch(exchange))
		return begin_watch(server, exchange);
	if (!answer->status)
		exchange->route->resource(server->context, &exchange->request, answer);
	if (!answer->status) {
		exchange->suspended = true;
		evtimer_del(exchange->deadline);
		MHD_suspend_connection(exchange->request.connection);
		return MHD_YES;
	}
	answer->generation = engine_generation(server->context->engine);
	return send_answer(exchange, answer, NULL, 0);
}

/* Who asks, and within which trace: in all that is logged while he is answered. */
static enum MHD_Result go_on(struct server *server, struct exchange *exchange, bool is_new)
{
	_cleanup_log_context_ struct log_context said = {
		.actor = exchange->caller.name,
		.trace_id = exchange->trace.id,
	};

	log_context_push(&said);
	return is_new ? begin(server, exchange, exchange->method, exchange->path)
		      : finish(server, exchange);
}

/* Called by the library for the head, for each piece of the body, and at its end. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *bytes,
			      size_t *size, void **argument)
{
	struct server *server = context;
	struct exchange *exchange = *argument;
	bool is_new = !exchange;

	if (is_new)
		*argument = exchange = exchange_new(server, connection);
	exchange->method = method;
	exchange->path = path;
	if (is_new || !*size)
		return go_on(server, exchange, is_new);
	take_body(exchange, bytes, *size);
	*size = 0;
	return MHD_YES;
}

/* ---- the library in the loop ------------------------------------------------------------------------- */

static void run(void *context)
{
	struct server *server = context;
	MHD_UNSIGNED_LONG_LONG left_ms;
	struct timeval left;

	MHD_run(server->http);
	if (MHD_get_timeout(server->http, &left_ms) != MHD_YES) {
		evtimer_del(server->timer);
		return;
	}
	left.tv_sec = left_ms / 1000;
	left.tv_usec = left_ms % 1000 * 1000;
	if (evtimer_add(server->timer, &left))
		sl_out_of_memory();
}

/* Resuming alone wakes nobody: the library has to be run. */
void request_answer(const struct request *request, struct answer *answer)
{
	struct exchange *exchange = (struct exchange *)request;

	exchange->answer = *answer;
	memset(answer, 0, sizeof(*answer));
	if (!exchange->suspended)
		return;
	exchange->suspended = false;
	MHD_resume_connection(exchange->request.connection);
	run(exchange->server);
}

void request_resume(const struct request *request)
{
	const struct exchange *exchange = (const struct exchange *)request;

	MHD_resume_connection(request->connection);
	run(exchange->server);
}

static void wake(evutil_socket_t fd, short what, void *argument)
{
	run(argument);
}

static void take_connection(void *context, int fd, const struct sockaddr *from, socklen_t size)
{
	struct server *server = context;

	/* Closes the descriptor if it fails. */
	if (MHD_add_connection(server->http, fd, from, size) == MHD_YES)
		run(server);
}

static int wrap(void *context, int fd, const struct sockaddr *from)
{
	struct server *server = context;

	if (access_may_shake(server->access, from, clock_now_ns()))
		return tls_accept(server->tls, fd);
	close(fd);
	return -1;
}

static unsigned count_connections(void *context)
{
	struct server *server = context;

	/* Streams have places of their own. */
	return MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		       ->num_connections -
	       watches_count(server->watches, server);
}

static int start_http(struct server *server)
{
	int epoll_fd;

	server->http = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		handle, server, MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS + WATCH_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, server,
		MHD_OPTION_END);
	if (!server->http)
		return -EIO;
	epoll_fd = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	server->readable = event_new(server->base, epoll_fd, EV_READ | EV_PERSIST, wake, server);
	server->timer = evtimer_new(server->base, wake, server);
	if (!server->readable || !server->timer || event_add(server->readable, NULL))
		sl_out_of_memory();
	return 0;
}

int server_new(struct event_base *base, const struct api_context *context, struct access *access,
	       struct tls *tls, struct watches *watches, enum listener listener, int listen_fd,
	       struct server **ret_server, struct sl_errors *errors)
{
	struct server *server = sl_calloc(1, sizeof(*server));

	server->base = base;
	server->context = context;
	server->access = access;
	server->listener = listener;
	server->tls = tls;
	server->watches = watches;
	server->gate = gate_new(base, listen_fd, SERVER_CONNECTIONS, tls ? wrap : NULL,
				take_connection, count_connections, server);
	if (start_http(server)) {
		server_free(server);
		return sl_fail(errors, EIO, "api", "libmicrohttpd does not start");
	}
	*ret_server = server;
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	gate_free(server->gate);
	if (server->readable)
		event_free(server->readable);
	if (server->timer)
		event_free(server->timer);
	if (server->http)
		MHD_stop_daemon(server->http);
	free(server);
}
