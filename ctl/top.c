/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top: what services, backends and verdicts get a second, from the difference of two looks. The busiest
 * stand first.
 */
#include "duration.h"
#include "fail.h"
#include "http.h"
#include "screen.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_INTERVAL_MS 1000
#define TABLES		    3

/* The three lists, each with what tells a row from the others. */
static const struct kind {
	const char *path, *list, *name, *owner; /* owner NULL: the name is enough */
} kinds[TABLES] = {
	{SLUICE_PATH_SERVICES, "services", "name", NULL},
	{SLUICE_PATH_BACKENDS, "backends", "name", "pool"},
	{SLUICE_PATH_VERDICTS, "verdicts", "verdict", NULL},
};
static const char *const counters[] = {"packets", "bytes", "new_flows"};

struct look {
	json_t *rows[TABLES];
	double at_s;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void forget(struct look *look)
{
	for (int i = 0; i < TABLES; i++)
		json_decref(look->rows[i]);
	memset(look, 0, sizeof(*look));
}

static int take_look(const struct invocation *invocation, struct look *ret_look)
{
	struct look look = {.at_s = now_s()};

	for (int i = 0; i < TABLES; i++) {
		json_t *object;
		int status = http_get(invocation, kinds[i].path, &object);

		if (status) {
			forget(&look);
			return status;
		}
		look.rows[i] = json_incref(json_object_get(object, kinds[i].list));
		json_decref(object);
	}
	*ret_look = look;
	return SLUICE_EXIT_OK;
}

/* ---- rates --------------------------------------------------------------------------------------- */

static bool is_same(const struct kind *kind, const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, kind->name), json_object_get(b, kind->name)) &&
	       (!kind->owner ||
		json_equal(json_object_get(a, kind->owner), json_object_get(b, kind->owner)));
}

/* Rows keep their places unless the configuration changed: look there first. */
static const json_t *find_before(const struct kind *kind, const json_t *rows, const json_t *row,
				 size_t place)
{
	const json_t *before = json_array_get(rows, place);
	size_t i;

	if (is_same(kind, before, row))
		return before;
	json_array_foreach(rows, i, before) if (is_same(kind, before, row)) return before;
	return NULL;
}

/* A counter that went back is a new one of the same name: what it has counted came since then. */
static json_int_t growth(const json_t *before, const json_t *row, const char *counter)
{
	json_int_t now = json_integer_value(json_object_get(row, counter));
	json_int_t then = json_integer_value(json_object_get(before, counter));

	return now < then ? now : now - then;
}

/* Member "rates": {"packets", "bytes", "new_flows"} a second. A row that was not there before has none. */
static void add_rates(const struct kind *kind, const json_t *rows_before, json_t *row, size_t place,
		      double seconds)
{
	const json_t *before = find_before(kind, rows_before, row, place);
	json_t *rates = json_object();

	for (size_t i = 0; before && i < sizeof(counters) / sizeof(*counters); i++)
		if (json_object_get(row, counters[i]))
			json_object_set_new(
				rates, counters[i],
				json_integer(
					(json_int_t)(growth(before, row, counters[i]) / seconds +
						     0.5)));
	json_object_set_new(row, "rates", rates);
}

static json_int_t rate(const json_t *row, const char *counter)
{
	return json_integer_value(json_object_get(json_object_get(row, "rates"), counter));
}

static int compare(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	json_int_t of_x = rate(x, "packets"), of_y = rate(y, "packets");

	if (of_x == of_y) {
		of_x = json_integer_value(json_object_get(x, "packets"));
		of_y = json_integer_value(json_object_get(y, "packets"));
	}
	return (of_x < of_y) - (of_x > of_y);
}

static json_t *sorted(const json_t *rows)
{
	size_t count = json_array_size(rows);
	json_t **list = grow(NULL, (count + 1) * sizeof(*list)), *result = json_array();

	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(rows, i);
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++)
		json_array_append(result, list[i]);
	free(list);
	return result;
}

static void compare_looks(const struct look *before, struct look *look)
{
	double seconds = look->at_s - before->at_s;
	json_t *row, *rows;
	size_t place;

	for (int i = 0; i < TABLES; i++) {
		json_array_foreach(look->rows[i], place, row)
			add_rates(&kinds[i], before->rows[i], row, place, seconds);
		rows = sorted(look->rows[i]);
		json_decref(look->rows[i]);
		look->rows[i] = rows;
	}
}

/* ---- what is shown ------------------------------------------------------------------------------- */

static char *packets_column(const json_t *row)
{
	return table_number(rate(row, "packets"));
}

/* Links are rated in bits. */
static char *bits_column(const json_t *row)
{
	return table_number(8 * rate(row, "bytes"));
}

static char *flows_column(const json_t *row)
{
	return table_number(rate(row, "new_flows"));
}

static char *backend_column(const json_t *row)
{
	return text_printf("%s/%s", json_string_value(json_object_get(row, "pool")),
			   json_string_value(json_object_get(row, "name")));
}

static char *records_column(const json_t *row)
{
	_free_ char *count = table_number(json_integer_value(json_object_get(row, "flow_records")));

	return text_printf("%s%s", count,
			   json_is_true(json_object_get(row, "flows_exact")) ? "" : "+");
}

#define RATES                                                                                      \
	{"PACKETS/S", NULL, packets_column, true},                                                 \
	{                                                                                          \
		"BIT/S", NULL, bits_column, true                                                   \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, NULL, false                                                            \
	}

static const struct column service_columns[] = {
	{"SERVICE", "name", NULL, false},	   RATES,
	{"NEW FLOWS/S", NULL, flows_column, true}, {"USABLE", "usable", NULL, true},
	{"MOVING", "moving", NULL, true},	   END,
};
static const struct column backend_columns[] = {
	{"BACKEND", NULL, backend_column, false},  RATES,
	{"NEW FLOWS/S", NULL, flows_column, true}, {"FLOWS", NULL, records_column, true},
	{"STATE", "state", NULL, false},	   {"ADMIN", "admin", NULL, false},
	{"WEIGHT", "weight", NULL, true},	   END,
};
static const struct column verdict_columns[] = {
	{"VERDICT", "verdict", NULL, false}, RATES, {"ACTION", "action", NULL, false},
	{"PACKETS", "packets", NULL, true},  END,
};
static const struct column *const columns[TABLES] = {service_columns, backend_columns,
						     verdict_columns};

/* The first rows of a list, as many as fit; verdicts without a packet are no news. */
static void print_list(const struct invocation *invocation, int which, const json_t *rows,
		       size_t fit)
{
	json_t *some = json_array(), *row;
	size_t i, left = 0;

	json_array_foreach((json_t *)rows, i, row)
	{
		if (which == 2 && !json_integer_value(json_object_get(row, "packets")))
			continue;
		if (json_array_size(some) < fit)
			json_array_append(some, row);
		else
			left++;
	}
	putchar('\n');
	table_print(invocation, columns[which], some, NULL);
	if (left)
		printf("... and %zu more\n", left);
	json_decref(some);
}

static void print_head(const struct look *look)
{
	json_int_t packets = 0, bits = 0;
	json_t *row;
	size_t i;
	_free_ char *packets_text = NULL, *bits_text = NULL;

	json_array_foreach(look->rows[2], i, row)
	{
		packets += rate(row, "packets");
		bits += 8 * rate(row, "bytes");
	}
	packets_text = table_number(packets);
	bits_text = table_number(bits);
	printf("%s packets/s, %s bit/s received\n", packets_text, bits_text);
}

static void print_look(const struct invocation *invocation, const struct look *look, size_t height)
{
	json_t *object;

	if (invocation->json) {
		object = json_pack("{s:s, s:O, s:O, s:O}", "kind", "Top", "services", look->rows[0],
				   "backends", look->rows[1], "verdicts", look->rows[2]);
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
		return;
	}
	print_head(look);
	for (int i = 0; i < TABLES; i++)
		print_list(invocation, i, look->rows[i], height);
}

/* ---- again and again ----------------------------------------------------------------------------- */

/* Each table has a line of titles, one before it and maybe one behind. */
static size_t rows_that_fit(bool once)
{
	size_t lines = once ? 0 : screen_lines();

	return !lines ? SIZE_MAX : lines < 4 * TABLES + 1 ? 1 : (lines - 1) / TABLES - 3;
}

int run_top(const struct invocation *invocation)
{
	bool once = invocation->given & OPTION_ONCE, go_on = true;
	uint64_t interval_ms = DEFAULT_INTERVAL_MS;
	struct look before, look;
	int status = SLUICE_EXIT_OK;

	if (invocation->given & OPTION_INTERVAL &&
	    !duration_parse(invocation->values[OPTION_NUMBER_INTERVAL], &interval_ms))
		return fail(SLUICE_EXIT_USAGE,
			    "--interval: \"%s\" is not a time like 500ms, 2s or 1m",
			    invocation->values[OPTION_NUMBER_INTERVAL]);
	status = take_look(invocation, &before);
	if (status)
		return status;
	screen_begin(!once && !invocation->json);
	while (go_on) {
		go_on = screen_wait(interval_ms) && !once;
		if (!go_on && !once)
			break;
		status = take_look(invocation, &look);
		if (status)
			break;
		compare_looks(&before, &look);
		screen_clear();
		print_look(invocation, &look, rows_that_fit(once));
		fflush(stdout);
		forget(&before);
		before = look;
	}
	screen_end();
	forget(&before);
	return status;
}
