/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - what one scrape shows, read once.
 */
#ifndef SLUICE_METRICS_SNAPSHOT_H
#define SLUICE_METRICS_SNAPSHOT_H

#include "balance/usage.h"
#include "engine/engine.h"
#include "metrics/metrics.h"

struct metrics_snapshot {
	const struct metrics_source *source; /* borrowed */
	const struct config *config;	     /* borrowed; NULL before the first commit */
	struct verdict_counter verdicts[VERDICT_COUNT];
	uint64_t flow_events[FLOW_EVENT_COUNT];
	struct traffic_counter *services; /* owned, by id */
	struct traffic_counter *backends; /* owned, by id */
	struct usage usage[USAGE_COUNT];
	enum config_mode *modes; /* owned, by interface; CONFIG_MODE_COUNT: not attached */
};

/* -errno with an error. */
int snapshot_take(const struct metrics_source *source, struct metrics_snapshot *ret,
		  struct sl_errors *errors);
void snapshot_deinit(struct metrics_snapshot *snapshot);

#endif
