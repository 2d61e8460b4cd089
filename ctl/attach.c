/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach: the way in again, for good or on trial.
 */
#include "duration.h"
#include "fail.h"
#include "http.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

static bool is_named(const struct invocation *invocation, const char *name)
{
	for (int i = 0; i < invocation->n_arguments; i++)
		if (!strcmp(invocation->arguments[i], name))
			return true;
	return !invocation->n_arguments;
}

static void print_attached(const struct invocation *invocation, const json_t *object)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(object, "interfaces"), i, interface)
	{
		const char *name = json_string_value(json_object_get(interface, "name"));
		const char *mode = json_string_value(json_object_get(interface, "attached_mode"));
		json_int_t left = json_integer_value(json_object_get(interface, "trial_left_ms"));

		if (!name || !is_named(invocation, name))
			continue;
		if (left)
			printf("%s: attached (%s) for %lld s; sluicectl attach %s keeps it\n", name,
			       mode ? mode : "?", (long long)(left + 999) / 1000, name);
		else
			printf("%s: attached (%s)\n", name, mode ? mode : "?");
	}
}

/* NULL: all. */
static int attach(const struct invocation *invocation, const char *interface, uint64_t for_ms,
		  json_t **ret_object)
{
	struct http_request request = {.method = "POST", .path = SLUICE_PATH_ATTACH};
	json_t *body = json_object();
	_free_ char *text = NULL;

	if (interface && json_object_set_new(body, "interface", json_string(interface))) {
		json_decref(body);
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not UTF-8", interface);
	}
	if (for_ms)
		json_object_set_new(body, "for_ms", json_integer((json_int_t)for_ms));
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	request.body = text;
	request.size = strlen(text);
	return http_json(invocation, &request, ret_object);
}

static int read_time(const char *text, uint64_t *ret_ms)
{
	if (text && (!duration_parse(text, ret_ms) || *ret_ms < SLUICE_TRIAL_MIN_MS ||
		     *ret_ms > SLUICE_TRIAL_MAX_MS))
		return fail(SLUICE_EXIT_USAGE, "--for \"%s\" is not a time from 1s to 24h", text);
	return SLUICE_EXIT_OK;
}

int run_attach(const struct invocation *invocation)
{
	json_t *object = NULL;
	uint64_t for_ms = 0;
	int status = read_time(invocation->values[OPTION_NUMBER_FOR], &for_ms);

	if (!status && !invocation->n_arguments)
		status = attach(invocation, NULL, for_ms, &object);
	for (int i = 0; !status && i < invocation->n_arguments; i++) {
		json_decref(object);
		object = NULL;
		status = attach(invocation, invocation->arguments[i], for_ms, &object);
	}
	if (!status && invocation->json)
		table_print_json(object);
	else if (!status)
		print_attached(invocation, object);
	json_decref(object);
	return status;
}
