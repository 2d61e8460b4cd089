/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: as it is, as it was, and as it would become.
 */
#include "api/resource.h"

#include "api/impact_object.h"
#include "api/number.h"
#include "base/memory.h"
#include "change/change.h"
#include "config/read.h"
#include "config/write.h"
#include "engine/engine.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

static void answer_config(const struct api_context *context, const struct request *request,
			  uint64_t number, char *text, struct answer *answer)
{
	const char *format = request_query(request, "format");
	_cleanup_config_ struct config *config = NULL;

	if (format && !strcmp(format, "json") &&
	    !config_read("", text, strlen(text), &config, NULL)) {
		free(text);
		answer_text(answer, "application/json", config_write_json(config));
	} else {
		answer_text(answer, "application/yaml", text);
	}
}

/* ---- as it was ------------------------------------------------------------------------------------- */

struct at {
	const struct api_context *context;
	const struct request *request;
};

static void on_got(void *context, struct store_answer *stored)
{
	struct at *at = context;
	struct answer answer = {0};

	if (stored->result == STORE_OK)
		answer_config(at->context, at->request, stored->number,
			      steal(&stored->generation.config), &answer);
	else
		answer_problem(&answer, stored->result == STORE_NOT_FOUND ? 404 : 503,
			       "that generation can't be shown", &stored->errors);
	request_answer(at->request, &answer);
	free(at);
}

static void show_at(const struct api_context *context, const struct request *request,
		    const char *text, struct answer *answer)
{
	struct sl_errors errors = {0};
	struct at *at;
	uint64_t number;

	if (!number_parse(text, &number)) {
		sl_fail(&errors, 0, "at", "\"%s\" is no generation's number", text);
		answer_problem(answer, 400, "that generation can't be shown", &errors);
		return;
	}
	at = sl_calloc(1, sizeof(*at));
	*at = (struct at){context, request};
	if (store_get(context->store, number, on_got, at, &errors)) {
		free(at);
		answer_problem(answer, 503, "that generation can't be shown", &errors);
	}
}

void resource_config(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	const struct config *config = engine_config(context->engine);
	const char *at = request_query(request, "at");

	if (at)
		show_at(context, request, at, answer);
	else if (config)
		answer_config(context, request, engine_generation(context->engine),
			      config_write(config), answer);
	else
		answer_problem(answer, 404, "no configuration is committed", NULL);
}

/* ---- as it would become ---------------------------------------------------------------------------- */

void resource_diff(const struct api_context *context, const struct request *request,
		   struct answer *answer)
{
	const char *name = request_query(request, "name");
	_cleanup_config_ struct config *desired = NULL;
	struct sl_errors errors = {0};
	struct impact impact;
	json_t *object;

	if (config_read(name && name[0] ? name : "body", request->body, request->size, &desired,
			&errors)) {
		answer_problem(answer, 422, "the configuration has errors", &errors);
		return;
	}
	if (change_preview(context->change, desired, &impact, &errors)) {
		answer_problem(answer, 422, "the configuration can't be carried out", &errors);
		return;
	}
	object = answer_new_object(context, "Diff");
	impact_object_add(object, &impact);
	impact_deinit(&impact);
	answer_object(answer, object);
}
