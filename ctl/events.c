/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events: what happened, and what happens.
 */
#include "connection.h"
#include "duration.h"
#include "fail.h"
#include "http.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_DEFAULT "20"
#define PAGE	      1000
#define RETRY_NS      200000000

struct following {
	const struct invocation *invocation;
	long long last, lost;
	bool is_there; /* the daemon has said something since it was waited for */
};

static const char *word(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static long long number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- one event ----------------------------------------------------------------------------------------- */

/* What operators wrote is shown, but doesn't drive the terminal. */
static void print_text(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		putchar(*at < ' ' || *at == 0x7f ? '?' : *at);
}

static void print_line(const json_t *event)
{
	const char *object = word(event, "object"), *trace = word(event, "trace_id");

	printf("%s %-16s ", word(event, "time"), word(event, "kind"));
	if (object[0]) {
		print_text(object);
		fputs(": ", stdout);
	}
	print_text(word(event, "text"));
	fputs(" [", stdout);
	print_text(word(event, "actor"));
	if (number(event, "generation"))
		printf(" generation=%lld", number(event, "generation"));
	if (trace[0])
		printf(" trace_id=%s", trace);
	puts("]");
}

static void print(const struct invocation *invocation, const json_t *event)
{
	if (!invocation->json) {
		print_line(event);
		return;
	}
	json_dumpf(event, stdout, JSON_COMPACT);
	putchar('\n');
}

static void note_lost(struct following *following, const json_t *said)
{
	long long lost = number(said, "lost");

	if (lost > following->lost)
		fprintf(stderr,
			"sluicectl: %lld events were lost for the log since the daemon's "
			"start\n",
			lost);
	following->lost = lost;
	if (json_is_false(json_object_get(said, "complete")))
		fputs("sluicectl: the store does not answer: older events may be missing\n",
		      stderr);
}

/* ---- what there is ------------------------------------------------------------------------------------- */

/* Caller frees. */
static char *query_of(const struct invocation *invocation)
{
	const char *since = invocation->values[OPTION_NUMBER_SINCE];
	const char *kind = invocation->values[OPTION_NUMBER_KIND];
	_free_ char *escaped = kind ? http_escape(kind) : NULL;

	return text_printf("%s%s%s%s", since ? "&since=" : "", since ? since : "",
			   kind ? "&kind=" : "", kind ? escaped : "");
}

static int print_page(struct following *following, const char *path, size_t *ret_count)
{
	const json_t *list, *event;
	json_t *object;
	size_t i;
	int status = http_get(following->invocation, path, &object);

	if (status)
		return status;
	list = json_object_get(object, "events");
	json_array_foreach(list, i, event) print(following->invocation, event);
	*ret_count = json_array_size(list);
	following->last = number(object, "last");
	note_lost(following, object);
	json_decref(object);
	return SLUICE_EXIT_OK;
}

static int print_newest(struct following *following, const char *query)
{
	const char *limit = following->invocation->values[OPTION_NUMBER_LIMIT];
	_free_ char *path =
		text_printf(SLUICE_PATH_EVENTS "?limit=%s%s", limit ? limit : LIMIT_DEFAULT, query);
	size_t count;

	return print_page(following, path, &count);
}

static int print_all(struct following *following, const char *query)
{
	size_t count = PAGE;
	int status = SLUICE_EXIT_OK;

	while (!status && count == PAGE) {
		_free_ char *path = text_printf(SLUICE_PATH_EVENTS "?limit=%d&after=%lld%s", PAGE,
						following->last, query);

		status = print_page(following, path, &count);
	}
	return status;
}

/* ---- what comes ---------------------------------------------------------------------------------------- */

static void take_line(void *context, const char *line)
{
	struct following *following = context;
	json_t *object = json_loads(line, 0, NULL);

	following->is_there = true;
	if (json_object_get(object, "heartbeat")) {
		following->last = number(object, "last");
		note_lost(following, object);
	} else if (object) {
		following->last = number(object, "id");
		print(following->invocation, object);
		fflush(stdout);
	}
	json_decref(object);
}

static void wait_for_daemon(struct following *following)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};

	if (following->is_there)
		fputs("sluicectl: the daemon is gone; waiting for it\n", stderr);
	following->is_there = false;
	do
		nanosleep(&pause, NULL);
	while (!connection_is_daemon_there(following->invocation));
}

/* Over restarts of the daemon: ids go on, so each event comes once. */
static int follow(struct following *following)
{
	const char *kind = following->invocation->values[OPTION_NUMBER_KIND];
	_free_ char *escaped = http_escape(kind ? kind : "");
	int status;

	fflush(stdout);
	for (;;) {
		_free_ char *path = text_printf(SLUICE_PATH_EVENTS "?watch=1&after=%lld%s%s",
						following->last, kind ? "&kind=" : "", escaped);

		status = http_lines(following->invocation, path, take_line, following);
		if (status)
			return status;
		wait_for_daemon(following);
	}
}

static int check_options(const struct invocation *invocation)
{
	const char *since = invocation->values[OPTION_NUMBER_SINCE];
	const char *limit = invocation->values[OPTION_NUMBER_LIMIT];
	uint64_t ms;

	if (since && !duration_parse(since, &ms))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a time like 30s, 5m or 24h", since);
	if (limit && (!limit[0] || strspn(limit, "0123456789") != strlen(limit)))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a number", limit);
	return SLUICE_EXIT_OK;
}

int run_events(const struct invocation *invocation)
{
	bool all =
		invocation->values[OPTION_NUMBER_SINCE] && !invocation->values[OPTION_NUMBER_LIMIT];
	struct following following = {.invocation = invocation, .is_there = true};
	_free_ char *query = query_of(invocation);
	int status = check_options(invocation);

	if (!status)
		status = all ? print_all(&following, query) : print_newest(&following, query);
	if (status || !(invocation->given & OPTION_FOLLOW))
		return status;
	return follow(&following);
}
