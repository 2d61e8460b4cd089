/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reclaim.c - what was taken away may be given out again once no packet can be reading it.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static bool any(const uint8_t *holds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (holds[i] & HOLD_GRACE)
			return true;
	return false;
}

/* News of a next hop comes before the commit that takes the old one out of the maps. */
static bool copy_egress(const struct engine *engine, bool ret_egress[EGRESS_MAX])
{
	const struct world *world = &engine->world;
	bool any = false;

	memcpy(ret_egress, engine->hops.held, sizeof(engine->hops.held));
	for (uint32_t i = 0; i < world->size.backends; i++)
		if (world->backends[i].next_hop.egress < EGRESS_MAX)
			ret_egress[world->backends[i].next_hop.egress] = false;
	for (int i = 0; i < EGRESS_MAX; i++)
		any |= ret_egress[i];
	return any;
}

static bool any_held(const struct world *world)
{
	return any(world->service_hold, world->size.services) ||
	       any(world->backend_hold, world->size.backends) ||
	       any(world->chunk_hold, world->size.chunks);
}

void reclaim_begin(struct engine *engine)
{
	struct reclaim *reclaim = &engine->reclaim;
	const struct world *world = &engine->world;
	bool egress[EGRESS_MAX];

	if ((!copy_egress(engine, egress) && !any_held(world)) || !grace_begin(reclaim->grace))
		return;
	memcpy(reclaim->services, world->service_hold, world->size.services);
	memcpy(reclaim->backends, world->backend_hold, world->size.backends);
	memcpy(reclaim->chunks, world->chunk_hold, world->size.chunks);
	memcpy(reclaim->egress, egress, sizeof(reclaim->egress));
	reclaim->stale = false;
}

static void lift(uint8_t *holds, const uint8_t *covered, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		holds[i] &= ~(covered[i] & HOLD_GRACE);
}

void reclaim_all(struct engine *engine)
{
	struct world *world = &engine->world;

	grace_wait();
	lift(world->service_hold, world->service_hold, world->size.services);
	lift(world->backend_hold, world->backend_hold, world->size.backends);
	lift(world->chunk_hold, world->chunk_hold, world->size.chunks);
}

static void on_grace_over(void *context)
{
	struct engine *engine = context;
	struct reclaim *reclaim = &engine->reclaim;
	struct world *world = &engine->world;

	if (!reclaim->stale) {
		lift(world->service_hold, reclaim->services, world->size.services);
		lift(world->backend_hold, reclaim->backends, world->size.backends);
		lift(world->chunk_hold, reclaim->chunks, world->size.chunks);
		hops_release(&engine->hops, reclaim->egress);
	}
	reclaim_begin(engine);
}

int reclaim_init(struct engine *engine, struct event_base *base, struct sl_errors *errors)
{
	struct reclaim *reclaim = &engine->reclaim;
	const struct world_size *size = &engine->world.size;

	reclaim->services = sl_calloc(size->services, 1);
	reclaim->backends = sl_calloc(size->backends, 1);
	reclaim->chunks = sl_calloc(size->chunks, 1);
	return grace_new(base, on_grace_over, engine, &reclaim->grace, errors);
}

void reclaim_deinit(struct engine *engine)
{
	grace_free(engine->reclaim.grace);
	free(engine->reclaim.services);
	free(engine->reclaim.backends);
	free(engine->reclaim.chunks);
}
