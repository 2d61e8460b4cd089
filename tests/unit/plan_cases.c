/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What single plans must, and must not, contain; and where room ends.
 */
#include "planning.h"

#include <errno.h>

TestSuite(plan_cases, .init = setup, .fini = teardown);

Test(plan_cases, a_dead_backend_is_left_first)
{
	struct target target = two_services();
	struct plan plan;

	reach(&target);
	target.services[1].backends[1].state = BACKEND_DOWN;
	plan = plan_for(&target);
	cr_expect_eq(plan.steps[0].kind, STEP_BACKEND_STATE);
	cr_expect_eq(plan.steps[0].after.state, BACKEND_DOWN);
	cr_expect_eq(plan.steps[1].kind, STEP_SERVICE_GRACE);
	cr_expect_eq(plan.steps[1].after.word, now_ns + 10000 * 1000000ull);
	cr_expect_eq(count_steps(&plan, STEP_SLOT) + 3, plan.count);
	cr_expect_eq(count_steps(&plan, STEP_SERVICE_NOTE), 1);
	cr_expect_eq(plan.n_services, 1);
	cr_expect_eq(plan.services[0].slots, 512);
	cr_expect_eq(plan.services[0].slots_moved, count_steps(&plan, STEP_SLOT));
	cr_expect_lt(plan.services[0].slots_moved, 512 / 3 + 40);
	for (size_t i = 0; i < plan.count; i++)
		if (plan.steps[i].kind == STEP_SLOT)
			cr_expect_neq(SLOT_ORIGIN(plan.steps[i].after.slot), plan.steps[0].index);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan_cases, slots_of_a_backend_that_comes_back_are_tails_before_it_is_up)
{
	struct target target = two_services();
	struct plan plan;
	size_t tails = 0, i = 0;

	reach(&target);
	/* All down: slots stay with them. */
	for (size_t b = 0; b < 3; b++)
		target.services[0].backends[b].state = BACKEND_DOWN;
	plan = plan_for(&target);
	cr_expect_eq(count_steps(&plan, STEP_BACKEND_STATE), 3);
	cr_expect_eq(count_steps(&plan, STEP_SLOT), 0);
	apply_steps(&plan, plan.count);
	plan_deinit(&plan);

	target.services[0].backends[1].state = BACKEND_DRAINING;
	plan = plan_for(&target);
	for (; plan.steps[i].kind == STEP_SLOT; i++, tails++)
		cr_expect_eq(SLOT_ORIGIN(plan.steps[i].after.slot), SLOT_NONE);
	cr_expect_eq(plan.steps[i].kind, STEP_BACKEND_STATE);
	cr_expect(tails >= 512 / 3 && tails <= 512 / 3 + 1);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan_cases, the_first_backend_of_a_service_settles_at_once)
{
	struct target target = two_services();
	uint64_t word;
	uint32_t id;

	target.services[0].n_backends = 0;
	reach(&target);
	target.services[0].n_backends = 3;
	lift_holds();
	reach(&target);
	id = first_service(&target);
	word = world.services[id].word;
	for (uint32_t i = 0; i < 512; i++) {
		__u32 slot = world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + i];

		cr_assert_neq(SLOT_CURRENT(slot), SLOT_NONE);
		cr_assert_eq(SLOT_CURRENT(slot), SLOT_ORIGIN(slot));
	}
	target_deinit(&target);
}

Test(plan_cases, grace_is_only_prolonged)
{
	struct target target = two_services();
	struct plan plan;

	reach(&target);
	target.services[1].backends[1].weight = 2;
	reach(&target);
	target.services[1].udp_grace_ms = 5000;
	target.services[1].backends[1].weight = 3;
	plan = plan_for(&target);
	cr_expect_gt(count_steps(&plan, STEP_SLOT), 0);
	cr_expect_eq(count_steps(&plan, STEP_SERVICE_GRACE), 0);
	plan_deinit(&plan);
	target_deinit(&target);
}

/* Though no slot moves, since nobody can have one: flows without a record mustn't get a turn. */
Test(plan_cases, a_service_that_begins_to_take_turns_gets_grace)
{
	struct target target = two_services();
	struct plan plan;

	reach(&target);
	for (size_t i = 0; i < 3; i++)
		target.services[1].backends[i].state = BACKEND_DRAINING;
	target.services[1].algorithm = ALGORITHM_ROUND_ROBIN;
	target.services[1].tracking = TRACKING_ALL;
	plan = plan_for(&target);
	cr_expect_eq(count_steps(&plan, STEP_SLOT), 0);
	cr_expect_eq(count_steps(&plan, STEP_SERVICE_GRACE), 1);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan_cases, a_service_that_ceases_to_track_gets_tails)
{
	struct target target = two_services();
	struct plan plan;

	target.services[0].tracking = TRACKING_ALL;
	reach(&target);
	target.services[0].tracking = TRACKING_MOVING;
	plan = plan_for(&target);
	cr_expect_eq(count_steps(&plan, STEP_SLOT), 512);
	cr_expect_eq(SLOT_ORIGIN(plan.steps[511].after.slot), SLOT_NONE);
	cr_expect_eq(plan.steps[512].kind, STEP_SERVICE_WORD);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan_cases, a_change_to_source_hash_moves_all)
{
	struct target target = two_services();
	struct plan plan;

	reach(&target);
	target.services[0].algorithm = ALGORITHM_SOURCE_HASH;
	target.services[0].source_bits = 24;
	plan = plan_for(&target);
	cr_expect_eq(count_steps(&plan, STEP_SLOT), 0);
	cr_expect_eq(plan.n_services, 1);
	cr_expect_eq(plan.services[0].slots_moved, 512);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan_cases, features_are_added_first_and_fall_away_last)
{
	struct target target = two_services();
	struct plan plan;
	uint32_t old;

	reach(&target);
	old = world.program.features;
	cr_expect_eq(old, FEATURE_IPV4 | FEATURE_IPIP);
	target.services[0].tracking = TRACKING_ALL;
	target.services[0].vip = target.services[1].vip = target_address(3);
	plan = plan_for(&target);
	cr_expect_eq(plan.steps[0].kind, STEP_PROGRAM);
	cr_expect_eq(plan.steps[0].after.program.features, old | FEATURE_IPV6 | FEATURE_TRACK_ALL);
	cr_expect_eq(plan.steps[plan.count - 1].kind, STEP_PROGRAM);
	cr_expect_eq(plan.steps[plan.count - 1].after.program.features,
		     FEATURE_IPV6 | FEATURE_IPIP | FEATURE_TRACK_ALL);
	plan_deinit(&plan);
	target_deinit(&target);
}

/* Neither a slot nor a record changes on the way. */
Test(plan_cases, in_shadow_the_address_is_the_hosts)
{
	struct target target = two_services();
	struct plan plan;
	size_t all;

	reach(&target);
	all = world.n_vips;
	target.services[0].mode = SERVICE_MODE_SHADOW;
	plan = plan_for(&target);
	/* The program first, which knows of it. */
	cr_expect_eq(plan.count, 2);
	cr_expect_eq(plan.steps[0].kind, STEP_PROGRAM);
	cr_expect_eq(plan.steps[1].kind, STEP_SERVICE_WORD);
	apply_steps(&plan, plan.count);
	plan_deinit(&plan);

	target.services[1].mode = SERVICE_MODE_SHADOW;
	plan = plan_for(&target);
	cr_expect_eq(plan.count, 2);
	cr_expect_eq(plan.steps[0].kind, STEP_SERVICE_WORD);
	cr_expect_eq(plan.steps[1].kind, STEP_VIP);
	cr_expect_eq(plan.steps[1].before.vip.port_be, 0);
	apply_steps(&plan, plan.count);
	cr_expect_eq(world.n_vips, all - 1);
	plan_deinit(&plan);

	target.services[0].mode = SERVICE_MODE_ENFORCE;
	reach(&target);
	cr_expect_eq(world.n_vips, all);
	target_deinit(&target);
}

Test(plan_cases, features_stay_while_a_backend_lingers)
{
	struct target target = two_services();

	reach(&target);
	for (size_t i = 0; i < 2; i++)
		for (size_t b = 0; b < 3; b++)
			target.services[i].backends[b].forward = FORWARD_L2;
	reach(&target);
	cr_expect_eq(world.program.features, FEATURE_IPV4 | FEATURE_IPIP | FEATURE_L2);
	target_deinit(&target);
}

Test(plan_cases, another_forward_is_another_backend)
{
	struct target target = two_services();
	struct address *address = &target.services[0].backends[1].address;
	int before, after;
	uint32_t service;

	reach(&target);
	service = first_service(&target);
	before = world_find_backend(&world, service, address, FORWARD_IPIP);
	target.services[0].backends[1].forward = FORWARD_L2;
	reach(&target);
	after = world_find_backend(&world, service, address, FORWARD_L2);
	cr_expect_neq(before, after);
	cr_expect_eq(world.backends[before].state, BACKEND_DRAINING);
	cr_expect_eq(world.backends[after].state, BACKEND_UP);
	target_deinit(&target);
}

/* ---- limits --------------------------------------------------------------------------------------- */

static void expect_no_room(struct world_size size, const char *where)
{
	struct target target = two_services();
	struct sl_errors errors = {};
	struct plan plan = {.count = 77};
	struct world small;

	world_init(&small, size);
	cr_expect_eq(plan_build(&small, &target, now_ns, &plan, &errors), -ENOSPC);
	cr_expect_eq(plan.count, 77);
	cr_assert_eq(errors.count, 1);
	cr_expect_str_eq(errors.list[0].where, where);
	sl_errors_deinit(&errors);
	world_deinit(&small);
	target_deinit(&target);
}

Test(plan_cases, capacity_that_does_not_suffice)
{
	expect_no_room((struct world_size){2, 6, 64}, "capacity.services");
	expect_no_room((struct world_size){3, 5, 64}, "capacity.backends");
	expect_no_room((struct world_size){3, 6, 63}, "capacity.slots");
}

Test(plan_cases, capacity_that_just_suffices)
{
	struct target target = two_services();

	teardown();
	world_init(&world, (struct world_size){3, 6, 64});
	reach(&target);
	cr_expect_eq(world.services[2].word & SERVICE_WORD_LIVE, SERVICE_WORD_LIVE);
	target_deinit(&target);
}

static void expect_held(struct world_size size, const char *where)
{
	struct target target = two_services(), none = {.program = target_program()};
	struct sl_errors errors = {};
	struct plan plan;

	teardown();
	world_init(&world, size);
	reach(&target);
	reach(&none);
	cr_expect_eq(plan_build(&world, &target, now_ns, &plan, &errors), -ENOSPC);
	cr_expect_eq(errors.count, 1);
	cr_expect_str_eq(errors.list[0].where, where);
	lift_holds();
	reach(&target);
	sl_errors_deinit(&errors);
	target_deinit(&target);
}

Test(plan_cases, what_is_held_is_not_given_out)
{
	expect_held((struct world_size){3, 12, 128}, "capacity.services");
	expect_held((struct world_size){5, 6, 128}, "capacity.backends");
	expect_held((struct world_size){5, 12, 64}, "capacity.slots");
}

/* ---- ids that must not be given out ---------------------------------------------------------------- */

/* As a daemon may find it: a VIP that names a service that is gone. */
Test(plan_cases, a_service_that_a_vip_names_is_not_given_to_another)
{
	struct target target = two_services(), other = {.program = target_program()};
	struct step gone = {.kind = STEP_SERVICE_WORD};

	reach(&target);
	gone.index = first_service(&target);
	gone.before.word = world.services[gone.index].word;
	world_apply(&world, &gone, now_ns);
	lift_holds();
	target_add_service(&other, 4, IPPROTO_TCP);
	target_add_backend(&other.services[0], 100, 1);
	reach(&other);
	cr_expect_neq(first_service(&other), gone.index);
	cr_expect_eq(world.service_hold[gone.index], HOLD_GRACE, "packets may have read it");
	target_deinit(&target);
	target_deinit(&other);
}
