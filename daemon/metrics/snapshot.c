/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/snapshot.h"

#include "base/memory.h"
#include "loader/loader.h"

#include <stdlib.h>
#include <string.h>

static int read_counters(struct metrics_snapshot *snapshot, const struct world_size *size)
{
	struct dataplane *dataplane = engine_dataplane(snapshot->source->engine);
	int result = dataplane_verdicts(dataplane, snapshot->verdicts);

	if (!result)
		result = dataplane_flow_events(dataplane, snapshot->flow_events);
	if (!result)
		result = dataplane_service_traffic(dataplane, snapshot->services, size->services);
	if (!result)
		result = dataplane_backend_traffic(dataplane, snapshot->backends, size->backends);
	return result;
}

int snapshot_take(const struct metrics_source *source, struct metrics_snapshot *ret,
		  struct sl_errors *errors)
{
	const struct world_size *size = &engine_world(source->engine)->size;
	struct metrics_snapshot snapshot = {
		.source = source,
		.config = engine_config(source->engine),
		.services = sl_calloc(size->services, sizeof(*snapshot.services)),
		.backends = sl_calloc(size->backends, sizeof(*snapshot.backends)),
		.modes = sl_calloc(source->n_interfaces, sizeof(*snapshot.modes)),
	};
	int result = read_counters(&snapshot, size);

	if (result) {
		snapshot_deinit(&snapshot);
		return sl_fail(errors, -result, "maps", "%s", strerror(-result));
	}
	for (size_t i = 0; i < source->n_interfaces; i++)
		if (loader_mode(source->loader, i, &snapshot.modes[i], NULL))
			snapshot.modes[i] = CONFIG_MODE_COUNT;
	usage_of(engine_world(source->engine), snapshot.usage);
	*ret = snapshot;
	return 0;
}

void snapshot_deinit(struct metrics_snapshot *snapshot)
{
	free(snapshot->services);
	free(snapshot->backends);
	free(snapshot->modes);
}
