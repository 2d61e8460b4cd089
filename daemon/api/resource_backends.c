/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backends of all pools, and the operator's word on one of them.
 */
#include "api/resource.h"

#include "api/body.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "health/health.h"
#include "net/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = {
	[BACKEND_FREE] = "none",
	[BACKEND_DOWN] = "down",
	[BACKEND_DRAINING] = "draining",
	[BACKEND_UP] = "up",
};

static const char *const check_words[] = {
	[CHECK_UNKNOWN] = "unknown",
	[CHECK_UP] = "up",
	[CHECK_DOWN] = "down",
};

/* Over all services of the pool. */
struct totals {
	struct engine_backend view; /* of one of them */
	size_t services;
	uint32_t slots, slots_moving, flows;
	bool flows_exact;
	struct traffic_counter traffic;
};

static json_t *traffic_object(const struct traffic_counter *traffic)
{
	return json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)traffic->packets, "bytes",
			 (json_int_t)traffic->bytes, "new_flows", (json_int_t)traffic->new_flows);
}

static uint32_t records(const struct scan_counts *flows)
{
	return flows->unconfirmed + flows->established + flows->closing;
}

/* One service's share of the backend, added to the totals. */
static json_t *share_object(const struct config_service *service, const struct engine_backend *view,
			    const struct traffic_counter *traffic, struct totals *totals)
{
	json_t *share =
		json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:b}", "service",
			  service->name, "id", view->id, "state", state_words[view->state],
			  "weight", (json_int_t)view->weight, "slots", (json_int_t)view->slots,
			  "slots_moving", (json_int_t)view->slots_moving, "flows", "unconfirmed",
			  (json_int_t)view->flows.unconfirmed, "established",
			  (json_int_t)view->flows.established, "closing",
			  (json_int_t)view->flows.closing, "flows_exact", view->flows_exact);
	json_t *numbers = traffic_object(traffic);

	json_object_update(share, numbers);
	json_decref(numbers);
	totals->view = *view;
	totals->services++;
	totals->slots += view->slots;
	totals->slots_moving += view->slots_moving;
	totals->flows += records(&view->flows);
	totals->flows_exact &= view->flows_exact;
	totals->traffic.packets += traffic->packets;
	totals->traffic.bytes += traffic->bytes;
	totals->traffic.new_flows += traffic->new_flows;
	return share;
}

static json_t *shares(const struct api_context *context, size_t pool, size_t backend,
		      const struct traffic_counter *traffic, struct totals *totals)
{
	static const struct traffic_counter none;
	const struct config *config = engine_config(context->engine);
	json_t *list = json_array();

	*totals = (struct totals){.flows_exact = true};
	for (size_t i = 0; i < config->n_services; i++) {
		struct engine_backend view;

		if (config->services[i].pool != pool)
			continue;
		engine_backend(context->engine, i, backend, &view);
		json_array_append_new(list, share_object(&config->services[i], &view,
							 view.id < 0 ? &none : &traffic[view.id],
							 totals));
	}
	return list;
}

static json_t *check_object(const struct health_view *view)
{
	return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I}", "state", check_words[view->check->state],
			 "streak", (json_int_t)view->check->streak, "last",
			 view->last ? view->last : "", "last_ms", (json_int_t)view->last_ms,
			 "successes", (json_int_t)view->check->successes, "failures",
			 (json_int_t)view->check->failures);
}

static json_t *hop_object(const struct api_context *context, const struct address *address)
{
	struct net_hop hop;

	if (!net_hop(context->net, address, &hop))
		return json_null();
	if (!hop.resolved)
		return json_pack("{s:b, s:s}", "resolved", 0, "why", hop.why);
	return json_pack("{s:b, s:s, s:i}", "resolved", 1, "interface", hop.interface, "mtu",
			 hop.mtu);
}

static json_t *backend_object(const struct api_context *context, size_t pool_index, size_t index,
			      const struct traffic_counter *traffic)
{
	const struct config_pool *pool = &engine_config(context->engine)->pools[pool_index];
	const struct config_backend *backend = &pool->backends[index];
	char address[ADDRESS_TEXT_MAX];
	struct health_view health;
	struct totals totals;
	json_t *list = shares(context, pool_index, index, traffic, &totals);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:b, s:o, s:o}", "pool",
		pool->name, "name", backend->name, "address",
		address_format(&backend->address, address), "state",
		totals.services ? state_words[totals.view.state] : "unused", "admin",
		totals.services ? engine_admin_word(totals.view.admin) : "ready", "weight",
		totals.services ? totals.view.weight : 0, "configured_weight", backend->weight,
		"slots", (json_int_t)totals.slots, "slots_moving", (json_int_t)totals.slots_moving,
		"flow_records", (json_int_t)totals.flows, "flows_exact", totals.flows_exact,
		"next_hop", hop_object(context, &backend->address), "services", list);
	json_t *numbers = traffic_object(&totals.traffic);

	json_object_update(object, numbers);
	json_decref(numbers);
	if (health_view(context->health, pool->name, backend->name, &health))
		json_object_set_new(object, "check", check_object(&health));
	return object;
}

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

/* Splits "pool/backend" in place; NULL: it isn't that. Names have no slash. */
static char *split(char *path)
{
	char *slash = strchr(path, '/');

	if (!slash || slash == path || !slash[1] || strchr(slash + 1, '/'))
		return NULL;
	*slash = '\0';
	return slash + 1;
}

static int override(const struct api_context *context, const char *pool, const char *backend,
		    const struct body_backend *body, struct sl_errors *errors)
{
	int result = 0;

	if (body->has_admin)
		result = engine_set_admin(context->engine, pool, backend, body->admin, errors);
	if (body->has_weight && !result)
		result = engine_set_weight(context->engine, pool, backend, body->weight, errors);
	return result;
}

static void log_override(const char *pool, const char *backend, const struct body_backend *body,
			 const char *actor)
{
	if (body->has_admin)
		log_event(LOG_LEVEL_INFO, "override", "backend %s/%s: %s, by %s", pool, backend,
			  engine_admin_word(body->admin), actor);
	if (body->has_weight && body->weight >= 0)
		log_event(LOG_LEVEL_INFO, "override", "backend %s/%s: weight %d, by %s", pool,
			  backend, body->weight, actor);
	else if (body->has_weight)
		log_event(LOG_LEVEL_INFO, "override",
			  "backend %s/%s: the configuration's weight, by %s", pool, backend, actor);
}

/* Both in the configuration; so that an unknown name is no failure of the change. */
static bool exists(const struct config *config, const char *pool, const char *backend,
		   int *ret_pool, int *ret_backend)
{
	*ret_pool = config ? config_find_pool(config, pool) : -1;
	if (*ret_pool < 0)
		return false;
	*ret_backend = config_find_backend(&config->pools[*ret_pool], backend);
	return *ret_backend >= 0;
}

static void say_what_is_missing(const char *where, const char *pool, int pool_index,
				const char *backend, struct sl_errors *errors)
{
	if (pool_index < 0)
		sl_fail(errors, ENOENT, where, "there is no pool %s", pool);
	else
		sl_fail(errors, ENOENT, where, "the pool %s has no backend %s", pool, backend);
}

static void answer_backend(const struct api_context *context, size_t pool, size_t backend,
			   struct answer *answer)
{
	uint32_t ids = engine_world(context->engine)->size.backends;
	_cleanup_free_ struct traffic_counter *traffic = sl_calloc(ids, sizeof(*traffic));
	json_t *object = answer_new_object(context, "Backend");

	if (dataplane_backend_traffic(engine_dataplane(context->engine), traffic, ids))
		memset(traffic, 0, ids * sizeof(*traffic));
	json_object_set_new(object, "backend", backend_object(context, pool, backend, traffic));
	answer_object(answer, object);
}

void resource_set_backend(const struct api_context *context, const struct request *request,
			  struct answer *answer)
{
	_cleanup_free_ char *pool = sl_strdup(request->rest);
	const char *backend = split(pool);
	struct sl_errors errors = {0};
	struct body_backend body;
	int pool_index, backend_index;

	if (!backend) {
		answer_problem(answer, 404, "the path is not /v1/backends/<pool>/<backend>", NULL);
		return;
	}
	if (!exists(engine_config(context->engine), pool, backend, &pool_index, &backend_index)) {
		say_what_is_missing(request->rest, pool, pool_index, backend, &errors);
		answer_problem(answer, 404, "no such backend", &errors);
		return;
	}
	if (body_parse_backend(request->body, request->size, &body, &errors)) {
		answer_problem(answer, 400, "the request is wrong", &errors);
		return;
	}
	if (override(context, pool, backend, &body, &errors)) {
		answer_problem(answer, 500, "the backend could not be changed", &errors);
		return;
	}
	log_override(pool, backend, &body, request->actor);
	answer_backend(context, pool_index, backend_index, answer);
}
