/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planning.h - the world that tests of plans work on, and how plans are carried out on it.
 */
#ifndef SLUICE_TESTS_PLANNING_H
#define SLUICE_TESTS_PLANNING_H

#include "targets.h"

#include <criterion/criterion.h>

#define MINUTE 60000000000ull

static struct world world;
static uint64_t now_ns = MINUTE;

static inline void setup(void)
{
	world_init(&world, (struct world_size){.services = 40, .backends = 400, .chunks = 4000});
}

static inline void teardown(void)
{
	world_deinit(&world);
}

static inline struct plan plan_for(const struct target *target)
{
	struct plan plan;

	cr_assert_eq(plan_build(&world, target, now_ns, &plan, NULL), 0);
	return plan;
}

static inline void apply_steps(const struct plan *plan, size_t count)
{
	for (size_t i = 0; i < count; i++)
		world_apply(&world, &plan->steps[i], now_ns);
}

static inline void undo_steps(const struct plan *plan, size_t count)
{
	while (count-- > 0) {
		struct step inverse = step_inverse(&plan->steps[count]);

		world_apply(&world, &inverse, now_ns);
	}
}

static inline void reach(const struct target *target)
{
	struct plan plan = plan_for(target);

	apply_steps(&plan, plan.count);
	plan_deinit(&plan);
}

static inline void lift_holds(void)
{
	memset(world.service_hold, 0, world.size.services);
	memset(world.backend_hold, 0, world.size.backends);
	memset(world.chunk_hold, 0, world.size.chunks);
}

static inline size_t count_steps(const struct plan *plan, enum step_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		count += plan->steps[i].kind == kind;
	return count;
}

/* TCP and UDP on one VIP, with three backends each. */
static inline struct target two_services(void)
{
	struct target target = {.program = target_program()};

	target_add_service(&target, 2, IPPROTO_TCP);
	target_add_service(&target, 2, IPPROTO_UDP);
	for (uint32_t host = 100; host < 103; host++)
		for (size_t i = 0; i < 2; i++)
			target_add_backend(&target.services[i], host, 1);
	return target;
}

static inline uint32_t first_service(const struct target *target)
{
	const struct target_service *service = &target->services[0];

	return world_find_vip(&world, &service->vip, service->protocol, service->port_be)->service;
}

#endif
