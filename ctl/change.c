/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply, confirm, rollback and history: the life of the configuration.
 */
#include "config.h"
#include "duration.h"
#include "fail.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- what is asked ----------------------------------------------------------------------------------- */

static int check_number(const char *text)
{
	if (text && (!text[0] || strspn(text, "0123456789") != strlen(text)))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a generation: see sluicectl history",
			    text);
	return SLUICE_EXIT_OK;
}

static int check_options(const struct invocation *invocation)
{
	const char *confirm = invocation->values[OPTION_NUMBER_CONFIRM];
	const char *move = invocation->values[OPTION_NUMBER_MAX_MOVE];
	int status = check_number(invocation->values[OPTION_NUMBER_IF_GENERATION]);
	uint64_t ms;
	double share;
	char *end;

	if (confirm && !duration_parse(confirm, &ms))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a time like 60s or 5m", confirm);
	if (move) {
		share = strtod(move, &end);
		if (end == move || strspn(move, "0123456789.") != (size_t)(end - move) ||
		    (end[0] && strcmp(end, "%") != 0) || share > 100)
			return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a share like 5%%", move);
	}
	return status;
}

/* Caller frees. */
static char *query_of(const struct invocation *invocation)
{
	static const struct {
		enum option_number option;
		const char *name;
	} members[] = {
		{OPTION_NUMBER_CONFIRM, "confirm"},
		{OPTION_NUMBER_MAX_MOVE, "max-move"},
		{OPTION_NUMBER_MESSAGE, "reason"},
	};
	char *query = text_printf("%s", invocation->given & OPTION_DRY_RUN ? "&dry-run=1" : "");

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const char *value = invocation->values[members[i].option];
		_free_ char *before = query, *escaped = value ? http_escape(value) : NULL;

		query = value ? text_printf("%s&%s=%s", before, members[i].name, escaped)
			      : text_printf("%s", before);
	}
	return query;
}

/* ---- what came of it --------------------------------------------------------------------------------- */

static void print_note(const json_t *object)
{
	if (json_is_false(json_object_get(object, "recorded")))
		printf("warning: the store does not answer: this is not in the history yet\n");
}

static void print_end(const struct invocation *invocation, const json_t *object, const char *word)
{
	const char *until = text_of(object, "confirm_until");
	long long generation = number_of(object, "generation");
	bool warned = json_array_size(json_object_get(object, "warnings")) > 0;

	if (invocation->given & OPTION_DRY_RUN)
		printf("dry run: nothing has changed; generation %lld\n", generation);
	else if (json_is_true(json_object_get(object, "same")))
		printf("the same is in force already: generation %lld\n", generation);
	else if (until[0])
		printf("%s: generation %lld, until %s: `sluicectl confirm` keeps it\n", word,
		       generation, until);
	else
		printf("%s: generation %lld\n", word, generation);
	if (warned && !(invocation->given & OPTION_CONFIRM))
		printf("With --confirm 60s it would undo itself if you are locked out.\n");
}

static int print(const struct invocation *invocation, json_t *object, const char *word)
{
	if (invocation->json) {
		table_print_json(object);
	} else {
		config_print_changes(object);
		print_note(object);
		print_end(invocation, object, word);
	}
	json_decref(object);
	return SLUICE_EXIT_OK;
}

int run_apply(const struct invocation *invocation)
{
	struct http_request request = {.method = "PUT"};
	_free_ char *query = query_of(invocation);
	json_t *object;
	int status = check_options(invocation);

	if (!status)
		status = config_send(invocation, &request, SLUICE_PATH_CONFIG, query, &object);
	return status ? status : print(invocation, object, "applied");
}

/* POSTs to the path, with the number if there is one. */
static int post(const struct invocation *invocation, const char *path, json_t **ret_object)
{
	const char *number = invocation->n_arguments ? invocation->arguments[0] : NULL;
	_free_ char *options = query_of(invocation);
	_free_ char *numbered = number ? text_printf("&number=%s", number) : text_printf("%s", "");
	_free_ char *whole = text_printf("%s?%s%s", path, numbered, options);
	struct http_request request = {.method = "POST", .path = whole, .body = ""};
	int status = check_number(number);

	if (!status)
		status = check_options(invocation);
	return status ? status : http_json(invocation, &request, ret_object);
}

int run_confirm(const struct invocation *invocation)
{
	json_t *object;
	int status = post(invocation, SLUICE_PATH_CONFIRM, &object);

	return status ? status : print(invocation, object, "confirmed");
}

int run_rollback(const struct invocation *invocation)
{
	json_t *object;
	int status = post(invocation, SLUICE_PATH_ROLLBACK, &object);

	return status ? status : print(invocation, object, "rolled back");
}

/* ---- history ----------------------------------------------------------------------------------------- */

/* What the operator said, else why it failed. */
static char *why(const json_t *row)
{
	const char *reason = text_of(row, "reason"), *error = text_of(row, "error");

	if (reason[0] && error[0])
		return text_printf("%s (%s)", reason, error);
	return reason[0] || error[0] ? text_printf("%s", reason[0] ? reason : error) : NULL;
}

int run_history(const struct invocation *invocation)
{
	static const struct column columns[] = {
		{"GENERATION", "number", NULL, true},
		{"STATE", "state", NULL, false},
		{"BEGUN", "begun_at", NULL, false},
		{"BY", "author", NULL, false},
		{"FROM", "source", NULL, false},
		{"WHY", NULL, why, false},
		{NULL, NULL, NULL, false},
	};
	const char *limit = invocation->values[OPTION_NUMBER_LIMIT];
	_free_ char *path = text_printf(SLUICE_PATH_HISTORY "?limit=%s", limit ? limit : "20");
	json_t *object;
	int status = SLUICE_EXIT_OK;

	if (limit && (!limit[0] || strspn(limit, "0123456789") != strlen(limit)))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a number", limit);
	status = http_get(invocation, path, &object);
	if (status)
		return status;
	if (invocation->json)
		table_print_json(object);
	else
		table_print(invocation, columns, json_object_get(object, "generations"), NULL);
	json_decref(object);
	return SLUICE_EXIT_OK;
}
