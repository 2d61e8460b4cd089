/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status, version and the show commands.
 */
#include "connection.h"
#include "fail.h"
#include "http.h"
#include "table.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *word(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "-";
}

static long long number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static char *bytes_column(const json_t *row)
{
	return table_bytes(number(row, "bytes"));
}

/* ---- tables -------------------------------------------------------------------------------------------- */

struct view {
	const char *list;
	const struct column *columns;
	bool (*wanted)(const json_t *row);
};

static void print_view(const struct invocation *invocation, const json_t *object,
		       const void *context)
{
	const struct view *view = context;

	table_print(invocation, view->columns, json_object_get(object, view->list), view->wanted);
}

static int show(const struct invocation *invocation, const char *path, const char *list,
		const struct column *columns, bool (*wanted)(const json_t *row))
{
	const struct view view = {list, columns, wanted};
	json_t *object;
	int status;

	if (invocation->given & OPTION_WATCH)
		return watch_run(invocation, path, print_view, &view);
	status = http_get(invocation, path, &object);
	if (status)
		return status;
	if (invocation->json)
		table_print_json(object);
	else
		print_view(invocation, object, &view);
	json_decref(object);
	return SLUICE_EXIT_OK;
}

static char *vip_column(const json_t *row)
{
	const char *vip = word(row, "vip");
	bool is_ip6 = strchr(vip, ':') != NULL;

	if (!number(row, "port"))
		return text_printf("%s %s", word(row, "protocol"), vip);
	return text_printf("%s %s%s%s:%lld", word(row, "protocol"), is_ip6 ? "[" : "", vip,
			   is_ip6 ? "]" : "", number(row, "port"));
}

static char *how_column(const json_t *row)
{
	bool is_shadow = !strcmp(word(row, "mode"), "shadow");

	return text_printf("%s, %s%s", word(row, "algorithm"), word(row, "forward"),
			   is_shadow ? ", shadow" : "");
}

int run_show_services(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"SERVICE", "name", NULL, false},
		{"ADDRESS", NULL, vip_column, false},
		{"USABLE", "usable", NULL, true},
		{"SLOTS", "slots", NULL, true},
		{"MOVING", "moving", NULL, true},
		{"TAIL", "tail", NULL, true},
		{"NEW FLOWS", "new_flows", NULL, true},
		{"PACKETS", "packets", NULL, true},
		{"BYTES", NULL, bytes_column, true},
		{"HOW", NULL, how_column, false},
		{NULL, NULL, NULL, false},
	};

	return show(invocation, SLUICE_PATH_SERVICES, "services", columns, NULL);
}

static char *backend_column(const json_t *row)
{
	return text_printf("%s/%s", word(row, "pool"), word(row, "name"));
}

/* The check's last result where it is the reason for something, or speaks against the state. */
static char *check_column(const json_t *row)
{
	const json_t *check = json_object_get(row, "check");
	const char *state = word(check, "state"), *last = word(check, "last");
	long long against = number(check, "streak");

	if (!check)
		return text_printf("none");
	if (!last[0] || (!strcmp(state, "up") && !against))
		return text_printf("%s", state);
	if (against)
		return text_printf("%s, but: %s (%lldx)", state, last, against);
	return text_printf("%s: %s", state, last);
}

/* Of how many, where an override is the reason. */
static char *weight_column(const json_t *row)
{
	long long now = number(row, "weight"), configured = number(row, "configured_weight");
	bool is_explained = !now && (strcmp(word(row, "admin"), "ready") != 0 ||
				     !strcmp(word(row, "state"), "down"));

	return now == configured || is_explained ? text_printf("%lld", now)
						 : text_printf("%lld of %lld", now, configured);
}

/* Where not all flows have a record, there are more than that. */
static char *records_column(const json_t *row)
{
	_free_ char *count = table_number(number(row, "flow_records"));
	bool exact = json_is_true(json_object_get(row, "flows_exact"));

	return text_printf("%s%s", count, exact ? "" : "+");
}

/* Who overrides it, and until when. */
static char *by_column(const json_t *row)
{
	const json_t *overrides = json_object_get(row, "overrides"), *one;
	char *text = NULL;
	const char *subject;

	json_object_foreach((json_t *)overrides, subject, one)
	{
		const char *until = json_string_value(json_object_get(one, "until"));
		_free_ char *before = text;

		text = text_printf("%s%s%s%s%s%s", before ? before : "", before ? "; " : "",
				   strcmp(subject, "weight") ? "" : "weight: ", word(one, "by"),
				   until ? " until " : "", until ? until : "");
	}
	return text;
}

int run_show_backends(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"BACKEND", NULL, backend_column, false}, {"ADDRESS", "address", NULL, false},
		{"STATE", "state", NULL, false},	  {"ADMIN", "admin", NULL, false},
		{"WEIGHT", NULL, weight_column, true},	  {"SLOTS", "slots", NULL, true},
		{"FLOWS", NULL, records_column, true},	  {"PACKETS", "packets", NULL, true},
		{"BYTES", NULL, bytes_column, true},	  {"CHECK", NULL, check_column, false},
		{"BY", NULL, by_column, false},		  {NULL, NULL, NULL, false},
	};

	return show(invocation, SLUICE_PATH_BACKENDS, "backends", columns, NULL);
}

static bool has_packets(const json_t *row)
{
	return number(row, "packets") > 0;
}

int run_show_verdicts(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"VERDICT", "verdict", NULL, false}, {"ACTION", "action", NULL, false},
		{"PACKETS", "packets", NULL, true},  {"BYTES", NULL, bytes_column, true},
		{"MEANING", "meaning", NULL, false}, {NULL, NULL, NULL, false},
	};

	return show(invocation, SLUICE_PATH_VERDICTS, "verdicts", columns, has_packets);
}

static char *attached_column(const json_t *row)
{
	long long left = number(row, "trial_left_ms");
	const char *mode = json_string_value(json_object_get(row, "attached_mode"));

	if (left)
		return text_printf("%s, for %lld s", mode ? mode : "?", (left + 999) / 1000);
	return text_printf("%s", mode ? mode : "not attached");
}

int run_show_interfaces(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"INTERFACE", "name", NULL, false}, {"ATTACHED", NULL, attached_column, false},
		{"WANTED", "mode", NULL, false},    {"BY", "attach", NULL, false},
		{NULL, NULL, NULL, false},
	};

	return show(invocation, SLUICE_PATH_INTERFACES, "interfaces", columns, NULL);
}

int run_show_flows(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"EVENT", "event", NULL, false},
		{"COUNT", "count", NULL, true},
		{"MEANING", "meaning", NULL, false},
		{NULL, NULL, NULL, false},
	};
	json_t *object;
	int status;

	if (invocation->json)
		return show(invocation, SLUICE_PATH_FLOWS, NULL, NULL, NULL);
	status = http_get(invocation, SLUICE_PATH_FLOWS, &object);
	if (status)
		return status;
	printf("%lld records, made for %lld flows, as of scan %lld\n\n", number(object, "records"),
	       number(object, "capacity"), number(object, "scans"));
	table_print(invocation, columns, json_object_get(object, "events"), NULL);
	json_decref(object);
	return SLUICE_EXIT_OK;
}

static bool is_number(const char *text)
{
	return text[0] && strspn(text, "0123456789") == strlen(text);
}

int run_show_config(const struct invocation *invocation)
{
	const char *format = invocation->json ? "json" : "yaml";
	const char *at = invocation->values[OPTION_NUMBER_AT];
	_free_ char *path = at ? text_printf(SLUICE_PATH_CONFIG "?format=%s&at=%s", format, at)
			       : text_printf(SLUICE_PATH_CONFIG "?format=%s", format);
	const struct http_request request = {.method = "GET", .path = path};
	_free_ char *text = NULL;
	size_t size;
	int status;

	if (at && !is_number(at))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a generation: see sluicectl history",
			    at);
	status = http_text(invocation, &request, &text, &size);
	if (!status)
		fwrite(text, 1, size, stdout);
	return status;
}

/* ---- status and version -------------------------------------------------------------------------------- */

static void print_status(const struct invocation *invocation, const json_t *object,
			 const void *context)
{
	const json_t *services = json_object_get(object, "services");
	const json_t *backends = json_object_get(object, "backends");
	const json_t *interfaces = json_object_get(object, "interfaces");
	const json_t *flows = json_object_get(object, "flows");
	const json_t *unconfirmed = json_object_get(object, "unconfirmed");
	const json_t *problem;
	size_t i;

	printf("%s%s%s\n", table_color(word(object, "health")), word(object, "health"),
	       table_plain());
	json_array_foreach(json_object_get(object, "problems"), i, problem)
		printf("  %s\n", json_string_value(problem));
	printf("\ngeneration  %lld, committed %s\n", number(object, "generation"),
	       word(object, "committed_at"));
	if (json_is_object(unconfirmed))
		printf("            undoes itself at %s: `sluicectl confirm` keeps it\n",
		       word(unconfirmed, "until"));
	printf("interfaces  %lld of %lld attached\n", number(interfaces, "attached"),
	       number(interfaces, "total"));
	printf("services    %lld of %lld served\n", number(services, "usable"),
	       number(services, "total"));
	printf("backends    %lld up, %lld draining, %lld down\n", number(backends, "up"),
	       number(backends, "draining"), number(backends, "down"));
	printf("flows       %lld records, made for %lld flows\n", number(flows, "records"),
	       number(flows, "capacity"));
}

/* Without an answer: above 2, so that it is never taken for one of the three words. */
int run_status(const struct invocation *invocation)
{
	const char *health;
	json_t *object;
	int status;

	if (invocation->given & OPTION_WATCH)
		return watch_run(invocation, SLUICE_PATH_STATUS, print_status, NULL);
	status = http_get(invocation, SLUICE_PATH_STATUS, &object);
	if (status)
		return status == SLUICE_EXIT_FAILURE ? 2 : status;
	if (invocation->json)
		table_print_json(object);
	else
		print_status(invocation, object, NULL);
	health = word(object, "health");
	status = !strcmp(health, "healthy") ? 0 : !strcmp(health, "degraded") ? 1 : 2;
	json_decref(object);
	return status;
}

int run_version(const struct invocation *invocation)
{
	json_t *daemon = NULL, *object;
	int status = 0;

	if (connection_is_daemon_there(invocation))
		status = http_get(invocation, SLUICE_PATH_VERSION, &daemon);
	if (invocation->json) {
		object = json_pack("{s:s, s:s, s:o*}", "kind", "Versions", "client", SLUICE_VERSION,
				   "daemon", daemon);
		table_print_json(object);
		json_decref(object);
		return status;
	}
	printf("sluicectl %s\n", SLUICE_VERSION);
	if (daemon)
		printf("sluiced   %s (maps: %lld)\n", word(daemon, "version"),
		       number(daemon, "abi"));
	else if (!status)
		printf("sluiced   does not run\n");
	json_decref(daemon);
	return status;
}
