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

/* What health and net say within this time becomes one rebuild. */
enum { MERGE_MS = 50 };
/* A rebuild that fails waits twice as long each time, up to 6.4 s: the loop has other work. */
enum { DOUBLINGS = 7 };

/* ---- carrying out ------------------------------------------------------------------------------- */

/* To the maps, and then to the world. */
static int carry_out(struct engine *engine, const struct step *step, struct sl_errors *errors)
{
	int err = dataplane_apply(engine->dataplane, step, errors);

	if (!err)
		world_apply(&engine->world, step, clock_now_ns());
	else if (step->kind == STEP_PROGRAM)
		engine->world.program_known = false;
	return err;
}

/* The first program since the start: what ran before it is the loader's alone to know. It stays. */
static bool is_first_program(const struct step *step)
{
	const struct program_config none = {0};

	return step->kind == STEP_PROGRAM && !memcmp(&step->before.program, &none, sizeof(none));
}

static void undo(struct engine *engine, const struct plan *plan, size_t done)
{
	char name[64];

	engine->reclaim.stale = true;
	engine->applied++;
	while (done--) {
		struct step inverse = step_inverse(&plan->steps[done]);

		if (is_first_program(&plan->steps[done]))
			continue;
		if (carry_out(engine, &inverse, NULL))
			log_error("%s could not be undone",
				  step_name(&inverse, name, sizeof(name)));
	}
}

/*
 * A program without what nothing needs any more, or one loaded again to be sure, is a wish: the one
 * before does as well, and undoing slots that packets have seen would cost flows. The next plan wishes
 * again.
 */
static bool is_dispensable(const struct step *step)
{
	struct program_config larger = step->after.program;

	larger.features = step->before.program.features;
	return step->kind == STEP_PROGRAM &&
	       !memcmp(&larger, &step->before.program, sizeof(larger)) &&
	       !(step->after.program.features & ~step->before.program.features);
}

int engine_apply(struct engine *engine, const struct plan *plan, struct sl_errors *errors)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		bool dispensable = is_dispensable(step);
		int err = carry_out(engine, step, dispensable ? NULL : errors);

		if (err && dispensable) {
			log_warning("a program could not be loaded; the one before does as well");
			continue;
		}
		if (err) {
			undo(engine, plan, i);
			return err;
		}
	}
	if (plan->count)
		engine->applied++;
	reclaim_begin(engine);
	return 0;
}

/* Folds, plans and applies: the way that every change takes. */
static int converge(struct engine *engine, const struct config *config,
		    const struct overlay *overlay, struct sl_errors *errors)
{
	struct target target;
	struct plan plan;
	int err;

	fold(config, overlay, &engine->hops, &target);
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
	return engine->config ? converge(engine, engine->config, &engine->overlay, errors) : 0;
}

/* ---- configurations ------------------------------------------------------------------------------- */

/* A backend that packets were sent to before a restart is healthy until a probe says otherwise. */
static bool recall(const void *context, const struct address *address)
{
	const struct engine *engine = context;
	const struct world *world = &engine->world;

	for (uint32_t i = 0; i < world->size.backends; i++) {
		struct address of = world_backend_address(&world->backends[i]);

		if (BACKEND_USABLE(world->backends[i].state) && address_equal(&of, address))
			return true;
	}
	return false;
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
	engine->committed(engine->context, desired);
	config_free(old);
}

int engine_commit(struct engine *engine, struct config *desired, uint64_t generation,
		  struct sl_errors *errors)
{
	struct overlay overlay;
	int err = engine->config ? refuse_restart(engine, desired, errors) : 0;

	if (err)
		return err;
	overlay_init(&overlay, desired, &engine->overlay, engine->config, recall, engine);
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

	overlay_init(&overlay, desired, &engine->overlay, engine->config, recall, engine);
	fold(desired, &overlay, &engine->hops, &target);
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

/* ---- overrides and news --------------------------------------------------------------------------- */

static struct overlay_backend *find(const struct engine *engine, const char *pool,
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
	struct overlay_backend *entry = find(engine, pool, backend, errors);
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
	struct overlay_backend *entry = find(engine, pool, backend, errors);
	struct overlay_backend wanted;

	if (!entry)
		return -ENOENT;
	wanted = *entry;
	wanted.weight = weight;
	return override(engine, entry, wanted, errors);
}

static void rebuild_soon(struct engine *engine)
{
	unsigned ms = MERGE_MS << engine->failed_rebuilds;
	struct timeval pause = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!evtimer_pending(engine->rebuild, NULL))
		evtimer_add(engine->rebuild, &pause);
}

static void on_rebuild(evutil_socket_t fd, short what, void *context)
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
		carry_out(engine, &step, NULL);
		engine->applied++;
	}
}

void engine_set_health(struct engine *engine, const char *pool, const char *backend, bool up)
{
	struct overlay_backend *entry = find(engine, pool, backend, NULL);
	int p, b;

	if (!entry || entry->healthy == up)
		return;
	entry->healthy = up;
	if (!up) {
		p = config_find_pool(engine->config, pool);
		b = config_find_backend(&engine->config->pools[p], backend);
		leave_at_once(engine, p, &engine->config->pools[p].backends[b].address);
	}
	rebuild_soon(engine);
}

bool engine_healthy(const struct engine *engine, const char *pool, const char *backend)
{
	const struct overlay_backend *entry = find(engine, pool, backend, NULL);

	return entry && entry->healthy;
}

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

int engine_new(struct event_base *base, struct dataplane *dataplane, engine_committed_fn *committed,
	       void *context, struct engine **ret_engine, struct sl_errors *errors)
{
	struct engine *engine = sl_calloc(1, sizeof(*engine));
	int err;

	engine->dataplane = dataplane;
	engine->committed = committed;
	engine->context = context;
	engine->applied = 1;
	world_init(&engine->world, dataplane_size(dataplane));
	engine->rebuild = evtimer_new(base, on_rebuild, engine);
	if (!engine->rebuild)
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
	overlay_deinit(&engine->overlay);
	hops_deinit(&engine->hops);
	view_deinit(&engine->view);
	world_deinit(&engine->world);
	config_free(engine->config);
	free(engine);
}
