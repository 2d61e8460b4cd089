/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers that say more than what is asked for: If-Match and traceparent.
 */
#include "api/match.h"
#include "api/trace.h"
#include "base/memory.h"
#include "served.h"

#include <criterion/criterion.h>
#include <string.h>

static struct served served;

static void start(void)
{
	served = served_start(served_config);
}

static void stop(void)
{
	served_stop(&served);
}

TestSuite(api_headers, .init = start, .fini = stop, .timeout = 30);

Test(match, lists_of_tags)
{
	static const char *const good[] = {NULL, "*", "\"12\"", "\"1\" , \"12\"", "\"12\",\"3\""};
	static const char *const bad[] = {"",	     "12",   "W/\"12\"",    "\"1\"", "\"1\",\"2\"",
					  "\"120\"", "\"12", "\"1\" \"12\""};

	for (size_t i = 0; i < sl_count(good); i++)
		cr_expect(match_generation(good[i], 12), "%s", good[i]);
	for (size_t i = 0; i < sl_count(bad); i++)
		cr_expect(!match_generation(bad[i], 12), "%s", bad[i]);
}

/* ---- traces ------------------------------------------------------------------------------------------------ */

/* The header traceparent of the answer's head. */
static const char *parent_of(const char *header, int status)
{
	static char parent[64];
	_cleanup_free_ char *request = sl_printf("GET /v1/%s HTTP/1.1\r\nHost: a\r\n%s\r\n",
						 status == 200 ? "version" : "nothing", header);
	_cleanup_free_ char *answer =
		served_send(&served, served_connect(&served), request, strlen(request));
	const char *at = strstr(answer, "\r\ntraceparent: ");

	cr_expect_eq(served_status(answer), status);
	cr_assert(at, "%s", answer);
	snprintf(parent, sizeof(parent), "%.55s", at + 15);
	return parent;
}

Test(api_headers, the_trace_goes_on)
{
	static const char given[] = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-"
				    "00f067aa0ba902b7-01\r\n";

	for (int status = 200; status <= 404; status += 204) {
		const char *parent = parent_of(given, status);

		cr_expect(!strncmp(parent, "00-4bf92f3577b34da6a3ce929d0e0e4736-", 36), "%s",
			  parent);
		cr_expect(strncmp(parent + 36, "00f067aa0ba902b7", 16), "a span of its own");
		cr_expect_str_eq(parent + 52, "-01");
	}
}

Test(api_headers, without_a_trace_there_is_a_new_one)
{
	static const char *const headers[] = {
		"", "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\n"};
	char before[64] = "";

	for (size_t i = 0; i < 4; i++) {
		const char *parent = parent_of(headers[i % 2], 200);
		char id[TRACE_ID_SIZE];

		cr_expect(trace_parse(parent, id), "%s", parent);
		cr_expect_str_neq(id, before);
		strcpy(before, id);
	}
}
