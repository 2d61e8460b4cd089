/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that no client of ours makes, byte for byte: each is refused, none costs more than its
 * share, and the next good one is answered.
 */
#include "api/head.h"
#include "api/server.h"
#include "base/memory.h"
#include "served.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct served served;

static void start(void)
{
	served = served_start(served_config);
}

/* Whatever was sent before: the API still answers. */
static void stop(void)
{
	json_t *object = served_json(&served, "GET", "/v1/version", "", 200);

	cr_assert(object);
	json_decref(object);
	served_stop(&served);
}

TestSuite(api_hostile, .init = start, .fini = stop, .timeout = 60);

static int status_of(const void *bytes, size_t size)
{
	_cleanup_free_ char *answer = served_send(&served, served_connect(&served), bytes, size);

	return served_status(answer);
}

Test(api_hostile, heads)
{
#define HEAD(text) text, sizeof(text) - 1
	static const struct {
		int status;
		const char *bytes;
		size_t size;
	} cases[] = {
		{200, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\r\n\r\n")},
		{200, HEAD("GET /v1/version HTTP/1.0\r\n\r\n")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
			   "Content-Length: 1\r\n\r\nx")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
			   "Content-Length: 2\r\n\r\nxy")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\nx")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
			   "Content-Length: 99999999999999999999\r\n\r\nx")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
		{501, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
			   "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
		{501, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
			   "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")},
		{400, HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
		{400,
		 HEAD("PUT /v1/config HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\nHost: a\n\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\rb\r\n\r\n")},
		{400, HEAD("GET /v1/version\0x HTTP/1.1\r\nHost: a\r\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n")},
		{400, HEAD("GET /v1/version%00 HTTP/1.1\r\nHost: a\r\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")},
		{400, HEAD("GET /v1/version HTTP/1.1\r\n\r\n")},
		{400, HEAD("GET http://a/v1/version HTTP/1.1\r\nHost: a\r\n\r\n")},
		{400, HEAD("GET  /v1/version HTTP/1.1\r\nHost: a\r\n\r\n")},
		{505, HEAD("GET /v1/version HTTP/1.1 \r\nHost: a\r\n\r\n")},
		{505, HEAD("GET /v1/version HTTP/2.0\r\nHost: a\r\n\r\n")},
		{400, HEAD("GET /v1/version\r\n\r\n")},
		{400, HEAD("\r\nGET /v1/version HTTP/1.1\r\nHost: a\r\n\r\n")},
		{400, HEAD("\x16\x03\x01\x02\x00\x01")}, /* TLS */
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		int status = status_of(cases[i].bytes, cases[i].size);

		cr_expect_eq(status, cases[i].status, "case %zu: %d: %s", i, status,
			     cases[i].bytes);
	}
}

Test(api_hostile, chunked_alone_is_read)
{
	static const char bytes[] = "POST /v1/backends/web/web1 HTTP/1.1\r\nHost: a\r\n"
				    "Transfer-Encoding: chunked\r\n\r\n"
				    "8\r\n{\"weight\r\n4\r\n\":5}\r\n0\r\n\r\n";

	cr_expect_eq(status_of(bytes, sizeof(bytes) - 1), 200);
}

Test(api_hostile, too_large_a_head)
{
	char bytes[HEAD_MAX + 1];

	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, "GET /", 5);
	cr_expect_eq(status_of(bytes, HEAD_MAX), 431);
}

/* A head of the greatest size, in fields, is understood: the library has room for what it makes of it. */
Test(api_hostile, largest_head)
{
	char *bytes = sl_calloc(HEAD_MAX + 1, 1), *at = bytes;

	at += sprintf(at, "GET /v1/version HTTP/1.1\r\nHost: a\r\n");
	while (at - bytes < HEAD_MAX - 40)
		at += sprintf(at, "X-Filler: 0123456789\r\n");
	sprintf(at, "\r\n");
	cr_expect_eq(status_of(bytes, strlen(bytes)), 200);
	free(bytes);
}

/* Announced and not sent: refused by the announcement. */
Test(api_hostile, too_large_a_body)
{
	static const char json[] = "POST /v1/explain HTTP/1.1\r\nHost: a\r\n"
				   "Content-Length: 65537\r\n\r\n";
	static const char config[] = "PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
				     "Content-Length: 8388609\r\n\r\n";

	cr_expect_eq(status_of(json, sizeof(json) - 1), 413);
	cr_expect_eq(status_of(config, sizeof(config) - 1), 413);
}

/* Not announced: refused when it is over, and never kept. */
Test(api_hostile, too_many_chunks)
{
	static const char head[] = "POST /v1/explain HTTP/1.1\r\nHost: a\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	char *bytes = sl_calloc(200000, 1), *at = bytes;

	at += sprintf(at, "%s", head);
	for (int i = 0; i < 20; i++)
		at += sprintf(at, "1000\r\n%4096s\r\n", "");
	at += sprintf(at, "0\r\n\r\n");
	cr_expect_eq(status_of(bytes, at - bytes), 413);
	free(bytes);
}

Test(api_hostile, deep_body)
{
	char body[20001] = "";
	int status;

	memset(body, '[', sizeof(body) - 1);
	free(served_ask(&served, "POST", "/v1/explain", "", body, &status));
	cr_expect_eq(status, 400);
}

/* A second request behind the first is not answered: its head was never checked. */
Test(api_hostile, pipelined)
{
	static const char bytes[] = "GET /v1/version HTTP/1.1\r\nHost: a\r\n\r\n"
				    "GET /v1/version HTTP/1.1\nHost: a\n\n";
	_cleanup_free_ char *answer =
		served_send(&served, served_connect(&served), bytes, sizeof(bytes) - 1);

	cr_expect_eq(served_status(answer), 200);
	cr_expect_null(strstr(answer + 1, "HTTP/1.1"));
}

static const char version_request[] = "GET /v1/version HTTP/1.1\r\nHost: a\r\n\r\n";

static int ask_metrics(void)
{
	static const char bytes[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = served_connect_metrics(&served);
	_cleanup_free_ char *answer = served_send(&served, fd, bytes, sizeof(bytes) - 1);

	return served_status(answer);
}

/* All inside, and waiting for a body. The listener for metrics has room of its own. */
Test(api_hostile, too_many_connections)
{
	static const char head[] = "PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
				   "Content-Length: 9\r\n\r\n";
	int fds[SERVER_CONNECTIONS];

	for (size_t i = 0; i < sl_count(fds); i++) {
		fds[i] = served_connect(&served);
		cr_assert(send(fds[i], head, sizeof(head) - 1, 0) > 0);
		served_pump(&served);
	}
	cr_expect_eq(status_of(version_request, sizeof(version_request) - 1), 503);
	cr_expect_eq(ask_metrics(), 200);
	close(fds[0]);
	served_pump(&served);
	cr_expect_eq(status_of(version_request, sizeof(version_request) - 1), 200);
	for (size_t i = 1; i < sl_count(fds); i++)
		close(fds[i]);
	served_pump(&served);
}

static size_t count_open(const int *fds, size_t count)
{
	size_t open = 0;
	char byte;

	for (size_t i = 0; i < count; i++)
		open += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
	return open;
}

/* A thousand that say nothing, or half a head, keep nobody out; most are let go. */
Test(api_hostile, idle_connections_give_way)
{
	enum { IDLE = 1000 };
	int fds[IDLE];

	for (size_t i = 0; i < IDLE; i++) {
		fds[i] = served_connect(&served);
		cr_assert(i % 2 || send(fds[i], "GET /v1", 7, MSG_NOSIGNAL) == 7);
		served_pump(&served);
	}
	cr_expect_eq(count_open(fds, IDLE), SERVER_CONNECTIONS);
	cr_expect_eq(status_of(version_request, sizeof(version_request) - 1), 200);
	cr_expect_eq(ask_metrics(), 200);
	for (size_t i = 0; i < IDLE; i++)
		close(fds[i]);
	served_pump(&served);
}

Test(api_hostile, hangs_up_everywhere)
{
	static const char bytes[] = "PUT /v1/config?dry-run HTTP/1.1\r\nHost: a\r\n"
				    "Content-Length: 20\r\n\r\n01234567890123456789";

	for (size_t size = 0; size < sizeof(bytes); size++) {
		int fd = served_connect(&served);

		cr_assert(send(fd, bytes, size, MSG_NOSIGNAL) >= 0);
		served_pump(&served);
		close(fd);
		served_pump(&served);
	}
}

/* A full buffer is not the end: bytes that are only looked at stay in it. */
static bool is_open(int fd)
{
	return send(fd, "a", 1, MSG_NOSIGNAL) == 1 || errno == EAGAIN;
}

/* A byte now and then keeps no connection open: neither at the gate nor inside. */
Test(api_hostile, slow)
{
	static const char head[] =
		"PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n";
	const struct timeval pause = {.tv_usec = 100000};
	int at_gate = served_connect(&served), inside = served_connect(&served);
	bool gate_open = true, inside_open = true;

	cr_assert(send(at_gate, "GET /", 5, 0) == 5);
	cr_assert(send(inside, head, sizeof(head) - 1, 0) > 0);
	while (gate_open || inside_open) {
		gate_open = gate_open && is_open(at_gate);
		inside_open = inside_open && is_open(inside);
		event_base_loopexit(served.base, &pause);
		event_base_loop(served.base, 0);
	}
	close(at_gate);
	close(inside);
}

/* On TCP there are metrics, and nothing else. */
Test(api_hostile, tcp_has_metrics_alone)
{
	static const struct {
		const char *bytes;
		int status;
	} cases[] = {
		{"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
		{"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{"PUT /v1/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 404},
		{"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		int fd = served_connect_metrics(&served);
		_cleanup_free_ char *answer =
			served_send(&served, fd, cases[i].bytes, strlen(cases[i].bytes));
		cr_expect_eq(served_status(answer), cases[i].status, "case %zu: %s", i, answer);
	}
}
