/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.c - the flow table is walked about once a second, in slices that don't hold up the loop.
 *
 * A whole walk is followed by what it allows: slots that settle, backends that are freed, ids that
 * may be given out again.
 */
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/fold.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLICE_BUCKETS = 32768, /* 2 MiB, about a millisecond */
	PAUSE_SLICE_MS = 4,
	PAUSE_WALK_MS = 1000,
};

static void schedule(struct walk *walk, unsigned ms)
{
	struct timeval pause = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(walk->timer, &pause);
}

/* Only a backend that no packet can have recorded since the walk began can be found unnamed by it. */
static void begin(struct engine *engine)
{
	const struct world *world = &engine->world;
	struct walk *walk = &engine->walk;

	for (uint32_t i = 0; i < world->size.backends; i++)
		walk->covered[i] = world->backend_hold[i] == HOLD_SCAN;
	scan_begin(&walk->scan, clock_now_ns());
}

static void lift_unnamed(struct engine *engine)
{
	struct world *world = &engine->world;
	struct walk *walk = &engine->walk;

	for (uint32_t i = 0; i < world->size.backends; i++) {
		const struct scan_counts *counts = &walk->scan.backends[i];

		if (walk->covered[i] && !counts->unconfirmed && !counts->established &&
		    !counts->closing)
			world->backend_hold[i] &= ~HOLD_SCAN;
	}
}

static void settle(struct engine *engine)
{
	struct sl_errors errors = {0};
	struct target target;
	struct plan plan;

	if (!engine->config)
		return;
	fold(engine->config, &engine->overlay, &engine->hops, clock_now_ns(), &target);
	plan_settle(&engine->world, &target, &engine->walk.scan, clock_now_ns(), &plan);
	if (engine_apply(engine, &plan, &errors)) {
		char *text = sl_errors_text(&errors);

		log_error("settling after a walk failed, it is tried again: %s", text);
		free(text);
	}
	sl_errors_deinit(&errors);
	plan_deinit(&plan);
	target_deinit(&target);
	watch_update(engine);
}

static void finish(struct engine *engine)
{
	struct walk *walk = &engine->walk;

	memcpy(walk->counts, walk->scan.backends, walk->scan.n_backends * sizeof(*walk->counts));
	walk->records = walk->scan.records;
	walk->completed++;
	lift_unnamed(engine);
	settle(engine);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct engine *engine = context;
	struct walk *walk = &engine->walk;
	uint32_t buckets;
	struct flow_bucket *table = dataplane_flows(engine->dataplane, &buckets);

	if (!walk->scan.next_bucket)
		begin(engine);
	if (scan_slice(&walk->scan, &engine->world, table, buckets, SLICE_BUCKETS,
		       clock_now_ns())) {
		finish(engine);
		walk->scan.next_bucket = 0;
		schedule(walk, PAUSE_WALK_MS);
	} else {
		schedule(walk, PAUSE_SLICE_MS);
	}
}

void walk_adopt(struct engine *engine)
{
	struct world *world = &engine->world;
	uint32_t buckets;
	struct flow_bucket *table = dataplane_flows(engine->dataplane, &buckets);
	_cleanup_free_ bool *named = sl_calloc(SLOT_NONE + 1, sizeof(*named));

	for (uint32_t i = 0; i < buckets; i++)
		for (int j = 0; j < FLOWS_PER_BUCKET; j++) {
			__u64 entry = __atomic_load_n(&table[i].entry[j], __ATOMIC_RELAXED);

			if (FLOW_STATE(entry) != FLOW_EMPTY)
				named[FLOW_BACKEND(entry)] = true;
		}
	for (uint32_t i = 0; i < world->size.backends; i++)
		if (!named[i])
			world->backend_hold[i] &= ~HOLD_SCAN;
}

int walk_init(struct engine *engine, struct event_base *base, struct sl_errors *errors)
{
	struct walk *walk = &engine->walk;
	const struct world_size *size = &engine->world.size;

	scan_init(&walk->scan, size);
	walk->covered = sl_calloc(size->backends, 1);
	walk->counts = sl_calloc(size->backends, sizeof(*walk->counts));
	walk->timer = evtimer_new(base, on_timer, engine);
	if (!walk->timer)
		sl_out_of_memory();
	schedule(walk, PAUSE_WALK_MS);
	return 0;
}

void walk_deinit(struct engine *engine)
{
	if (engine->walk.timer)
		event_free(engine->walk.timer);
	scan_deinit(&engine->walk.scan);
	free(engine->walk.covered);
	free(engine->walk.counts);
}
