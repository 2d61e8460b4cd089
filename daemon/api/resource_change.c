/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the configuration: asked for here, answered when they are done.
 */
#include "api/resource.h"

#include "api/actor.h"
#include "api/impact_object.h"
#include "api/number.h"
#include "api/time_text.h"
#include "base/log.h"
#include "base/memory.h"
#include "change/change.h"
#include "config/read.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

struct asked {
	const struct api_context *context;
	const struct request *request;
	bool dry_run;
	const char *kind; /* of the object */
};

/* ---- the answer -------------------------------------------------------------------------------------- */

static void answer_change(const struct asked *asked, struct change_answer *said,
			  struct answer *answer)
{
	json_t *object = answer_new_object(asked->context, asked->kind);

	if (said->impact.services)
		impact_object_add(object, &said->impact);
	if (!asked->dry_run) {
		json_object_set_new(object, "recorded", json_boolean(said->result == CHANGE_DONE));
		json_object_set_new(object, "confirm_until", time_text_ms(said->deadline_ms));
	}
	answer_object(answer, object);
}

/* X(result, status, title) */
#define PROBLEMS(X)                                                                                \
	X(INVALID, 422, "the configuration can't be carried out")                                  \
	X(STALE, 412, "the configuration has changed meanwhile")                                   \
	X(TOO_LARGE, 409, "more would move than is allowed; nothing has changed")                  \
	X(IN_TRIAL, 409, "another change waits to be confirmed; nothing has changed")              \
	X(NO_TRIAL, 409, "nothing of that waits to be confirmed")                                  \
	X(NOT_FOUND, 404, "no such generation; nothing has changed")                               \
	X(FAILED, 500, "the commit failed; nothing has changed")                                   \
	X(UNAVAILABLE, 503, "the change can't be recorded; nothing has changed")                   \
	X(UNSURE, 503, "the change is in force, but may not survive a restart")

static void on_done(void *context, struct change_answer *said)
{
	static const struct {
		unsigned status;
		const char *title;
	} problems[] = {
#define X(name, its_status, its_title) [CHANGE_##name] = {its_status, its_title},
		PROBLEMS(X)
#undef X
	};
	struct asked *asked = context;
	struct answer answer = {0};

	if (said->result == CHANGE_DONE || said->result == CHANGE_UNRECORDED)
		answer_change(asked, said, &answer);
	else
		answer_problem(&answer, problems[said->result].status, problems[said->result].title,
			       &said->errors);
	request_answer(asked->request, &answer);
	free(asked);
}

/* ---- the question ------------------------------------------------------------------------------------ */

static void read_number(const char *text, uint64_t *ret_number, struct sl_errors *errors)
{
	if (text && !number_parse(text, ret_number))
		sl_fail(errors, 0, "number", "\"%s\" is no generation's number", text);
}

static void read_confirm(const char *text, uint32_t *ret_ms, struct sl_errors *errors)
{
	uint64_t ms;

	if (!text)
		return;
	if (number_parse_duration(text, &ms) && ms >= CHANGE_CONFIRM_MIN_MS &&
	    ms <= CHANGE_CONFIRM_MAX_MS)
		*ret_ms = ms;
	else
		sl_fail(errors, 0, "confirm", "\"%s\" is not a time from 1s to 24h", text);
}

static void read_move(const char *text, uint32_t *ret_ppm, struct sl_errors *errors)
{
	if (text && !number_parse_share(text, ret_ppm))
		sl_fail(errors, 0, "max-move", "\"%s\" is not a share like 5%% (0%% to 100%%)",
			text);
}

static void read_reason(const char *text, char reason[RECORD_TEXT_MAX], struct sl_errors *errors)
{
	if (text && strlen(text) >= RECORD_TEXT_MAX)
		sl_fail(errors, 0, "reason", "longer than %d bytes", RECORD_TEXT_MAX - 1);
	else
		record_text(reason, RECORD_TEXT_MAX, text);
}

/* What If-Match names is in force now, or the request had been refused; when its turn comes, too. */
static void read_question(const struct api_context *context, const struct request *request,
			  struct change_request *change, struct sl_errors *errors)
{
	const char *match = request_header(request, "If-Match");
	const char *dry_run = request_query(request, "dry-run");

	actor_describe(request, change->author, change->trace);
	record_set(change->source, "api");
	change->dry_run = dry_run && strcmp(dry_run, "0");
	if (match && strcmp(match, "*"))
		change->if_generation = engine_generation(context->engine);
	read_number(request_query(request, "number"), &change->number, errors);
	read_confirm(request_query(request, "confirm"), &change->confirm_ms, errors);
	read_move(request_query(request, "max-move"), &change->max_move_ppm, errors);
	read_reason(request_query(request, "reason"), change->reason, errors);
}

/* Takes errors and the request. */
static void ask(const struct api_context *context, const struct request *request, const char *kind,
		struct change_request *change, struct sl_errors *errors, struct answer *answer)
{
	struct asked *asked;

	if (errors->count) {
		config_free(change->desired);
		answer_problem(answer, 400, "the question has errors", errors);
		return;
	}
	asked = sl_calloc(1, sizeof(*asked));
	*asked = (struct asked){context, request, change->dry_run, change->dry_run ? "Diff" : kind};
	change_submit(context->change, change, on_done, asked);
}

void resource_set_config(const struct api_context *context, const struct request *request,
			 struct answer *answer)
{
	struct change_request change = CHANGE_REQUEST(CHANGE_APPLY);
	const char *name = request_query(request, "name");
	struct sl_errors errors = {0};

	read_question(context, request, &change, &errors);
	if (name && name[0])
		record_set(change.source, name);
	if (!errors.count && config_read(name && name[0] ? name : "body", request->body,
					 request->size, &change.desired, &errors))
		answer_problem(answer, 422, "the configuration has errors", &errors);
	else
		ask(context, request, "Commit", &change, &errors, answer);
}

void resource_rollback(const struct api_context *context, const struct request *request,
		       struct answer *answer)
{
	struct change_request change = CHANGE_REQUEST(CHANGE_ROLLBACK);
	struct sl_errors errors = {0};

	read_question(context, request, &change, &errors);
	ask(context, request, "Rollback", &change, &errors, answer);
}

void resource_confirm(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	struct change_request change = CHANGE_REQUEST(CHANGE_CONFIRM);
	struct sl_errors errors = {0};

	read_question(context, request, &change, &errors);
	ask(context, request, "Confirm", &change, &errors, answer);
}
