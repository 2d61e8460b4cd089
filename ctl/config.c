/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check, diff and apply: what is done with a configuration's file.
 */
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

static int send_file(const struct invocation *invocation, struct http_request *request,
		     const char *path, const char *query, json_t **ret_object)
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

static void print_service(const json_t *service)
{
	long long slots = json_integer_value(json_object_get(service, "slots"));
	long long moved = json_integer_value(json_object_get(service, "slots_moved"));

	if (!slots) {
		printf("  service %s goes; its flows end\n",
		       json_string_value(json_object_get(service, "name")));
		return;
	}
	printf("  service %s: %lld of %lld slots (%.1f%%) get another backend\n",
	       json_string_value(json_object_get(service, "name")), moved, slots,
	       slots ? 100.0 * moved / slots : 0.0);
}

static void print_changes(const json_t *object)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(object, "changes"), i, item) print_change(item);
	json_array_foreach(json_object_get(object, "services"), i, item) print_service(item);
	if (json_is_true(json_object_get(object, "restart")))
		printf("Some of it takes effect only when sluiced is started anew.\n");
}

int run_diff(const struct invocation *invocation)
{
	struct http_request request = {.method = "POST"};
	json_t *object;
	bool same;

	/* 1 means "changes", as for diff(1): every failure is 2. */
	if (send_file(invocation, &request, SLUICE_PATH_DIFF, "", &object))
		return 2;
	same = json_is_true(json_object_get(object, "same"));
	if (invocation->json)
		table_print_json(object);
	else
		print_changes(object);
	json_decref(object);
	return same ? 0 : 1;
}

int run_apply(const struct invocation *invocation)
{
	struct http_request request = {
		.method = "PUT",
	};
	bool dry_run = invocation->given & OPTION_DRY_RUN;
	json_t *object;
	int status;

	status = send_file(invocation, &request, SLUICE_PATH_CONFIG, dry_run ? "&dry-run=1" : "",
			   &object);
	if (status)
		return status;
	if (invocation->json) {
		table_print_json(object);
	} else {
		print_changes(object);
		printf(dry_run ? "dry run: nothing has changed; generation %lld\n"
			       : "applied: generation %lld\n",
		       (long long)json_integer_value(json_object_get(object, "generation")));
	}
	json_decref(object);
	return SLUICE_EXIT_OK;
}
