/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/overlay.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- who is who ----------------------------------------------------------------------------------- */

/* A pool's backends by address. */
struct roster {
	const struct config_backend **list; /* owned; what it points to is borrowed */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct config_backend *const *x = a, *const *y = b;

	return address_compare(&(*x)->address, &(*y)->address);
}

static struct roster make_roster(const struct config_pool *pool)
{
	struct roster roster = {sl_calloc(pool->n_backends, sizeof(*roster.list)),
				pool->n_backends};

	for (size_t i = 0; i < roster.count; i++)
		roster.list[i] = &pool->backends[i];
	qsort(roster.list, roster.count, sizeof(*roster.list), compare);
	return roster;
}

static const struct config_backend *find(const struct roster *roster,
					 const struct config_backend *backend)
{
	const struct config_backend **found = NULL;

	if (roster->count)
		found = bsearch(&backend, roster->list, roster->count, sizeof(*roster->list),
				compare);
	return found ? *found : NULL;
}

/* ---- from one configuration to the next ------------------------------------------------------------ */

struct memory {
	overlay_recall_fn *recall;
	const void *context;
	uint64_t now_ns;
};

static struct overlay_backend first_seen(const struct config *config, size_t p,
					 const struct config_backend *backend,
					 const struct memory *memory)
{
	const struct config_health *check = &config->pools[p].check;
	struct overlay_backend entry = {.weight = -1};

	if (!memory->recall(memory->context, config, p, &backend->address, &entry))
		entry.first_result_ns = memory->now_ns + config_first_result_ms(check) * NS_PER_MS;
	return entry;
}

static void init_pool(struct overlay *overlay, const struct config *config, size_t p,
		      const struct overlay *old, const struct config *old_config,
		      const struct memory *memory)
{
	const struct config_pool *pool = &config->pools[p];
	int before = old_config ? config_find_pool(old_config, pool->name) : -1;
	struct roster roster = {};

	if (before >= 0)
		roster = make_roster(&old_config->pools[before]);
	overlay->pools[p] = sl_calloc(pool->n_backends, sizeof(**overlay->pools));
	for (size_t b = 0; b < pool->n_backends; b++) {
		const struct config_backend *backend = &pool->backends[b];
		const struct config_backend *known = find(&roster, backend);
		struct overlay_backend *entry = &overlay->pools[p][b];

		*entry = known ? old->pools[before][known - old_config->pools[before].backends]
			       : first_seen(config, p, backend, memory);
		if (pool->check.type != CONFIG_CHECK_NONE)
			continue;
		entry->healthy = true;
		entry->first_result_ns = 0;
	}
	free(roster.list);
}

void overlay_init(struct overlay *overlay, const struct config *config, const struct overlay *old,
		  const struct config *old_config, overlay_recall_fn *recall, const void *context,
		  uint64_t now_ns)
{
	const struct memory memory = {recall, context, now_ns};

	overlay->n_pools = config->n_pools;
	overlay->pools = sl_calloc(config->n_pools, sizeof(*overlay->pools));
	for (size_t p = 0; p < config->n_pools; p++)
		init_pool(overlay, config, p, old, old_config, &memory);
}

void overlay_deinit(struct overlay *overlay)
{
	for (size_t p = 0; p < overlay->n_pools; p++)
		free(overlay->pools[p]);
	free(overlay->pools);
	memset(overlay, 0, sizeof(*overlay));
}

enum backend_state overlay_state(const struct overlay_backend *overlay,
				 const struct config_backend *backend)
{
	if (overlay->admin == ADMIN_DISABLED || !overlay->healthy)
		return BACKEND_DOWN;
	return overlay_weight(overlay, backend) ? BACKEND_UP : BACKEND_DRAINING;
}

uint16_t overlay_weight(const struct overlay_backend *overlay, const struct config_backend *backend)
{
	if (overlay->admin != ADMIN_READY || !overlay->healthy)
		return 0;
	return overlay->weight < 0 ? backend->weight : overlay->weight;
}

bool overlay_waits(const struct overlay_backend *overlay, const struct config_backend *backend,
		   uint64_t now_ns)
{
	return overlay->first_result_ns > now_ns && overlay->admin == ADMIN_READY &&
	       (overlay->weight < 0 ? backend->weight : overlay->weight);
}
