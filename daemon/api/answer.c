/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/request.h"

#include "api/problem.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "sluice/api.h"

#include <errno.h>
#include <stdlib.h>

json_t *answer_new_object(const struct api_context *context, const char *kind)
{
	return json_pack("{s:s, s:s, s:I}", "apiVersion", SLUICE_API_VERSION, "kind", kind,
			 "generation", (json_int_t)engine_generation(context->engine));
}

static char *dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		sl_out_of_memory();
	return text;
}

void answer_text(struct answer *answer, const char *type, char *text)
{
	answer->status = 200;
	answer->type = type;
	answer->text = text;
}

void answer_object(struct answer *answer, json_t *object)
{
	answer_text(answer, "application/json", dump(object));
}

json_t *answer_errors(const struct sl_errors *errors)
{
	json_t *list = json_array();

	for (size_t i = 0; i < errors->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "where", errors->list[i].where,
						      "what", errors->list[i].what));
	return list;
}

void answer_problem(struct answer *answer, unsigned status, const char *title,
		    struct sl_errors *errors)
{
	static const struct sl_errors none;
	json_t *problem =
		json_pack("{s:s, s:s, s:i, s:o}", "type", problem_type(status), "title", title,
			  "status", (int)status, "errors", answer_errors(errors ? errors : &none));

	if (errors && errors->dropped)
		json_object_set_new(problem, "dropped", json_integer(errors->dropped));
	if (errors)
		sl_errors_deinit(errors);
	answer_text(answer, "application/problem+json", dump(problem));
	answer->status = status;
}

void answer_conflict(const struct api_context *context, struct answer *answer)
{
	struct sl_errors errors = {0};

	sl_fail(&errors, ESTALE, "If-Match", "the generation is %llu now",
		(unsigned long long)engine_generation(context->engine));
	answer_problem(answer, 412, "the configuration has changed meanwhile", &errors);
}
