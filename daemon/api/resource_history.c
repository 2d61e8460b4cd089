/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations, newest first.
 */
#include "api/resource.h"

#include "api/number.h"
#include "api/time_text.h"
#include "base/memory.h"
#include "state/store.h"

#include <stdlib.h>

#define HISTORY_DEFAULT 50

struct asked {
	const struct api_context *context;
	const struct request *request;
};

static json_t *generation_object(const struct generation *generation)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "number",
		(json_int_t)generation->number, "parent", (json_int_t)generation->parent, "state",
		generation_state_word(generation->state), "author", generation->author, "reason",
		generation->reason, "source", generation->source, "error", generation->error,
		"hash", generation->hash, "size", (json_int_t)generation->config_size);

	json_object_set_new(object, "begun_at", time_text_ms(generation->begun_ms));
	json_object_set_new(object, "ended_at", time_text_ms(generation->ended_ms));
	json_object_set_new(object, "confirm_until", time_text_ms(generation->deadline_ms));
	return object;
}

static void on_listed(void *context, struct store_answer *stored)
{
	struct asked *asked = context;
	struct answer answer = {0};
	json_t *object, *list = json_array();

	if (stored->result) {
		json_decref(list);
		answer_problem(&answer, 503, "the history can't be read", &stored->errors);
	} else {
		object = answer_new_object(asked->context, "History");
		for (size_t i = 0; i < stored->n_generations; i++)
			json_array_append_new(list, generation_object(&stored->generations[i]));
		json_object_set_new(object, "generations", list);
		answer_object(&answer, object);
	}
	request_answer(asked->request, &answer);
	free(asked);
}

static void read_number(const struct request *request, const char *name, uint64_t *ret_number,
			struct sl_errors *errors)
{
	const char *text = request_query(request, name);

	if (text && !number_parse(text, ret_number))
		sl_fail(errors, 0, name, "\"%s\" is no number", text);
}

void resource_history(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	uint64_t before = 0, limit = HISTORY_DEFAULT;
	struct sl_errors errors = {0};
	struct asked *asked;

	read_number(request, "before", &before, &errors);
	read_number(request, "limit", &limit, &errors);
	if (errors.count) {
		answer_problem(answer, 400, "the question has errors", &errors);
		return;
	}
	asked = sl_calloc(1, sizeof(*asked));
	*asked = (struct asked){context, request};
	if (store_list(context->store, before, limit, on_listed, asked, &errors)) {
		free(asked);
		answer_problem(answer, 503, "the history can't be read", &errors);
	}
}
