/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is: version, services, verdicts, flows, interfaces.
 */
#include "api/resource.h"

#include "base/memory.h"
#include "engine/engine.h"
#include "loader/loader.h"

#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

void resource_version(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	json_t *object = answer_new_object(context, "Version");

	json_object_set_new(object, "version", json_string(SLUICE_VERSION));
	json_object_set_new(object, "abi", json_integer(SLUICE_ABI));
	answer_object(answer, object);
}

void resource_healthz(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	answer_text(answer, "text/plain", sl_strdup("ok\n"));
}

static void unreadable(struct answer *answer, int code)
{
	struct sl_errors errors = {0};

	sl_fail(&errors, -code, "maps", "%s", strerror(-code));
	answer_problem(answer, 500, "counters can't be read", &errors);
}

/* ---- services -------------------------------------------------------------------------------------- */

static json_t *service_words(const struct config *config, const struct config_service *service)
{
	char vip[ADDRESS_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "name",
			 service->name, "vip", address_format(&service->vip, vip), "protocol",
			 service->protocol == IPPROTO_TCP ? "tcp" : "udp", "port", service->port,
			 "pool", config->pools[service->pool].name, "algorithm",
			 config_algorithm_word(service->algorithm), "forward",
			 config_forward_word(service->forward), "tracking",
			 config_tracking_word(service->tracking), "when_empty",
			 config_when_empty_word(service->when_empty), "mode",
			 config_service_mode_word(service->mode));
}

static void set_numbers(json_t *object, const struct engine_service *view,
			const struct traffic_counter *traffic)
{
	json_t *numbers = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "id", (json_int_t)view->id,
		"slots", (json_int_t)view->slots, "settled", (json_int_t)view->settled, "moving",
		(json_int_t)view->moving, "tail", (json_int_t)view->tail, "usable",
		(json_int_t)view->usable, "packets", (json_int_t)traffic->packets, "bytes",
		(json_int_t)traffic->bytes, "new_flows", (json_int_t)traffic->new_flows);

	json_object_update(object, numbers);
	json_decref(numbers);
}

void resource_services(const struct api_context *context, const struct request *request,
		       struct answer *answer)
{
	const struct config *config = engine_config(context->engine);
	uint32_t ids = engine_world(context->engine)->size.services;
	_cleanup_free_ struct traffic_counter *traffic = sl_calloc(ids, sizeof(*traffic));
	int result = dataplane_service_traffic(engine_dataplane(context->engine), traffic, ids);
	json_t *object, *list;

	if (result) {
		unreadable(answer, result);
		return;
	}
	object = answer_new_object(context, "Services");
	json_object_set_new(object, "services", list = json_array());
	for (size_t i = 0; config && i < config->n_services; i++) {
		json_t *service = service_words(config, &config->services[i]);
		struct engine_service view;

		engine_service(context->engine, i, &view);
		set_numbers(service, &view, &traffic[view.id]);
		json_array_append_new(list, service);
	}
	answer_object(answer, object);
}

/* ---- verdicts and flows ------------------------------------------------------------------------------ */

static const struct {
	const char *word, *action, *help;
} verdicts[] = {
#define X(name, action, word, help) [VERDICT_##name] = {word, #action, help},
	SLUICE_VERDICTS(X)
#undef X
};

void resource_verdicts(const struct api_context *context, const struct request *request,
		       struct answer *answer)
{
	struct verdict_counter counters[VERDICT_COUNT] = {0};
	int result = dataplane_verdicts(engine_dataplane(context->engine), counters);
	json_t *object, *list = json_array();
	uint64_t packets = 0;

	if (result) {
		json_decref(list);
		unreadable(answer, result);
		return;
	}
	for (size_t i = VERDICT_CONTINUE + 1; i < VERDICT_COUNT; i++) {
		packets += counters[i].packets;
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:I, s:I, s:s}", "verdict",
						verdicts[i].word, "action", verdicts[i].action,
						"packets", (json_int_t)counters[i].packets, "bytes",
						(json_int_t)counters[i].bytes, "meaning",
						verdicts[i].help));
	}
	object = answer_new_object(context, "Verdicts");
	json_object_set_new(object, "packets", json_integer(packets));
	json_object_set_new(object, "verdicts", list);
	answer_object(answer, object);
}

static json_t *flow_events(const uint64_t counts[FLOW_EVENT_COUNT])
{
	static const struct {
		const char *word, *help;
	} events[] = {
#define X(name, word, help) {word, help},
		SLUICE_FLOW_EVENTS(X)
#undef X
	};
	json_t *list = json_array();

	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:s}", "event", events[i].word, "count",
						(json_int_t)counts[i], "meaning", events[i].help));
	return list;
}

void resource_flows(const struct api_context *context, const struct request *request,
		    struct answer *answer)
{
	uint64_t counts[FLOW_EVENT_COUNT] = {0};
	int result = dataplane_flow_events(engine_dataplane(context->engine), counts);
	struct engine_flows flows;
	json_t *object;

	if (result) {
		unreadable(answer, result);
		return;
	}
	engine_flows(context->engine, &flows);
	object = answer_new_object(context, "Flows");
	json_object_set_new(object, "capacity", json_integer(flows.capacity));
	json_object_set_new(object, "records", json_integer(flows.records));
	json_object_set_new(object, "scans", json_integer(flows.scans));
	json_object_set_new(object, "events", flow_events(counts));
	answer_object(answer, object);
}

/* ---- interfaces -------------------------------------------------------------------------------------- */

void resource_interfaces(const struct api_context *context, const struct request *request,
			 struct answer *answer)
{
	json_t *object = answer_new_object(context, "Interfaces"), *list = json_array();

	json_object_set_new(object, "interfaces", list);
	for (size_t i = 0; i < context->n_interfaces; i++) {
		const struct config_interface *interface = &context->interfaces[i];
		enum config_mode mode = CONFIG_MODE_COUNT;
		struct sl_errors errors = {0};
		uint32_t left_ms = 0;

		if (loader_mode(context->loader, i, &mode, &errors) ||
		    loader_left(context->loader, i, &left_ms, &errors)) {
			json_decref(object);
			answer_problem(answer, 500, "the loader does not answer", &errors);
			return;
		}
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:b, s:I, s:s*}", "name", interface->name,
					"attach", config_attach_word(interface->attach), "mode",
					config_mode_word(interface->mode), "attached",
					mode != CONFIG_MODE_COUNT, "trial_left_ms",
					(json_int_t)left_ms, "attached_mode",
					mode == CONFIG_MODE_COUNT ? NULL : config_mode_word(mode)));
	}
	answer_object(answer, object);
}
