// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/backend_object.h"

#include "api/time_text.h"
#include "engine/engine.h"
#include "health/health.h"
#include "net/net.h"
#include "override/override.h"

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

/* Those that are in force, by subject. */
static json_t *overrides_object(const struct api_context *context, const char *pool,
				const struct address *address)
{
	json_t *object = json_object();

	for (int subject = 0; subject < OVERRIDE_SUBJECT_COUNT; subject++) {
		const struct override *word =
			overrides_find(context->overrides, pool, address, subject);
		json_t *one;

		if (!word)
			continue;
		one = json_pack("{s:s, s:s, s:o, s:o}", "by", word->author, "reason", word->reason,
				"since", time_text_ms(word->since_ms), "until",
				time_text_ms(word->until_ms));
		json_object_set_new(one, "value",
				    subject == OVERRIDE_WEIGHT ? json_integer(word->weight)
							       : json_string(word->admin));
		json_object_set_new(object, override_subject_word(subject), one);
	}
	return object;
}

json_t *backend_object(const struct api_context *context, size_t pool_index, size_t index,
		       const struct traffic_counter *traffic)
{
	const struct config_pool *pool = &engine_config(context->engine)->pools[pool_index];
	const struct config_backend *backend = &pool->backends[index];
	char address[ADDRESS_TEXT_MAX];
	struct health_view health;
	struct totals totals;
	json_t *list = shares(context, pool_index, index, traffic, &totals);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:b, s:o, s:o, s:o}", "pool",
		pool->name, "name", backend->name, "address",
		address_format(&backend->address, address), "state",
		totals.services ? state_words[totals.view.state] : "unused", "admin",
		totals.services ? engine_admin_word(totals.view.admin) : "ready", "weight",
		totals.services ? totals.view.weight : 0, "configured_weight", backend->weight,
		"slots", (json_int_t)totals.slots, "slots_moving", (json_int_t)totals.slots_moving,
		"flow_records", (json_int_t)totals.flows, "flows_exact", totals.flows_exact,
		"next_hop", hop_object(context, &backend->address), "overrides",
		overrides_object(context, pool->name, &backend->address), "services", list);
	json_t *numbers = traffic_object(&totals.traffic);

	json_object_update(object, numbers);
	json_decref(numbers);
	if (health_view(context->health, pool->name, backend->name, &health))
		json_object_set_new(object, "check", check_object(&health));
	return object;
}
