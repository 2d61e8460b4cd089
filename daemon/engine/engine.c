/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/fold.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the way of every change ------------------------------------------------------------------------ */

/* Folds, plans and applies: the way that every change takes. */
static int converge(struct engine *engine, const struct config *config,
		    const struct overlay *overlay, struct sl_errors *errors)
{
	struct target target;
	struct plan plan;
	int err;

	fold(config, overlay, &engine->hops, clock_now_ns(), &target);
	err = plan_build(&engine->world, &target, clock_now_ns(), &plan, errors);
	if (!err) {
		err = engine_apply(engine, &plan, errors);
		plan_deinit(&plan);
	}
	target_deinit(&target);
	return err;
}

int engine_refresh(struct engine *engine, struct sl_errors *errors)
{
	int err = engine->config ? converge(engine, engine->config, &engine->overlay, errors) : 0;

	watch_update(engine);
	return err;
}

/* ---- configurations ------------------------------------------------------------------------------- */

/* As the maps have the backend, in whichever service of the pool it is best off. */
static enum backend_state state_in_maps(const struct engine *engine, const struct config *config,
					size_t pool, const struct address *address)
{
	enum backend_state state = BACKEND_FREE;

	for (size_t i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];
		int id = service->pool == pool ? view_find_backend(engine, service, address) : -1;

		if (id >= 0 && !BACKEND_USABLE(state))
			state = engine->world.backends[id].state;
	}
	return state;
}

/* See overlay.h: what packets were sent to is healthy until a probe says otherwise. */
static bool recall(const void *context, const struct config *config, size_t pool,
		   const struct address *address, struct overlay_backend *entry)
{
	const struct engine *engine = context;
	enum backend_state state = state_in_maps(engine, config, pool, address);
	struct engine_memory memory = {.weight = -1};

	if (engine->listener.remember)
		engine->listener.remember(engine->listener.context, config->pools[pool].name,
					  address, &memory);
	entry->admin = memory.admin;
	entry->weight = memory.weight;
	entry->healthy = BACKEND_USABLE(state);
	if (state == BACKEND_FREE || memory.admin == ADMIN_DISABLED)
		entry->healthy |= memory.health == MEMORY_UP;
	return entry->healthy || memory.health == MEMORY_DOWN;
}

static int refuse_restart(const struct engine *engine, const struct config *desired,
			  struct sl_errors *errors)
{
	struct config_changes changes;
	int err = 0;

	config_diff(engine->config, desired, &changes);
	for (size_t i = 0; i < changes.count; i++)
		if (changes.list[i].restart)
			err = sl_fail(errors, EBUSY, changes.list[i].path,
				      "takes effect only when sluiced starts anew: put it into the "
				      "file and restart; traffic goes on meanwhile");
	config_changes_deinit(&changes);
	return err;
}

static void swap(struct engine *engine, struct config *desired, uint64_t generation,
		 const struct overlay *overlay)
{
	struct config *old = engine->config;

	overlay_deinit(&engine->overlay);
	engine->overlay = *overlay;
	engine->config = desired;
	engine->generation = generation;
	engine->committed_at = time(NULL);
	engine->listener.committed(engine->listener.context, desired);
	config_free(old);
	engine->watch.stale = true;
	watch_update(engine);
	patience_begin(engine);
}

int engine_commit(struct engine *engine, struct config *desired, uint64_t generation,
		  struct sl_errors *errors)
{
	_cleanup_log_context_ struct log_context said = {.generation = generation};
	struct overlay overlay;
	int err = engine->config ? refuse_restart(engine, desired, errors) : 0;

	if (err)
		return err;
	log_context_push(&said);
	overlay_init(&overlay, desired, &engine->overlay, engine->config, recall, engine,
		     clock_now_ns());
	err = converge(engine, desired, &overlay, errors);
	if (err)
		overlay_deinit(&overlay);
	else
		swap(engine, desired, generation, &overlay);
	return err;
}

void engine_renumber(struct engine *engine, uint64_t generation)
{
	engine->generation = generation;
}

int engine_preview(const struct engine *engine, const struct config *desired,
		   struct engine_preview *ret_preview, struct sl_errors *errors)
{
	struct engine_preview preview = {0};
	struct overlay overlay;
	struct target target;
	int err;

	overlay_init(&overlay, desired, &engine->overlay, engine->config, recall, engine,
		     clock_now_ns());
	fold(desired, &overlay, &engine->hops, clock_now_ns(), &target);
	err = plan_build(&engine->world, &target, clock_now_ns(), &preview.plan, errors);
	target_deinit(&target);
	overlay_deinit(&overlay);
	if (err)
		return err;
	config_diff(engine->config, desired, &preview.changes);
	for (size_t i = 0; i < preview.changes.count; i++)
		preview.restart |= preview.changes.list[i].restart;
	*ret_preview = preview;
	return 0;
}

void engine_preview_deinit(struct engine_preview *preview)
{
	config_changes_deinit(&preview->changes);
	plan_deinit(&preview->plan);
}

/* ---- overrides ------------------------------------------------------------------------------------ */

struct overlay_backend *engine_overlay(const struct engine *engine, const char *pool,
				       const char *backend, struct sl_errors *errors)
{
	int p = engine->config ? config_find_pool(engine->config, pool) : -1;
	int b = p < 0 ? -1 : config_find_backend(&engine->config->pools[p], backend);

	if (p < 0)
		sl_fail(errors, ENOENT, pool, "no such pool; see `sluicectl show backends`");
	else if (b < 0)
		sl_fail(errors, ENOENT, backend,
			"no such backend in pool %s; see `sluicectl show backends`", pool);
	return b < 0 ? NULL : &engine->overlay.pools[p][b];
}

/* Sets one overlay entry and converges; the old value comes back if that fails. */
static int override(struct engine *engine, struct overlay_backend *entry,
		    struct overlay_backend wanted, struct sl_errors *errors)
{
	struct overlay_backend before = *entry;
	int err;

	*entry = wanted;
	err = engine_refresh(engine, errors);
	if (err)
		*entry = before;
	return err;
}

int engine_set_admin(struct engine *engine, const char *pool, const char *backend, enum admin admin,
		     struct sl_errors *errors)
{
	struct overlay_backend *entry = engine_overlay(engine, pool, backend, errors);
	struct overlay_backend wanted;

	if (!entry)
		return -ENOENT;
	wanted = *entry;
	wanted.admin = admin;
	return override(engine, entry, wanted, errors);
}

int engine_set_weight(struct engine *engine, const char *pool, const char *backend, int weight,
		      struct sl_errors *errors)
{
	struct overlay_backend *entry = engine_overlay(engine, pool, backend, errors);
	struct overlay_backend wanted;

	if (!entry)
		return -ENOENT;
	wanted = *entry;
	wanted.weight = weight;
	return override(engine, entry, wanted, errors);
}

bool engine_healthy(const struct engine *engine, const char *pool, const char *backend)
{
	const struct overlay_backend *entry = engine_overlay(engine, pool, backend, NULL);

	return entry && entry->healthy;
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

/* Next hops from before a restart serve until netlink has been heard. */
static void adopt_hops(struct engine *engine)
{
	const struct world *world = &engine->world;

	memcpy(engine->hops.egress, world->egress, sizeof(engine->hops.egress));
	for (uint32_t i = 0; i < world->size.backends; i++) {
		const struct backend_entry *entry = &world->backends[i];
		struct address address = world_backend_address(entry);

		if (entry->state == BACKEND_FREE || !entry->next_hop.word)
			continue;
		hops_adopt(&engine->hops, &address, entry->next_hop);
	}
}

int engine_new(struct event_base *base, struct dataplane *dataplane,
	       const struct engine_listener *listener, struct engine **ret_engine,
	       struct sl_errors *errors)
{
	struct engine *engine = sl_calloc(1, sizeof(*engine));
	int err;

	engine->dataplane = dataplane;
	engine->listener = *listener;
	engine->applied = 1;
	world_init(&engine->world, dataplane_size(dataplane));
	engine->rebuild = evtimer_new(base, engine_on_rebuild, engine);
	engine->patience = evtimer_new(base, patience_on_end, engine);
	if (!engine->rebuild || !engine->patience)
		sl_out_of_memory();
	err = dataplane_read(dataplane, &engine->world, errors);
	if (!err)
		err = reclaim_init(engine, base, errors);
	if (!err)
		err = walk_init(engine, base, errors);
	if (err) {
		engine_free(engine);
		return err;
	}
	world_adopt(&engine->world, clock_now_ns());
	adopt_hops(engine);
	reclaim_all(engine);
	walk_adopt(engine);
	*ret_engine = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	walk_deinit(engine);
	reclaim_deinit(engine);
	event_free(engine->rebuild);
	event_free(engine->patience);
	overlay_deinit(&engine->overlay);
	hops_deinit(&engine->hops);
	view_deinit(&engine->view);
	watch_deinit(&engine->watch);
	world_deinit(&engine->world);
	config_free(engine->config);
	free(engine);
}
