/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuild.c - what health and net said, merged into one commit of the same configuration.
 */
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* What health and net say within this time becomes one rebuild. */
enum { MERGE_MS = 50 };
/* The clock has coarse ticks: a little late is sure to be after. */
enum { PATIENCE_SPARE_MS = 20 };
/* A rebuild that fails waits twice as long each time, up to 6.4 s: the loop has other work. */
enum { DOUBLINGS = 7 };

void rebuild_soon(struct engine *engine)
{
	unsigned ms = MERGE_MS << engine->failed_rebuilds;
	struct timeval pause = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!evtimer_pending(engine->rebuild, NULL))
		evtimer_add(engine->rebuild, &pause);
}

void engine_on_rebuild(evutil_socket_t fd, short what, void *context)
{
	struct engine *engine = context;
	struct sl_errors errors = {0};
	char *text;

	if (!engine_refresh(engine, &errors)) {
		engine->failed_rebuilds = 0;
	} else {
		text = sl_errors_text(&errors);
		log_error("a rebuild failed and is tried again: %s", text);
		free(text);
		if (engine->failed_rebuilds < DOUBLINGS)
			engine->failed_rebuilds++;
		rebuild_soon(engine);
	}
	sl_errors_deinit(&errors);
}

/* The state byte alone, in each service of the pool: packets leave the backend with the next look. */
static void leave_at_once(struct engine *engine, size_t pool, const struct address *address)
{
	const struct config *config = engine->config;
	struct step step = {.kind = STEP_BACKEND_STATE, .after.state = BACKEND_DOWN};

	for (size_t i = 0; i < config->n_services; i++) {
		struct engine_service service;
		int id;

		if (config->services[i].pool != pool)
			continue;
		engine_service(engine, i, &service);
		id = service.id == SERVICE_NONE
			     ? -1
			     : world_find_backend(&engine->world, service.id, address,
						  config->services[i].forward);
		if (id < 0 || !BACKEND_USABLE(engine->world.backends[id].state))
			continue;
		step.index = id;
		step.before.state = engine->world.backends[id].state;
		engine_carry_out(engine, &step, NULL);
		engine->applied++;
	}
}

void engine_set_health(struct engine *engine, const char *pool, const char *backend, bool up)
{
	struct overlay_backend *entry = engine_overlay(engine, pool, backend, NULL);
	bool was_due = entry && entry->first_result_ns;
	int p, b;

	if (!entry || (entry->healthy == up && !was_due))
		return;
	entry->first_result_ns = 0;
	if (entry->healthy && !up) {
		p = config_find_pool(engine->config, pool);
		b = config_find_backend(&engine->config->pools[p], backend);
		leave_at_once(engine, p, &engine->config->pools[p].backends[b].address);
	}
	entry->healthy = up;
	rebuild_soon(engine);
}

/* ---- first results -------------------------------------------------------------------------------- */

static uint64_t next_due_ns(const struct engine *engine, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t p = 0; p < engine->config->n_pools; p++)
		for (size_t b = 0; b < engine->config->pools[p].n_backends; b++) {
			uint64_t due_ns = engine->overlay.pools[p][b].first_result_ns;

			if (due_ns > now_ns && due_ns < next_ns)
				next_ns = due_ns;
		}
	return next_ns;
}

void patience_begin(struct engine *engine)
{
	uint64_t now_ns = clock_now_ns(), due_ns = next_due_ns(engine, now_ns), ms;
	struct timeval delay;

	if (due_ns == UINT64_MAX) {
		evtimer_del(engine->patience);
		return;
	}
	ms = (due_ns - now_ns) / NS_PER_MS + PATIENCE_SPARE_MS;
	delay = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	evtimer_add(engine->patience, &delay);
}

void patience_on_end(evutil_socket_t fd, short what, void *context)
{
	rebuild_soon(context);
	patience_begin(context);
}

/* ---- next hops ------------------------------------------------------------------------------------ */

void engine_set_next_hop(struct engine *engine, const struct address *address, bool resolved,
			 uint32_t ifindex, const uint8_t mac[6], const uint8_t source_mac[6],
			 uint16_t mtu)
{
	struct egress_entry egress = {.ifindex = ifindex, .mtu = mtu};
	bool changed;

	if (resolved) {
		memcpy(egress.mac, source_mac, sizeof(egress.mac));
		changed = hops_set(&engine->hops, address, &egress, mac);
	} else {
		changed = hops_clear(&engine->hops, address);
	}
	if (changed)
		rebuild_soon(engine);
}
