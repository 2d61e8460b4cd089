/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - whose next hops are wanted: of backends in the configuration, and in the maps besides.
 */
#include "engine/internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return address_compare(a, b);
}

static size_t count_named(const struct engine *engine)
{
	size_t count = engine->world.size.backends;

	for (size_t p = 0; engine->config && p < engine->config->n_pools; p++)
		count += engine->config->pools[p].n_backends;
	return count;
}

static size_t list_named(const struct engine *engine, struct address *ret_addresses)
{
	const struct config *config = engine->config;
	size_t count = 0;

	for (uint32_t id = 0; id < engine->world.size.backends; id++)
		if (engine->world.backends[id].state != BACKEND_FREE)
			ret_addresses[count++] = world_backend_address(&engine->world.backends[id]);
	for (size_t p = 0; config && p < config->n_pools; p++)
		for (size_t b = 0; b < config->pools[p].n_backends; b++)
			ret_addresses[count++] = config->pools[p].backends[b].address;
	return count;
}

static size_t drop_twins(struct address *addresses, size_t count)
{
	size_t kept = 0;

	qsort(addresses, count, sizeof(*addresses), compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || !address_equal(&addresses[kept - 1], &addresses[i]))
			addresses[kept++] = addresses[i];
	return kept;
}

void watch_update(struct engine *engine)
{
	struct watch *watch = &engine->watch;
	struct address *addresses;
	size_t count;

	if (!watch->stale)
		return;
	watch->stale = false;
	addresses = sl_calloc(count_named(engine), sizeof(*addresses));
	count = drop_twins(addresses, list_named(engine, addresses));
	if (watch->addresses && count == watch->count &&
	    !memcmp(addresses, watch->addresses, count * sizeof(*addresses))) {
		free(addresses);
		return;
	}
	free(watch->addresses);
	watch->addresses = addresses;
	watch->count = count;
	hops_keep(&engine->hops, addresses, count);
	engine->listener.watch(engine->listener.context, addresses, count);
}

void watch_deinit(struct watch *watch)
{
	free(watch->addresses);
	*watch = (struct watch){};
}
