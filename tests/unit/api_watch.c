/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: what comes and when, coming back, and those who come in numbers, take nothing or go away.
 */
#include "api/watch.h"
#include "base/memory.h"
#include "served.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 4000 /* ms */

static struct served served;

static void start(void)
{
	served = served_start(served_config);
}

static void stop(void)
{
	served_stop(&served);
}

TestSuite(watch, .init = start, .fini = stop, .timeout = 60);

static void pass(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 2) {
		event_base_loop(served.base, EVLOOP_NONBLOCK);
		usleep(2000);
	}
}

struct stream {
	int fd;
	char text[1 << 20];
	size_t size;
};

static struct stream *open_stream(const char *path)
{
	_cleanup_free_ char *request = sl_printf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	struct stream *stream = sl_calloc(1, sizeof(*stream));

	stream->fd = served_connect(&served);
	cr_assert(write(stream->fd, request, strlen(request)) > 0);
	return stream;
}

static void close_stream(struct stream *stream)
{
	close(stream->fd);
	free(stream);
	pass(20);
}

/* False: it is closed. */
static bool read_more(struct stream *stream)
{
	ssize_t more = recv(stream->fd, stream->text + stream->size,
			    sizeof(stream->text) - stream->size - 1, MSG_DONTWAIT);

	if (more > 0)
		stream->size += more;
	stream->text[stream->size] = '\0';
	return more > 0 || (more < 0 && errno == EAGAIN);
}

static unsigned count(const struct stream *stream, const char *word)
{
	unsigned found = 0;

	for (const char *at = stream->text; (at = strstr(at, word)); at++)
		found++;
	return found;
}

/* Serves until the word has come so often; false: it has not. */
static bool comes(struct stream *stream, const char *word, unsigned times)
{
	for (int ms = 0; ms < PATIENCE && count(stream, word) < times; ms += 2) {
		pass(2);
		if (!read_more(stream))
			return count(stream, word) >= times;
	}
	return count(stream, word) >= times;
}

/* The last cursor that came. */
static char *cursor(const struct stream *stream)
{
	const char *at = stream->text, *last = NULL;

	while ((at = strstr(at, "\"cursor\":\"")))
		last = at += 10;
	cr_assert(last, "%s", stream->text);
	return sl_printf("%.*s", (int)strcspn(last, "\""), last);
}

static void drain(const char *admin)
{
	_cleanup_free_ char *body = sl_printf("{\"admin\":\"%s\"}", admin);

	json_decref(served_json(&served, "POST", "/v1/backends/web/web1", body, 200));
}

static bool has_metric(const char *line)
{
	int status;
	_cleanup_free_ char *text = served_ask(&served, "GET", "/metrics", "", "", &status);

	return strstr(text, line) != NULL;
}

static void expect_metric(const char *line)
{
	cr_expect(has_metric(line), "no %s", line);
}

Test(watch, what_is_so_now_and_then_what_changes)
{
	static const char *const paths[] = {"/v1/status?watch=1", "/v1/backends?watch=1"};

	for (size_t i = 0; i < sl_count(paths); i++) {
		struct stream *stream = open_stream(paths[i]);

		cr_expect(comes(stream, "\"cursor\"", 1), "%s", stream->text);
		cr_expect_eq(served_status(stream->text), 200);
		cr_expect(strstr(stream->text, "application/x-ndjson"));
		pass(2500);
		read_more(stream);
		cr_expect_eq(count(stream, "\"cursor\""), 1, "nothing has changed: %s",
			     stream->text);
		drain(i ? "disabled" : "drain");
		cr_expect(comes(stream, "\"cursor\"", 2), "%s", stream->text);
		close_stream(stream);
	}
}

Test(watch, who_comes_back_gets_what_he_has_not_seen)
{
	struct stream *stream = open_stream("/v1/status?watch=1");
	_cleanup_free_ char *seen = NULL, *path = NULL;

	cr_assert(comes(stream, "\"cursor\"", 1));
	seen = cursor(stream);
	close_stream(stream);
	path = sl_printf("/v1/status?watch=1&after=%s", seen);
	stream = open_stream(path);
	pass(1500);
	read_more(stream);
	cr_expect_eq(count(stream, "\"cursor\""), 0, "he has seen that: %s", stream->text);
	close_stream(stream);
	drain("drain");
	stream = open_stream(path);
	cr_expect(comes(stream, "\"draining\":1", 1), "%s", stream->text);
	close_stream(stream);
	stream = open_stream("/v1/status?watch=1&after=ffffffff-1");
	cr_expect(comes(stream, "\"cursor\"", 1), "of another run");
	close_stream(stream);
}

Test(watch, only_where_it_is_said)
{
	static const char *const paths[] = {"/v1/version?watch=1", "/v1/status?watch=0"};

	for (size_t i = 0; i < sl_count(paths); i++) {
		int status;
		_cleanup_free_ char *body = served_ask(&served, "GET", paths[i], "", "", &status);

		cr_expect_eq(status, 200);
		cr_expect(!strstr(body, "cursor"), "%s", body);
	}
}

/* As many as one may have, and requests are answered besides. */
Test(watch, many_are_told_and_too_many_are_not)
{
	struct stream *streams[WATCH_EACH + 1];
	json_t *problem;

	for (size_t i = 0; i < WATCH_EACH; i++) {
		streams[i] = open_stream("/v1/status?watch=1");
		cr_assert(comes(streams[i], "\"cursor\"", 1));
	}
	problem = served_json(&served, "GET", "/v1/status?watch=1", "", 503);
	cr_assert(problem);
	json_decref(problem);
	drain("drain");
	for (size_t i = 0; i < WATCH_EACH; i++)
		cr_expect(comes(streams[i], "\"cursor\"", 2), "stream %zu", i);
	for (size_t i = 0; i < WATCH_EACH; i++)
		close_stream(streams[i]);
	expect_metric("sluice_api_streams 16\n");
	expect_metric("sluice_api_streams_dropped_total{reason=\"refused\"} 1\n");
	pass(2500); /* they are noticed to be gone */
	expect_metric("sluice_api_streams_dropped_total{reason=\"gone\"} 16\n");
	streams[0] = open_stream("/v1/status?watch=1");
	cr_expect(comes(streams[0], "\"cursor\"", 1), "there is room again");
	close_stream(streams[0]);
}

/* More than the sockets hold, and nobody who reads. */
Test(watch, who_takes_nothing_is_dropped)
{
	char *text = sl_calloc(1, 1 << 20), *at = text;
	struct stream *stream;

	at += sprintf(at, "interfaces: {eth0: }\npools: {web: {backends: [");
	for (int i = 0; i < 1200; i++)
		at += sprintf(at, "{name: backend-%d, address: 10.0.%d.%d},\n", i, i / 250,
			      i % 250 + 1);
	sprintf(at, "]}}\n");
	stop();
	served = served_start(text);
	free(text);
	stream = open_stream("/v1/backends?watch=1");
	for (int s = 0;
	     s < 40 && !has_metric("sluice_api_streams_dropped_total{reason=\"slow\"} 1\n"); s++)
		pass(1000);
	while (read_more(stream) && stream->size < sizeof(stream->text) - 1)
		pass(2);
	cr_expect(!read_more(stream), "it is closed");
	cr_expect_eq(count(stream, "\n{"), 1);
	cr_expect_eq(count(stream, "\"cursor\""), 0, "the line has no end");
	close_stream(stream);
	expect_metric("sluice_api_streams_dropped_total{reason=\"slow\"} 1\n");
	expect_metric("sluice_api_streams 0\n");
}

/* An end with streams open: nothing is left, nothing waits. */
Test(watch, the_daemon_may_end_meanwhile)
{
	free(open_stream("/v1/status?watch=1"));
	free(open_stream("/v1/backends?watch=1"));
	pass(100);
}
