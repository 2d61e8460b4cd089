/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log as the API drives it, and what the API's own lines say.
 */
#include "api/body.h"
#include "api/trace.h"
#include "base/log.h"
#include "base/memory.h"
#include "served.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"

static struct served served;
static int lines_fd; /* what is logged, as JSON */

static void start(void)
{
	struct log_settings settings = {.format = LOG_FORMAT_JSON};
	int pair[2];

	served = served_start(served_config);
	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	dup2(pair[1], STDERR_FILENO);
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	lines_fd = pair[0];
	log_settings_set(&settings, LOG_COMPONENT_ALL, LOG_LEVEL_INFO);
	log_open(&settings);
}

static void stop(void)
{
	served_stop(&served);
	close(lines_fd);
}

TestSuite(api_log, .init = start, .fini = stop, .timeout = 60);

/* The next line; NULL: there is none. Caller drops it. */
static json_t *next_line(void)
{
	char line[4096];
	size_t size = 0;

	while (size < sizeof(line) && read(lines_fd, line + size, 1) == 1)
		if (line[size++] == '\n')
			break;
	return size ? json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void expect_text(const json_t *object, const char *member, const char *text)
{
	const char *found = json_string_value(json_object_get(object, member));

	cr_expect(found && !strcmp(found, text), "%s: %s, not %s", member, found, text);
}

static const char *level_of(const json_t *object, enum log_component component)
{
	const json_t *list = json_object_get(object, "components");

	cr_assert_eq(json_array_size(list), LOG_COMPONENT_COUNT);
	return json_string_value(json_object_get(json_array_get(list, component), "level"));
}

/* ---- levels ---------------------------------------------------------------------------------------- */

Test(api_log, levels_are_shown_and_set)
{
	json_t *object = served_json(&served, "GET", "/v1/log", "", 200);

	expect_text(object, "kind", "Log");
	expect_text(object, "format", "json");
	cr_expect_str_eq(level_of(object, LOG_COMPONENT_ENGINE), "info");
	json_decref(object);
	object = served_json(&served, "PUT", "/v1/log",
			     "{\"component\":\"engine\",\"level\":\"debug\"}", 200);
	cr_expect_str_eq(level_of(object, LOG_COMPONENT_ENGINE), "debug");
	cr_expect_str_eq(level_of(object, LOG_COMPONENT_API), "info");
	cr_expect_eq(log_levels[LOG_COMPONENT_ENGINE], LOG_LEVEL_DEBUG);
	cr_expect_eq(served.fake->log_component, LOG_COMPONENT_ENGINE);
	cr_expect_eq(served.fake->log_level, LOG_LEVEL_DEBUG);
	json_decref(object);
	json_decref(served_json(&served, "PUT", "/v1/log", "{\"level\":\"error\"}", 200));
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		cr_expect_eq(log_levels[i], LOG_LEVEL_ERROR);
	cr_expect_eq(served.fake->log_component, LOG_COMPONENT_ALL);
}

static void expect_refused(const char *body, int status)
{
	json_decref(served_json(&served, "PUT", "/v1/log", body, status));
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		cr_expect_eq(log_levels[i], LOG_LEVEL_INFO, "%s", body);
}

Test(api_log, what_is_wrong_changes_nothing)
{
	expect_refused("", 400);
	expect_refused("{}", 400);
	expect_refused("{\"component\":\"engine\"}", 400);
	expect_refused("{\"level\":\"loud\"}", 400);
	expect_refused("{\"level\":4}", 400);
	expect_refused("{\"level\":\"debug\",\"component\":\"enigne\"}", 400);
	expect_refused("{\"level\":\"debug\",\"component\":null}", 400);
	expect_refused("{\"level\":\"debug\",\"levels\":1}", 400);
	served.fake->fail_loader = true;
	expect_refused("{\"level\":\"debug\"}", 500);
}

/* ---- lines ----------------------------------------------------------------------------------------- */

static const char other_config[] =
	"interfaces: {eth0: }\n"
	"pools: {web: {check: {type: none}, backends: [{name: web1, address: 10.0.0.11}]}}\n"
	"services: {www: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

Test(api_log, lines_say_who_asked_and_why)
{
	char actor[32], named[96];
	int status;
	json_t *line;

	snprintf(actor, sizeof(actor), "uid:%u", getuid());
	snprintf(named, sizeof(named), "uid:%u %s", getuid(), getpwuid(getuid())->pw_name);
	free(served_ask(&served, "POST", "/v1/backends/web/web1", "traceparent: " PARENT "\r\n",
			"{\"admin\":\"drain\"}", &status));
	line = next_line();
	expect_text(line, "event", "override");
	expect_text(line, "actor", named);
	expect_text(line, "trace_id", TRACE);
	json_decref(line);
	free(served_ask(&served, "GET", "/v1/nothing", "", "", &status));
	line = next_line();
	expect_text(line, "event", "request_refused");
	expect_text(line, "msg", "GET /v1/nothing: 404");
	expect_text(line, "actor", actor);
	cr_expect_eq(strlen(json_string_value(json_object_get(line, "trace_id"))), 32);
	cr_expect_str_neq(json_string_value(json_object_get(line, "trace_id")), TRACE,
			  "of the request before");
	json_decref(line);
	free(served_ask(&served, "PUT", "/v1/config", "traceparent: " PARENT "\r\n", other_config,
			&status));
	line = next_line();
	expect_text(line, "event", "commit");
	expect_text(line, "actor", named);
	expect_text(line, "trace_id", TRACE);
	cr_expect_eq(json_integer_value(json_object_get(line, "generation")), 2);
	json_decref(line);
	cr_expect_null(next_line());
}

/* Whatever is asked, and however often. */
Test(api_log, bad_requests_do_not_flood_the_log)
{
	static const char torn[] = "GET /\x1b[31m HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
	unsigned lines = 0;
	json_t *line;
	int status;

	for (unsigned i = 0; i < 500; i++) {
		free(served_ask(&served, "GET", "/v1/%0a%22nothing", "", "", &status));
		free(served_send(&served, served_connect(&served), torn, sizeof(torn) - 1));
	}
	for (; (line = next_line()); lines++)
		json_decref(line);
	cr_expect(lines >= 2 * LOG_LIMIT_BURST && lines < 200, "%u lines", lines);
}

Test(api_log, traces_are_read_as_the_standard_has_it)
{
	static const struct {
		const char *header;
		bool good;
	} cases[] = {
		{PARENT, true},
		{"cc-" TRACE "-00f067aa0ba902b7-01-more", true},
		{"00-" TRACE "-00f067aa0ba902b7-01-more", false},
		{"cc-" TRACE "-00f067aa0ba902b7-01more", false},
		{"ff-" TRACE "-00f067aa0ba902b7-01", false},
		{"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
		{"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		{"00-" TRACE "-0000000000000000-01", false},
		{"00-" TRACE "-00f067aa0ba902b7-0", false},
		{"00-" TRACE "_00f067aa0ba902b7-01", false},
		{"00-" TRACE "-00f067aa0ba902b7-0g", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		char id[TRACE_ID_SIZE];

		cr_expect_eq(trace_parse(cases[i].header, id), cases[i].good, "%s",
			     cases[i].header);
		cr_expect_str_eq(id, cases[i].good ? TRACE : "", "%s", cases[i].header);
	}
}
