/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backends of all pools, and the operator's word on one of them.
 */
#include "api/resource.h"

#include "api/actor.h"
#include "api/backend_object.h"
#include "api/body.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "override/override.h"

#include <stdlib.h>
#include <string.h>

void resource_backends(const struct api_context *context, const struct request *request,
		       struct answer *answer)
{
	const struct config *config = engine_config(context->engine);
	uint32_t ids = engine_world(context->engine)->size.backends;
	_cleanup_free_ struct traffic_counter *traffic = sl_calloc(ids, sizeof(*traffic));
	json_t *object, *list = json_array();
	struct engine_flows flows;

	if (dataplane_backend_traffic(engine_dataplane(context->engine), traffic, ids)) {
		json_decref(list);
		answer_problem(answer, 500, "counters can't be read", NULL);
		return;
	}
	for (size_t i = 0; config && i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_backends; j++)
			json_array_append_new(list, backend_object(context, i, j, traffic));
	engine_flows(context->engine, &flows);
	object = answer_new_object(context, "Backends");
	json_object_set_new(object, "scans", json_integer(flows.scans));
	json_object_set_new(object, "backends", list);
	answer_object(answer, object);
}

/* ---- overrides --------------------------------------------------------------------------------------- */

struct asked {
	const struct api_context *context;
	const struct request *request;
	char pool[CONFIG_NAME_MAX], backend[CONFIG_NAME_MAX];
};

/* "pool/backend". False: it isn't that. Names have no slash, and none is longer. */
static bool split(const char *path, struct override_request *ret_override)
{
	const char *slash = strchr(path, '/');

	if (!slash || slash == path || !slash[1] || strchr(slash + 1, '/'))
		return false;
	snprintf(ret_override->pool, sizeof(ret_override->pool), "%.*s", (int)(slash - path), path);
	snprintf(ret_override->backend, sizeof(ret_override->backend), "%s", slash + 1);
	return true;
}

/* A commit may have taken it away while the store was busy: then there is nothing to show. */
static json_t *show_backend(const struct asked *asked)
{
	const struct api_context *context = asked->context;
	const struct config *config = engine_config(context->engine);
	uint32_t ids = engine_world(context->engine)->size.backends;
	_cleanup_free_ struct traffic_counter *traffic = sl_calloc(ids, sizeof(*traffic));
	int pool = config_find_pool(config, asked->pool);
	int backend = pool < 0 ? -1 : config_find_backend(&config->pools[pool], asked->backend);

	if (dataplane_backend_traffic(engine_dataplane(context->engine), traffic, ids))
		memset(traffic, 0, ids * sizeof(*traffic));
	return backend < 0 ? json_null() : backend_object(context, pool, backend, traffic);
}

static void answer_backend(const struct asked *asked, bool recorded, struct answer *answer)
{
	json_t *object = answer_new_object(asked->context, "Backend");

	json_object_set_new(object, "persistent", json_boolean(recorded));
	if (!recorded)
		json_object_set_new(object, "warning",
				    json_string("the store does not answer: this holds until the "
						"daemon ends, unless the store recovers before"));
	json_object_set_new(object, "backend", show_backend(asked));
	answer_object(answer, object);
}

static void on_done(void *context, struct override_answer *said)
{
	struct asked *asked = context;
	struct answer answer = {0};

	switch (said->result) {
	case OVERRIDE_DONE: answer_backend(asked, true, &answer); break;
	case OVERRIDE_UNRECORDED: answer_backend(asked, false, &answer); break;
	case OVERRIDE_NOT_FOUND:
		answer_problem(&answer, 404, "no such backend", &said->errors);
		break;
	case OVERRIDE_FAILED:
		answer_problem(&answer, 500, "the backend could not be changed", &said->errors);
		break;
	case OVERRIDE_REFUSED:
		answer_problem(&answer, 503, "the backend is not changed", &said->errors);
		break;
	}
	request_answer(asked->request, &answer);
	free(asked);
}

static void submit(const struct api_context *context, const struct request *request,
		   const struct body_backend *body, struct override_request *override)
{
	struct asked *asked = sl_calloc(1, sizeof(*asked));

	override->has_admin = body->has_admin;
	override->admin = body->admin;
	override->has_weight = body->has_weight;
	override->weight = body->weight;
	override->for_ms = body->for_ms;
	record_set(override->reason, body->reason);
	actor_describe(request, override->author, override->trace);
	*asked = (struct asked){.context = context, .request = request};
	record_set(asked->pool, override->pool);
	record_set(asked->backend, override->backend);
	overrides_submit(context->overrides, override, on_done, asked);
}

void resource_set_backend(const struct api_context *context, const struct request *request,
			  struct answer *answer)
{
	struct override_request override = {0};
	struct sl_errors errors = {0};
	struct body_backend body;

	if (!split(request->rest, &override))
		answer_problem(answer, 404, "the path is not /v1/backends/<pool>/<backend>", NULL);
	else if (body_parse_backend(request->body, request->size, &body, &errors))
		answer_problem(answer, 400, "the request is wrong", &errors);
	else
		submit(context, request, &body, &override);
}
