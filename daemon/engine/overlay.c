/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/overlay.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const struct overlay_backend *carried(const struct overlay *old,
					     const struct config *old_config,
					     const struct config_pool *pool,
					     const struct config_backend *backend)
{
	int p = old_config ? config_find_pool(old_config, pool->name) : -1;
	int b = p < 0 ? -1 : config_find_backend(&old_config->pools[p], backend->name);

	if (b < 0 || !address_equal(&old_config->pools[p].backends[b].address, &backend->address))
		return NULL;
	return &old->pools[p][b];
}

void overlay_init(struct overlay *overlay, const struct config *config, const struct overlay *old,
		  const struct config *old_config, overlay_recall_fn *recall, const void *context)
{
	overlay->n_pools = config->n_pools;
	overlay->pools = sl_calloc(config->n_pools, sizeof(*overlay->pools));
	for (size_t p = 0; p < config->n_pools; p++) {
		const struct config_pool *pool = &config->pools[p];

		overlay->pools[p] = sl_calloc(pool->n_backends, sizeof(**overlay->pools));
		for (size_t b = 0; b < pool->n_backends; b++) {
			struct overlay_backend *entry = &overlay->pools[p][b];
			const struct config_backend *backend = &pool->backends[b];
			const struct overlay_backend *known =
				carried(old, old_config, pool, backend);

			if (known)
				*entry = *known;
			else
				*entry = (struct overlay_backend){
					.weight = -1,
					.healthy = recall(context, &backend->address)};
			if (pool->check.type == CONFIG_CHECK_NONE)
				entry->healthy = true;
		}
	}
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
