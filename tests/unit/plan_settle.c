/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of slots and of backends that left, by time and scans alone.
 */
#include "planning.h"

TestSuite(plan_settle, .init = setup, .fini = teardown);

static void settle(const struct target *target, uint64_t begun_ns, bool record_of_leaver,
		   int leaver)
{
	struct scan scan;
	struct plan plan;

	scan_init(&scan, &world.size);
	scan_begin(&scan, begun_ns);
	if (record_of_leaver)
		scan.backends[leaver].established = 1;
	plan_settle(&world, target, &scan, now_ns, &plan);
	apply_steps(&plan, plan.count);
	plan_deinit(&plan);
	scan_deinit(&scan);
}

static size_t count_slots(bool (*is)(__u32))
{
	size_t count = 0;

	for (uint32_t i = 0; i < world.size.services; i++) {
		uint64_t word = world.services[i].word;

		for (uint32_t k = 0; k < service_word_chunks(word) * SLOTS_PER_CHUNK; k++)
			count += is(world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + k]);
	}
	return count;
}

static bool is_moving(__u32 word)
{
	return SLOT_ORIGIN(word) != SLOT_NONE && SLOT_ORIGIN(word) != SLOT_CURRENT(word);
}

static bool is_tail(__u32 word)
{
	return SLOT_ORIGIN(word) == SLOT_NONE && SLOT_CURRENT(word) != SLOT_NONE;
}

Test(plan_settle, a_backend_that_left_goes_when_nothing_names_it)
{
	struct target target = two_services();
	struct address gone = target.services[0].backends[2].address;
	uint32_t service;
	int id;

	reach(&target);
	service = first_service(&target);
	id = world_find_backend(&world, service, &gone, FORWARD_IPIP);
	target_remove_backend(&target.services[0], 2);
	reach(&target);
	cr_expect_eq(world.backends[id].state, BACKEND_DRAINING);
	cr_expect_gt(count_slots(is_moving), 0);

	now_ns += MINUTE / 4;
	settle(&target, now_ns, false, id); /* the drain time isn't over */
	cr_expect_gt(count_slots(is_moving), 0);
	now_ns += MINUTE / 2;
	settle(&target, now_ns, false, id);
	cr_expect_eq(count_slots(is_moving), 0);
	cr_expect_gt(count_slots(is_tail), 0);
	settle(&target, now_ns, false, id); /* this scan is no younger than the tails */
	cr_expect_gt(count_slots(is_tail), 0);
	cr_expect_eq(world.backends[id].state, BACKEND_DRAINING);
	now_ns += MINUTE / 60;
	settle(&target, now_ns, true, id);
	cr_expect_eq(count_slots(is_tail), 0);
	cr_expect_eq(world.backends[id].state, BACKEND_DRAINING);
	settle(&target, now_ns, false, id);
	cr_expect_eq(world.backends[id].state, BACKEND_FREE);
	cr_expect_eq(world.backend_hold[id], HOLD_GRACE | HOLD_SCAN);
	target_deinit(&target);
}

Test(plan_settle, a_backend_of_the_target_never_goes)
{
	struct target target = two_services();

	for (size_t i = 0; i < 3; i++)
		target.services[0].backends[i].state = BACKEND_DOWN;
	reach(&target);
	now_ns += MINUTE;
	settle(&target, now_ns, false, 0);
	for (size_t i = 0; i < 3; i++)
		cr_expect_geq(world_find_backend(&world, first_service(&target),
						 &target.services[0].backends[i].address,
						 FORWARD_IPIP),
			      0);
	target_deinit(&target);
}

/* A scan that began before the backend came back saw none of the flows that fell back meanwhile. */
Test(plan_settle, a_tail_of_a_backend_that_just_came_up_does_not_settle)
{
	struct target target = two_services();
	struct target_backend *backend = &target.services[0].backends[0];
	uint64_t begun_ns;

	target.services[0].n_backends = 1;
	reach(&target);
	for (int i = 0; i < 2; i++) { /* settled at first, tails the second time */
		now_ns += MINUTE;
		backend->state = BACKEND_DOWN;
		reach(&target);
		now_ns += MINUTE;
		begun_ns = now_ns;
		now_ns += MINUTE / 60;
		backend->state = BACKEND_UP;
		reach(&target);
		now_ns += MINUTE / 60;
		settle(&target, begun_ns, false, 0);
		cr_expect_eq(count_slots(is_tail), 128);
	}
	settle(&target, now_ns, false, 0);
	cr_expect_eq(count_slots(is_tail), 0);
	target_deinit(&target);
}

/* A scan that began while a slot named the backend may have missed a record that came of it. */
static void expect_kept_while_just_named(uint32_t larger)
{
	struct target target = two_services();
	struct target_service *service = &target.services[0];
	uint64_t begun_ns;
	uint32_t id;
	int gone;

	service->n_backends = 1;
	reach(&target);
	id = first_service(&target);
	service->n_backends = 2;
	reach(&target);
	gone = world_find_backend(&world, id, &service->backends[1].address, FORWARD_IPIP);
	/* With nobody to take its slots, the second one lingers and is still named by them. */
	service->backends[0].state = BACKEND_DRAINING;
	service->n_backends = 1;
	reach(&target);
	begun_ns = now_ns += MINUTE / 10;
	now_ns += MINUTE / 60;
	for (uint32_t i = 0; i <= larger; i++)
		target_add_backend(service, 110 + i, 1);
	reach(&target);
	now_ns += MINUTE / 60;
	settle(&target, begun_ns, false, 0);
	cr_expect_eq(world.backends[gone].state, BACKEND_DRAINING);
	settle(&target, now_ns, false, 0);
	cr_expect_eq(world.backends[gone].state, BACKEND_FREE);
	target_deinit(&target);
}

Test(plan_settle, a_backend_that_was_just_named_does_not_go)
{
	expect_kept_while_just_named(0);
}

Test(plan_settle, a_backend_that_the_smaller_table_just_named_does_not_go)
{
	expect_kept_while_just_named(1);
}

/* Times are kept in quarters of a second: rounding may not cut the drain time short. */
Test(plan_settle, the_drain_time_is_never_cut_short)
{
	for (uint64_t ms = 0; ms < 300; ms += 7) {
		struct target target = two_services();

		now_ns = MINUTE + ms * 1000000;
		reach(&target);
		target.services[0].backends[1].weight = 3;
		reach(&target);
		now_ns += MINUTE / 2 - 1;
		settle(&target, now_ns, false, 0);
		cr_expect_eq(count_slots(is_tail), 0);
		now_ns += MINUTE / 60;
		settle(&target, now_ns, false, 0);
		cr_expect_eq(count_slots(is_moving), 0);
		target_deinit(&target);
		teardown();
		setup();
	}
}
