/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check and diff: what a configuration's file would do.
 */
#include "config.h"

#include "fail.h"
#include "http.h"
#include "sluiced.h"
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (8u << 20)

int run_check(const struct invocation *invocation)
{
	const char *file = invocation->arguments[0];
	char *argv[] = {NULL, "-n", strcmp(file, "-") ? (char *)file : "/dev/stdin",
			invocation->json ? "--json" : NULL, NULL};

	return sluiced_exec(argv);
}

/* "-" is standard input. */
static int read_file(const char *path, char **ret_text, size_t *ret_size)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = grow(NULL, FILE_MAX + 1);
	size_t size = in ? fread(text, 1, FILE_MAX + 1, in) : 0;
	bool failed = !in || ferror(in);
	int code = errno;

	if (in && in != stdin)
		fclose(in);
	if (!failed && size <= FILE_MAX) {
		*ret_text = text;
		*ret_size = size;
		return SLUICE_EXIT_OK;
	}
	free(text);
	if (!failed)
		return fail(SLUICE_EXIT_CONFIG, "%s: larger than 8 MiB", path);
	return fail(code == EACCES ? SLUICE_EXIT_PERMISSION : SLUICE_EXIT_FAILURE, "%s: %s", path,
		    strerror(code));
}

int config_send(const struct invocation *invocation, struct http_request *request, const char *path,
		const char *query, json_t **ret_object)
{
	const char *file = invocation->arguments[0];
	_free_ char *name = http_escape(file);
	_free_ char *with_name = text_printf("%s?name=%s%s", path, name, query);
	_free_ char *text = NULL;
	int status = read_file(file, &text, &request->size);

	if (status)
		return status;
	request->path = with_name;
	request->body = text;
	return http_json(invocation, request, ret_object);
}

/* ---- what changes -------------------------------------------------------------------------------------- */

static void print_change(const json_t *change)
{
	const char *path = json_string_value(json_object_get(change, "path"));
	const char *before = json_string_value(json_object_get(change, "before"));
	const char *after = json_string_value(json_object_get(change, "after"));
	bool restart = json_is_true(json_object_get(change, "restart"));

	if (before && after)
		printf("~ %s: %s -> %s", path, before, after);
	else
		printf("%s %s: %s", after ? "+" : "-", path, after ? after : before ? before : "");
	printf("%s\n", restart ? "  (after a restart)" : "");
}

static long long number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static void print_flows(const json_t *service, const char *what)
{
	long long flows = number(service, "flows");
	bool exact = json_is_true(json_object_get(service, "flows_exact"));

	if (flows)
		printf("; %s%lld live flow%s %s", exact ? "" : "at least ", flows,
		       flows == 1 ? "" : "s", what);
}

static void print_service(const json_t *service)
{
	long long slots = number(service, "slots"), moved = number(service, "slots_moved");

	printf("  service %s", json_string_value(json_object_get(service, "name")));
	if (json_is_true(json_object_get(service, "goes"))) {
		printf(" goes");
		print_flows(service, "end");
	} else if (json_is_true(json_object_get(service, "comes"))) {
		printf(" is new: %lld slots", slots);
	} else {
		printf(": %lld of %lld slots (%.1f%%) get another backend", moved, slots,
		       slots ? 100.0 * moved / slots : 0.0);
		print_flows(service, "drain");
	}
	putchar('\n');
}

static void print_warning(const json_t *warning)
{
	printf("warning: %s: %s\n", json_string_value(json_object_get(warning, "where")),
	       json_string_value(json_object_get(warning, "what")));
}

void config_print_changes(const json_t *object)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(object, "changes"), i, item) print_change(item);
	json_array_foreach(json_object_get(object, "services"), i, item) print_service(item);
	if (json_is_true(json_object_get(object, "restart")))
		printf("Some of it takes effect only when sluiced is started anew.\n");
	json_array_foreach(json_object_get(object, "warnings"), i, item) print_warning(item);
}

int run_diff(const struct invocation *invocation)
{
	struct http_request request = {.method = "POST"};
	json_t *object;
	bool same;

	/* 1 means "changes", as for diff(1): every failure is 2. */
	if (config_send(invocation, &request, SLUICE_PATH_DIFF, "", &object))
		return 2;
	same = json_is_true(json_object_get(object, "same"));
	if (invocation->json)
		table_print_json(object);
	else
		config_print_changes(object);
	json_decref(object);
	return same ? 0 : 1;
}
