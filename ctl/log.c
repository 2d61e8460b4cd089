/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log: the daemon's log, more of it or less.
 */
#include "fail.h"
#include "http.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static bool is_level(const char *word)
{
	return !strcmp(word, "error") || !strcmp(word, "warning") || !strcmp(word, "info") ||
	       !strcmp(word, "debug");
}

/* Leaves only the component of that name in the object; NULL leaves all. */
static int keep(json_t *object, const char *name)
{
	json_t *all = json_object_get(object, "components"), *component, *kept;
	size_t i;

	if (!name)
		return SLUICE_EXIT_OK;
	json_array_foreach(all, i, component)
	{
		const char *own = json_string_value(json_object_get(component, "name"));

		if (!own || strcmp(own, name))
			continue;
		kept = json_pack("[O]", component);
		json_object_set_new(object, "components", kept);
		return SLUICE_EXIT_OK;
	}
	return fail(SLUICE_EXIT_NOT_FOUND, "\"%s\" is no component and no level; see sluicectl log",
		    name);
}

static void print(const struct invocation *invocation, const json_t *object)
{
	static const struct column columns[] = {
		{"COMPONENT", "name", NULL, false},
		{"LEVEL", "level", NULL, false},
		{NULL, NULL, NULL, false},
	};

	if (invocation->json)
		table_print_json(object);
	else
		table_print(invocation, columns, json_object_get(object, "components"), NULL);
}

static int set(const struct invocation *invocation, const char *component, const char *level,
	       json_t **ret_object)
{
	json_t *body = component ? json_pack("{s:s, s:s}", "component", component, "level", level)
				 : json_pack("{s:s}", "level", level);
	struct http_request request = {.method = "PUT", .path = SLUICE_PATH_LOG};
	_free_ char *text = NULL;

	if (!body)
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not UTF-8", component);
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	request.body = text;
	request.size = strlen(text);
	return http_json(invocation, &request, ret_object);
}

int run_log(const struct invocation *invocation)
{
	const char *component = invocation->n_arguments ? invocation->arguments[0] : NULL;
	const char *level = invocation->n_arguments == 2 ? invocation->arguments[1] : NULL;
	json_t *object = NULL;
	int status;

	if (invocation->n_arguments == 1 && is_level(component)) {
		level = component;
		component = NULL;
	}
	if (level && !is_level(level))
		return fail(SLUICE_EXIT_USAGE,
			    "\"%s\" is not a level (error, warning, info, debug)", level);
	status = level ? set(invocation, component, level, &object)
		       : http_get(invocation, SLUICE_PATH_LOG, &object);
	if (!status)
		status = keep(object, component);
	if (!status)
		print(invocation, object);
	json_decref(object);
	return status;
}
