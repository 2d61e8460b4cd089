/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much is logged, in both processes alike.
 */
#include "api/resource.h"

#include "api/actor.h"
#include "api/body.h"
#include "base/log.h"
#include "loader/loader.h"

void resource_log(const struct api_context *context, const struct request *request,
		  struct answer *answer)
{
	json_t *object = answer_new_object(context, "Log"), *list = json_array();
	struct log_status status;

	log_get_status(&status);
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", log_component_word(i),
						      "level",
						      log_level_word(status.settings.levels[i])));
	json_object_set_new(object, "format", json_string(log_format_word(status.settings.format)));
	json_object_set_new(object, "components", list);
	json_object_set_new(object, "suppressed", json_integer(status.suppressed));
	json_object_set_new(object, "dropped", json_integer(status.dropped));
	answer_object(answer, object);
}

/* The loader first: if it can't, nothing has changed. */
void resource_set_log(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	struct sl_errors errors = {0};
	struct body_log body;

	if (body_parse_log(request->body, request->size, &body, &errors)) {
		answer_problem(answer, 400, "the request is wrong", &errors);
		return;
	}
	if (loader_log(context->loader, body.component, body.level, &errors)) {
		answer_problem(answer, 500, "the loader's level could not be set", &errors);
		return;
	}
	log_set_level(body.component, body.level);
	actor_tell(context, request, EVENT_LOG_LEVEL, NULL, "%s logs %s from now on",
		   body.component == LOG_COMPONENT_ALL ? "every component"
						       : log_component_word(body.component),
		   log_level_word(body.level));
	resource_log(context, request, answer);
}
