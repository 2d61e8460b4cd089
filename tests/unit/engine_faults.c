/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random plans over the fake data plane, with a failure at every step, and with a second one on the way
 * back.
 */
#include "engine/internal.h"
#include "fake_dataplane.h"

#include "targets.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <event2/event.h>

enum {
	EACH_STEP_SEEDS = 12, /* each tries every step of a plan */
	DOUBLE_SEEDS = 25,    /* each tries some pairs of steps of a larger one */
	PAIRS = 20,
	NOW_NS = 1000000000,
};

struct site {
	struct event_base *base; /* never runs: no walk, no grace period, no rebuild */
	struct dataplane *dataplane;
	struct engine *engine;
};

static void on_committed(void *context, const struct config *config)
{
}

static void on_watch(void *context, const struct address *addresses, size_t count)
{
}

static struct site open_site(void)
{
	const struct engine_listener listener = {.committed = on_committed, .watch = on_watch};
	struct config_capacity capacity = {
		.services = 40, .backends = 400, .slots = 20000, .flows = 1024};
	struct site site = {.base = event_base_new()};

	cr_assert_eq(dataplane_open(NULL, &capacity, NULL, NULL, &site.dataplane, NULL), 0);
	cr_assert_eq(engine_new(site.base, site.dataplane, &listener, &site.engine, NULL), 0);
	return site;
}

static void close_site(struct site *site)
{
	engine_free(site->engine);
	dataplane_close(site->dataplane);
	event_base_free(site->base);
}

static void lift_holds(struct world *world)
{
	memset(world->service_hold, 0, world->size.services);
	memset(world->backend_hold, 0, world->size.backends);
	memset(world->chunk_hold, 0, world->size.chunks);
}

static struct plan plan_for(struct site *site, const struct target *target)
{
	struct plan plan;

	lift_holds(&site->engine->world);
	cr_assert_eq(plan_build(&site->engine->world, target, NOW_NS, &plan, NULL), 0);
	return plan;
}

/* A few services of a random target: plans short enough for every step of them to be tried. */
static struct target small_target(uint64_t seed)
{
	struct target target = random_target(seed);

	while (target.n_services > 2)
		free(target.services[--target.n_services].backends);
	return target;
}

/* ---- what must hold whatever failed --------------------------------------------------------------- */

/* What the maps hold, and by their own reading. */
static struct world read_maps(struct site *site)
{
	struct world maps;

	world_init(&maps, dataplane_size(site->dataplane));
	cr_assert_eq(dataplane_read(site->dataplane, &maps, NULL), 0);
	maps.program = site->engine->world.program;
	return maps;
}

static void expect_sound_slots(const struct world *maps, uint32_t service)
{
	uint64_t word = maps->services[service].word;
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = first; i < first + service_word_chunks(word) * SLOTS_PER_CHUNK; i++) {
		const uint32_t named[] = {SLOT_CURRENT(maps->slots[i]),
					  SLOT_ORIGIN(maps->slots[i])};

		for (int k = 0; k < 2; k++)
			cr_assert(named[k] == SLOT_NONE ||
				  (maps->backends[named[k]].state != BACKEND_FREE &&
				   maps->backends[named[k]].service == service));
	}
}

/* No packet can be steered to a stranger: not by a VIP, and not by a slot. */
static void expect_sound(struct site *site)
{
	struct world maps = read_maps(site);
	_cleanup_free_ bool *named = sl_calloc(maps.size.services, sizeof(*named));

	cr_assert(world_equal(&maps, &site->engine->world), "the engine knows what the maps hold");
	for (size_t i = 0; i < maps.n_vips; i++) {
		uint32_t service = maps.vips[i].service;

		if (service == SERVICE_NONE)
			continue;
		cr_assert(maps.services[service].word & SERVICE_WORD_LIVE);
		cr_assert_not(named[service]);
		named[service] = true;
		expect_sound_slots(&maps, service);
	}
	world_deinit(&maps);
}

static void reach(struct site *site, const struct target *target)
{
	struct plan plan = plan_for(site, target);

	cr_assert_eq(engine_apply(site->engine, &plan, NULL), 0);
	plan_deinit(&plan);
	plan = plan_for(site, target);
	cr_assert_eq(plan.count, 0, "and that was all");
	plan_deinit(&plan);
	expect_sound(site);
}

/* ---- one failure ---------------------------------------------------------------------------------- */

/* False: the step may fail (a program that need not be loaded), and the rest went through. */
static bool fail_once(struct site *site, const struct plan *plan, unsigned n)
{
	_cleanup_free_ void *before = NULL, *after = NULL;
	struct sl_errors errors = {0};
	size_t size, size_after;
	int err;

	before = fake_bytes(site->dataplane, &size);
	fake_fail_at(site->dataplane, n);
	err = engine_apply(site->engine, plan, &errors);
	fake_fail_at(site->dataplane, 0);
	if (!err) {
		cr_assert_eq(n, plan->count);
		cr_assert_eq(plan->steps[n - 1].kind, STEP_PROGRAM);
		return false;
	}
	cr_assert_eq(err, -EIO);
	cr_assert_eq(errors.count, 1);
	sl_errors_deinit(&errors);
	after = fake_bytes(site->dataplane, &size_after);
	cr_assert_eq(size, size_after);
	cr_assert_arr_eq(before, after, size, "step %u of %zu left a trace", n, plan->count);
	if (n % 16 == 0) /* costs more than all the rest */
		expect_sound(site);
	return true;
}

static size_t fail_at_each_step(struct site *site, const struct target *target)
{
	struct plan plan = plan_for(site, target), again;
	size_t n = 0;

	while (n < plan.count && fail_once(site, &plan, n + 1))
		n++;
	if (n == plan.count) {
		again = plan_for(site, target);
		cr_assert_eq(again.count, plan.count);
		cr_assert_arr_eq(again.steps, plan.steps, plan.count * sizeof(*plan.steps));
		plan_deinit(&again);
	}
	plan_deinit(&plan);
	reach(site, target);
	return n;
}

Test(engine_faults, a_failure_at_any_step_leaves_every_byte)
{
	struct site site = open_site();
	struct target target = small_target(1000);
	size_t tried = 0;

	reach(&site, &target); /* the first program stays */
	target_deinit(&target);
	for (uint64_t seed = 1; seed <= EACH_STEP_SEEDS; seed++) {
		target = small_target(seed);
		tried += fail_at_each_step(&site, &target);
		target_deinit(&target);
	}
	cr_log_info("%zu failures", tried);
	cr_expect_gt(tried, 1000);
	close_site(&site);
}

/* ---- two failures --------------------------------------------------------------------------------- */

/* Step n fails, and then the m-th step of the undo. */
static void fail_twice(struct site *site, const struct target *target, struct random *random)
{
	struct plan plan = plan_for(site, target);
	unsigned n = plan.count < 2 ? 0 : 2 + random_below(random, plan.count - 1);
	unsigned m = n ? 1 + random_below(random, n - 1) : 0;
	struct sl_errors errors = {0};
	int err;

	fake_fail_at(site->dataplane, n);
	fake_fail_again(site->dataplane, m);
	err = engine_apply(site->engine, &plan, &errors);
	fake_fail_at(site->dataplane, 0);
	if (err) {
		cr_assert_eq(errors.count, 2);
		cr_assert_not_null(strstr(errors.list[1].what, "could not be undone"));
		cr_assert(evtimer_pending(site->engine->rebuild, NULL), "it is tried again");
	}
	expect_sound(site);
	sl_errors_deinit(&errors);
	plan_deinit(&plan);
}

Test(engine_faults, an_undo_that_fails_is_sound_and_healed_by_the_next_plan)
{
	struct site site = open_site();
	struct target targets[2] = {random_target(2000)};

	reach(&site, &targets[0]);
	for (uint64_t seed = 1; seed <= DOUBLE_SEEDS; seed++) {
		struct random random = {seed};

		targets[1] = random_target(seed);
		for (int i = 0; i < PAIRS; i++) {
			fail_twice(&site, &targets[1], &random);
			reach(&site, &targets[0]);
		}
		/* Also with another failure before it is healed. */
		for (int i = 0; i < PAIRS; i++)
			fail_twice(&site, &targets[random_below(&random, 2)], &random);
		reach(&site, &targets[1]);
		target_deinit(&targets[0]);
		targets[0] = targets[1];
	}
	target_deinit(&targets[0]);
	close_site(&site);
}
