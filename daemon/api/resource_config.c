/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: as it is, as it would become, and the change from one to the other.
 */
#include "api/resource.h"

#include "base/log.h"
#include "base/memory.h"
#include "config/read.h"
#include "config/write.h"
#include "engine/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

void resource_config(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	const struct config *config = engine_config(context->engine);
	const char *format = request_query(request, "format");

	if (!config) {
		answer_problem(answer, 404, "no configuration is committed", NULL);
		return;
	}
	if (format && !strcmp(format, "json"))
		answer_text(answer, "application/json", config_write_json(config));
	else
		answer_text(answer, "application/yaml", config_write(config));
}

/* ---- what would change ------------------------------------------------------------------------------- */

static json_t *change_object(const struct config_change *change)
{
	static const char *const words[] = {
		[CONFIG_ADDED] = "added",
		[CONFIG_REMOVED] = "removed",
		[CONFIG_CHANGED] = "changed",
	};

	return json_pack("{s:s, s:s, s:s?, s:s?, s:b}", "change", words[change->kind], "path",
			 change->path, "before", change->before, "after", change->after, "restart",
			 change->restart);
}

static const struct config_service *find_service(const struct config *config,
						 const struct plan_service *planned)
{
	for (size_t i = 0; config && i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		if (service->protocol == planned->protocol &&
		    htons(service->port) == planned->port_be &&
		    address_equal(&service->vip, &planned->vip))
			return service;
	}
	return NULL;
}

/* A service that goes away is only in the old configuration. */
static json_t *service_object(const struct config *before, const struct config *after,
			      const struct plan_service *planned)
{
	const struct config_service *service = find_service(after, planned);
	char vip[ADDRESS_TEXT_MAX];

	if (!service)
		service = find_service(before, planned);
	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "name", service ? service->name : "",
			 "vip", address_format(&planned->vip, vip), "protocol",
			 planned->protocol == IPPROTO_TCP ? "tcp" : "udp", "port",
			 ntohs(planned->port_be), "slots", (json_int_t)planned->slots,
			 "slots_moved", (json_int_t)planned->slots_moved);
}

static json_t *preview_object(const struct api_context *context, const struct config *desired,
			      const struct engine_preview *preview)
{
	json_t *changes = json_array(), *services = json_array();

	for (size_t i = 0; i < preview->changes.count; i++)
		json_array_append_new(changes, change_object(&preview->changes.list[i]));
	for (size_t i = 0; i < preview->plan.n_services; i++)
		json_array_append_new(services,
				      service_object(engine_config(context->engine), desired,
						     &preview->plan.services[i]));
	return json_pack("{s:b, s:b, s:o, s:o}", "same", preview->changes.count == 0, "restart",
			 preview->restart, "changes", changes, "services", services);
}

/* The body as a configuration, and what it would do. False: the answer is a problem. */
static bool read_and_preview(const struct api_context *context, const struct request *request,
			     struct config **ret_config, json_t **ret_object, struct answer *answer)
{
	const char *name = request_query(request, "name");
	struct engine_preview preview = {0};
	struct sl_errors errors = {0};
	struct config *desired = NULL;

	if (config_read(name && name[0] ? name : "body", request->body, request->size, &desired,
			&errors)) {
		answer_problem(answer, 422, "the configuration has errors", &errors);
		return false;
	}
	if (engine_preview(context->engine, desired, &preview, &errors)) {
		config_free(desired);
		answer_problem(answer, 422, "the configuration can't be carried out", &errors);
		return false;
	}
	*ret_object = preview_object(context, desired, &preview);
	*ret_config = desired;
	engine_preview_deinit(&preview);
	return true;
}

static void answer_preview(const struct api_context *context, const char *kind, json_t *preview,
			   struct answer *answer)
{
	json_t *object = answer_new_object(context, kind);

	json_object_update(object, preview);
	json_decref(preview);
	answer_object(answer, object);
}

void resource_diff(const struct api_context *context, const struct request *request,
		   struct answer *answer)
{
	_cleanup_config_ struct config *desired = NULL;
	json_t *preview;

	if (read_and_preview(context, request, &desired, &preview, answer))
		answer_preview(context, "Diff", preview, answer);
}

/* ---- the change ---------------------------------------------------------------------------------------- */

static void commit(const struct api_context *context, const struct request *request,
		   struct config **desired, json_t *preview, struct answer *answer)
{
	_cleanup_log_context_ struct log_context said = {
		.generation = engine_generation(context->engine) + 1,
	};
	struct sl_errors errors = {0};

	log_context_push(&said);
	if (engine_commit(context->engine, *desired, &errors)) {
		json_decref(preview);
		answer_problem(answer, 500, "the commit failed; nothing has changed", &errors);
		return;
	}
	*desired = NULL;
	log_event(LOG_LEVEL_INFO, "generation", "generation %llu is by %s",
		  (unsigned long long)engine_generation(context->engine), request->actor);
	answer_preview(context, "Commit", preview, answer);
}

void resource_set_config(const struct api_context *context, const struct request *request,
			 struct answer *answer)
{
	const char *dry_run = request_query(request, "dry-run");
	_cleanup_config_ struct config *desired = NULL;
	json_t *preview;

	if (!read_and_preview(context, request, &desired, &preview, answer))
		return;
	if (dry_run && strcmp(dry_run, "0"))
		answer_preview(context, "Diff", preview, answer);
	else
		commit(context, request, &desired, preview, answer);
}
