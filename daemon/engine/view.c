/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.c - what others see of the engine: names and ids brought together, slots counted.
 */
#include "engine/internal.h"

#include "balance/slots.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define X(name, word) [ADMIN_##name] = word,
static const char *const admin_words[] = {ENGINE_ADMINS(X)};
#undef X

const char *engine_admin_word(enum admin admin)
{
	return admin < ADMIN_COUNT ? admin_words[admin] : "?";
}

/* ---- the count over the world ----------------------------------------------------------------------- */

void view_deinit(struct view *view)
{
	free(view->members);
	free(view->current);
	free(view->origin);
	memset(view, 0, sizeof(*view));
}

static int compare(const void *a, const void *b)
{
	const struct view_member *x = a, *y = b;

	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	if (x->forward != y->forward)
		return x->forward < y->forward ? -1 : 1;
	return memcmp(&x->address, &y->address, sizeof(x->address));
}

static void list_members(struct view *view, const struct world *world)
{
	view->members = sl_calloc(world->size.backends, sizeof(*view->members));
	for (uint32_t i = 0; i < world->size.backends; i++) {
		const struct backend_entry *entry = &world->backends[i];
		struct view_member *member = &view->members[view->n_members];

		if (entry->state == BACKEND_FREE)
			continue;
		*member = (struct view_member){
			.service = entry->service,
			.forward = entry->forward,
			.address = world_backend_address(entry),
			.id = i,
		};
		view->n_members++;
	}
	qsort(view->members, view->n_members, sizeof(*view->members), compare);
}

static const __u32 *slots_of(const struct world *world, uint32_t service, uint32_t *ret_count)
{
	__u64 word = world->services[service].word;

	*ret_count = word & SERVICE_WORD_LIVE ? 1u << SERVICE_WORD_LOG2(word) : 0;
	return world->slots + (size_t)SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;
}

static void count_slots(struct view *view, const struct world *world)
{
	view->current = sl_calloc(SLOT_NONE + 1, sizeof(*view->current));
	view->origin = sl_calloc(SLOT_NONE + 1, sizeof(*view->origin));
	for (uint32_t service = 0; service < world->size.services; service++) {
		uint32_t count;
		const __u32 *slots = slots_of(world, service, &count);

		for (uint32_t i = 0; i < count; i++) {
			view->current[SLOT_CURRENT(slots[i])]++;
			if (slot_is_moving(slots[i]))
				view->origin[SLOT_ORIGIN(slots[i])]++;
		}
	}
}

/* The view is a cache: making it anew is no change of the engine. */
static const struct view *view_of(const struct engine *engine)
{
	struct view *view = (struct view *)&engine->view;

	if (view->of != engine->applied) {
		view_deinit(view);
		list_members(view, &engine->world);
		count_slots(view, &engine->world);
		view->of = engine->applied;
	}
	return view;
}

static int member_id(const struct view *view, uint32_t service, enum forward forward,
		     const struct address *address)
{
	struct view_member wanted = {.service = service, .forward = forward, .address = *address};
	const struct view_member *found =
		bsearch(&wanted, view->members, view->n_members, sizeof(wanted), compare);

	return found ? found->id : -1;
}

/* ---- what is seen ----------------------------------------------------------------------------------- */

static uint32_t service_id(const struct engine *engine, const struct config_service *service)
{
	const struct vip *vip = world_find_vip(&engine->world, &service->vip, service->protocol,
					       htons(service->port));

	return vip ? vip->service : SERVICE_NONE;
}

int view_find_backend(const struct engine *engine, const struct config_service *service,
		      const struct address *address)
{
	return member_id(view_of(engine), service_id(engine, service), service->forward, address);
}

void engine_backend(const struct engine *engine, size_t service, size_t backend,
		    struct engine_backend *ret_backend)
{
	const struct config_service *of = &engine->config->services[service];
	const struct config_backend *wanted = &engine->config->pools[of->pool].backends[backend];
	const struct overlay_backend *overlay = &engine->overlay.pools[of->pool][backend];
	const struct view *view = view_of(engine);
	int id = view_find_backend(engine, of, &wanted->address);

	*ret_backend = (struct engine_backend){
		.id = id,
		.admin = overlay->admin,
		.healthy = overlay->healthy,
		.weight = overlay_weight(overlay, wanted),
		.configured_weight = wanted->weight,
		.flows_exact = of->tracking == TRACKING_ALL,
	};
	if (id < 0)
		return;
	ret_backend->state = engine->world.backends[id].state;
	ret_backend->resolved = engine->world.backends[id].next_hop.word;
	ret_backend->slots = view->current[id];
	ret_backend->slots_moving = view->origin[id];
	ret_backend->flows = engine->walk.counts[id];
}

void engine_service(const struct engine *engine, size_t service, struct engine_service *ret_service)
{
	const struct config_service *of = &engine->config->services[service];
	const struct config_pool *pool = &engine->config->pools[of->pool];
	const __u32 *slots;

	*ret_service = (struct engine_service){.id = service_id(engine, of)};
	for (size_t i = 0; i < pool->n_backends; i++)
		if (overlay_weight(&engine->overlay.pools[of->pool][i], &pool->backends[i]))
			ret_service->usable++;
	if (ret_service->id == SERVICE_NONE)
		return;
	slots = slots_of(&engine->world, ret_service->id, &ret_service->slots);
	if (ret_service->slots && SLOT_CURRENT(slots[0]) == SLOT_NONE)
		ret_service->usable = 0; /* nobody has its slots yet */
	for (uint32_t i = 0; i < ret_service->slots; i++) {
		ret_service->settled += slot_is_settled(slots[i]);
		ret_service->moving += slot_is_moving(slots[i]);
		ret_service->tail += slot_is_tail(slots[i]);
	}
}

void engine_flows(const struct engine *engine, struct engine_flows *ret_flows)
{
	uint32_t buckets;

	dataplane_flows(engine->dataplane, &buckets);
	*ret_flows = (struct engine_flows){
		.capacity = (uint64_t)buckets * FLOWS_PER_BUCKET / FLOW_ENTRIES,
		.records = engine->walk.records,
		.scans = engine->walk.completed,
	};
}

const struct config *engine_config(const struct engine *engine)
{
	return engine->config;
}

const struct world *engine_world(const struct engine *engine)
{
	return &engine->world;
}

struct dataplane *engine_dataplane(const struct engine *engine)
{
	return engine->dataplane;
}

uint64_t engine_generation(const struct engine *engine)
{
	return engine->generation;
}

uint64_t engine_committed_at(const struct engine *engine)
{
	return engine->committed_at;
}
