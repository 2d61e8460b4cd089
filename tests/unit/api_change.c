/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes over the API: answers that come later, clients that don't wait for them, and questions in
 * every wrong form.
 */
#include "api/number.h"
#include "base/memory.h"
#include "served.h"
#include "state/events.h"

#include <criterion/criterion.h>
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

static void stop(void)
{
	served_stop(&served);
}

TestSuite(api_change, .init = start, .fini = stop, .timeout = 60);

static const char other_config[] =
	"interfaces: {eth0: }\n"
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

static void expect(const char *method, const char *path, const char *body, int status)
{
	json_t *object = served_json(&served, method, path, body, status);

	cr_expect(object, "%s %s", method, path);
	json_decref(object);
}

/* ---- answers that come later ----------------------------------------------------------------------- */

static int send_change(const char *body)
{
	_cleanup_free_ char *request = sl_printf("PUT /v1/config HTTP/1.1\r\nHost: a\r\n"
						 "Content-Length: %zu\r\n\r\n%s",
						 strlen(body), body);
	int fd = served_connect(&served);

	cr_assert_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	return fd;
}

/* Connection after connection is accepted, read, suspended, and its client gone. */
Test(api_change, a_client_that_leaves_breaks_nothing)
{
	for (int i = 0; i < 50; i++) {
		int fd = send_change(i % 2 ? served_config : other_config);

		for (int turns = 0; turns < i % 7; turns++)
			event_base_loop(served.base, EVLOOP_NONBLOCK);
		close(fd);
	}
	for (int i = 0; i < 200; i++) {
		event_base_loop(served.base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	expect("PUT", "/v1/config", other_config, 200);
	expect("GET", "/v1/status", "", 200);
}

Test(api_change, many_wait_at_once_and_are_all_answered)
{
	int fds[16];

	for (size_t i = 0; i < sl_count(fds); i++)
		fds[i] = send_change(i % 2 ? served_config : other_config);
	for (size_t i = 0; i < sl_count(fds); i++) {
		_cleanup_free_ char *answer = served_send(&served, fds[i], "", 0);

		cr_expect_eq(served_status(answer), 200, "%zu: %s", i, answer);
		cr_expect(strstr(answer, "\"recorded\":true"), "%s", answer);
	}
	cr_expect_eq(served.fake->commits, 16);
}

Test(api_change, the_daemon_may_end_meanwhile)
{
	int fd = send_change(other_config);

	for (int i = 0; i < 3; i++)
		event_base_loop(served.base, EVLOOP_NONBLOCK);
	close(fd);
	/* stop() ends it with the change under way. */
}

/* ---- what is passed on ------------------------------------------------------------------------------ */

Test(api_change, the_event_names_who_and_the_trace)
{
	static const char trace[] =
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
	struct event_query query = {.kinds = 1u << EVENT_COMMIT, .newest = true, .limit = 1};
	_cleanup_free_ char *author = sl_printf("uid:%u", getuid());
	struct event_record event;
	bool gap;
	int status;

	free(served_ask(&served, "PUT", "/v1/config?reason=a%20reason&name=f.yaml", trace,
			other_config, &status));
	cr_assert_eq(status, 200);
	cr_assert_eq(events_recent(served.events, &query, &event, &gap), 1);
	cr_expect_str_eq(event.trace, "0af7651916cd43dd8448eb211c80319c");
	cr_expect_eq(event.generation, 2);
	cr_expect(!strncmp(event.actor, author, strlen(author)), "%s", event.actor);
	cr_expect_str_eq(event.text, "generation 2 is in force: f.yaml (a reason)");
}

Test(api_change, wrong_questions)
{
	static const char *const queries[] = {
		"PUT /v1/config?confirm=0s",
		"PUT /v1/config?confirm=25h",
		"PUT /v1/config?confirm=",
		"PUT /v1/config?max-move=101%25",
		"PUT /v1/config?max-move=-1",
		"POST /v1/config/rollback?number=0",
		"POST /v1/config/rollback?number=x",
		"POST /v1/config/confirm?number=1e3",
		"GET /v1/history?limit=x",
		"GET /v1/history?before=-1",
		"GET /v1/config?at=",
	};
	_cleanup_free_ char *reason = sl_calloc(1, 400);

	for (size_t i = 0; i < sl_count(queries); i++) {
		_cleanup_free_ char *method = sl_strdup(queries[i]);
		char *path = strchr(method, ' ');

		*path++ = '\0';
		expect(method, path, !strcmp(method, "PUT") ? other_config : "", 400);
	}
	strcpy(reason, "/v1/config?reason=");
	memset(reason + strlen(reason), 'x', 256);
	expect("PUT", reason, other_config, 400);
	cr_expect_eq(served.fake->commits, 0);
}

/* ---- number.h --------------------------------------------------------------------------------------- */

Test(number, generations)
{
	static const char *const bad[] = {"",
					  "0",
					  "-1",
					  "+1",
					  "1 ",
					  "0x1",
					  "1e3",
					  "9007199254740993",
					  "99999999999999999999"};
	uint64_t number = 7;

	for (size_t i = 0; i < sl_count(bad); i++)
		cr_expect_not(number_parse(bad[i], &number), "%s", bad[i]);
	cr_expect_eq(number, 7);
	cr_expect(number_parse("123", &number) && number == 123);
}

Test(number, durations)
{
	static const char *const bad[] = {"", "5", "0s", "s", "5d", "1.5s", "5s ", "1000001s"};
	uint64_t ms = 7;

	for (size_t i = 0; i < sl_count(bad); i++)
		cr_expect_not(number_parse_duration(bad[i], &ms), "%s", bad[i]);
	cr_expect_eq(ms, 7);
	cr_expect(number_parse_duration("250ms", &ms) && ms == 250);
	cr_expect(number_parse_duration("2m", &ms) && ms == 120000);
	cr_expect(number_parse_duration("1h", &ms) && ms == 3600000);
}

Test(number, shares)
{
	static const char *const bad[] = {"",	"%",	  "101", "100.1", "5.",
					  ".5", "5.1234", "5%%", "-5",	  "5 %"};
	static const struct {
		const char *text;
		uint32_t ppm;
	} good[] = {{"0", 0},	    {"5%", 50000},     {"5", 50000},	 {"0.5%", 5000},
		    {"0.001%", 10}, {"12.25", 122500}, {"100%", 1000000}};
	uint32_t ppm = 7;

	for (size_t i = 0; i < sl_count(bad); i++)
		cr_expect_not(number_parse_share(bad[i], &ppm), "%s", bad[i]);
	cr_expect_eq(ppm, 7);
	for (size_t i = 0; i < sl_count(good); i++) {
		cr_expect(number_parse_share(good[i].text, &ppm), "%s", good[i].text);
		cr_expect_eq(ppm, good[i].ppm, "%s: %u", good[i].text, ppm);
	}
}
