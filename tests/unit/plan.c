/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply(plan(a, b), a) = b for random a and b, by a predicate that shares no code with the plan; a
 * plan undone is as if it had never been; and what some plans must, and must not, contain.
 */
#include "balance/plan.h"

#include "balance/maglev.h"
#include "targets.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>

#define ROUNDS 60
#define MINUTE 60000000000ull

static struct world world;
static uint64_t now_ns = MINUTE;

static void setup(void)
{
	world_init(&world, (struct world_size){.services = 40, .backends = 400, .chunks = 4000});
}

static void teardown(void)
{
	world_deinit(&world);
}

TestSuite(plan, .init = setup, .fini = teardown);

static struct plan plan_for(const struct target *target)
{
	struct plan plan;

	cr_assert_eq(plan_build(&world, target, now_ns, &plan, NULL), 0);
	return plan;
}

static void apply_steps(const struct plan *plan, size_t count)
{
	for (size_t i = 0; i < count; i++)
		world_apply(&world, &plan->steps[i], now_ns);
}

static void undo_steps(const struct plan *plan, size_t count)
{
	while (count-- > 0) {
		struct step inverse = step_inverse(&plan->steps[count]);

		world_apply(&world, &inverse, now_ns);
	}
}

static void reach(const struct target *target)
{
	struct plan plan = plan_for(target);

	apply_steps(&plan, plan.count);
	plan_deinit(&plan);
}

static void lift_holds(void)
{
	memset(world.service_hold, 0, world.size.services);
	memset(world.backend_hold, 0, world.size.backends);
	memset(world.chunk_hold, 0, world.size.chunks);
}

static size_t count_steps(const struct plan *plan, enum step_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		count += plan->steps[i].kind == kind;
	return count;
}

/* ---- whether the world is as the target says ------------------------------------------------------ */

static bool gets_slots(const struct target_backend *backend)
{
	return backend->state == BACKEND_UP && backend->weight;
}

static double share_of(const struct target_service *service, const struct target_backend *backend)
{
	bool equal = service->algorithm == ALGORITHM_ROUND_ROBIN;
	double sum = 0;

	for (size_t i = 0; i < service->n_backends; i++)
		if (gets_slots(&service->backends[i]))
			sum += equal ? 1 : service->backends[i].weight;
	return (gets_slots(backend) ? equal ? 1 : backend->weight : 0) / sum;
}

static bool any_gets_slots(const struct target_service *service)
{
	for (size_t i = 0; i < service->n_backends; i++)
		if (gets_slots(&service->backends[i]))
			return true;
	return false;
}

static size_t slots_of_backend(uint64_t word, int id)
{
	const __u32 *slots = &world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK];
	size_t count = 0;

	for (uint32_t i = 0; i < 1u << SERVICE_WORD_LOG2(word); i++)
		count += (int)SLOT_CURRENT(slots[i]) == id;
	return count;
}

static void expect_backend(uint32_t service_id, const struct target_service *service,
			   const struct target_backend *wanted)
{
	uint64_t word = world.services[service_id].word;
	double slots = 1u << SERVICE_WORD_LOG2(word);
	int id = world_find_backend(&world, service_id, &wanted->address, wanted->forward);

	cr_assert_geq(id, 0);
	cr_expect_eq(world.backends[id].state, wanted->state);
	cr_expect_eq(world.backends[id].next_hop.word, wanted->next_hop.word);
	cr_expect_eq(world.backend_hold[id], 0);
	if (any_gets_slots(service))
		cr_expect_lt(fabs(slots_of_backend(word, id) - share_of(service, wanted) * slots), 1);
}

static void expect_slots(const struct target_service *service, uint32_t id)
{
	uint64_t word = world.services[id].word;
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = first; i < first + (1u << SERVICE_WORD_LOG2(word)); i++) {
		uint32_t current = SLOT_CURRENT(world.slots[i]), origin = SLOT_ORIGIN(world.slots[i]);

		cr_assert(origin == SLOT_NONE || world.backends[origin].service == id);
		cr_assert(origin == SLOT_NONE || world.backends[origin].state != BACKEND_FREE);
		if (current == SLOT_NONE) {
			cr_assert_not(any_gets_slots(service));
			continue;
		}
		cr_assert_neq(world.backends[current].state, BACKEND_FREE);
		cr_assert_eq(world.backends[current].service, id);
	}
}

static void expect_service(const struct target_service *service, bool *chunk_used)
{
	const struct vip *vip =
		world_find_vip(&world, &service->vip, service->protocol, service->port_be);
	uint64_t word;

	cr_assert(vip && vip->service != SERVICE_NONE);
	word = world.services[vip->service].word;
	cr_assert(word & SERVICE_WORD_LIVE);
	cr_expect_eq(SERVICE_WORD_ALGORITHM(word), service->algorithm);
	cr_expect_eq(SERVICE_WORD_WHEN_EMPTY(word), service->when_empty);
	cr_expect_eq(SERVICE_WORD_TRACKING(word), service->tracking);
	cr_expect_eq(SERVICE_WORD_SOURCE_BITS(word), service->source_bits);
	cr_expect_geq(SERVICE_WORD_LOG2(word), maglev_log2(service->n_backends));
	cr_expect_eq(world.notes[vip->service].drain_ms, service->drain_ms);
	cr_expect_eq(world.notes[vip->service].udp_grace_ms, service->udp_grace_ms);
	cr_expect_eq(world.service_hold[vip->service], 0);
	for (uint32_t i = 0; i < service_word_chunks(word); i++) {
		cr_assert_not(chunk_used[SERVICE_WORD_CHUNK(word) + i]);
		chunk_used[SERVICE_WORD_CHUNK(word) + i] = true;
		cr_assert_not(world.chunk_hold[SERVICE_WORD_CHUNK(word) + i]);
	}
	expect_slots(service, vip->service);
	for (size_t i = 0; i < service->n_backends; i++)
		expect_backend(vip->service, service, &service->backends[i]);
}

static size_t count_addresses(const struct target *target)
{
	size_t count = 0;

	for (size_t i = 0, k; i < target->n_services; i++) {
		for (k = 0; k < i; k++)
			if (address_equal(&target->services[i].vip, &target->services[k].vip))
				break;
		count += k == i;
	}
	return count;
}

static void expect_nothing_else(const struct target *target)
{
	size_t live = 0;

	cr_expect_eq(world.n_vips, target->n_services + count_addresses(target));
	for (uint32_t i = 0; i < world.size.services; i++)
		live += (world.services[i].word & SERVICE_WORD_LIVE) != 0;
	cr_expect_eq(live, target->n_services);
	for (uint32_t i = 0; i < world.size.backends; i++)
		if (world.backends[i].state != BACKEND_FREE)
			cr_expect(world.services[world.backends[i].service].word);
}

static uint32_t features_of(const struct target *target)
{
	uint32_t features = 0;

	for (size_t i = 0; i < target->n_services; i++) {
		const struct target_service *service = &target->services[i];

		features |= service->vip.family == 4 ? FEATURE_IPV4 : FEATURE_IPV6;
		features |= service->port_be ? 0 : FEATURE_ANY_PORT;
		features |= service->algorithm == ALGORITHM_SOURCE_HASH ? FEATURE_SOURCE_HASH : 0;
		features |= service->algorithm >= ALGORITHM_ROUND_ROBIN ? FEATURE_TURNS : 0;
		features |= service->tracking == TRACKING_ALL ? FEATURE_TRACK_ALL : 0;
	}
	for (uint32_t i = 0; i < world.size.backends; i++) /* with those that linger */
		if (world.backends[i].state != BACKEND_FREE)
			features |= world.backends[i].forward == FORWARD_L2 ? FEATURE_L2
									    : FEATURE_IPIP;
	return features;
}

static void expect_world(const struct target *target)
{
	bool chunk_used[4000] = {};
	struct plan again;

	for (size_t i = 0; i < target->n_services; i++)
		expect_service(&target->services[i], chunk_used);
	expect_nothing_else(target);
	cr_expect_arr_eq(world.egress, target->egress, sizeof(world.egress));
	cr_expect_eq(world.program.features, features_of(target));
	cr_expect_eq(world.program.outer4_bits, target->program.outer4_bits);
	again = plan_for(target);
	cr_expect_eq(again.count, 0);
	cr_expect_eq(again.n_services, 0);
	plan_deinit(&again);
}

/* ---- properties ----------------------------------------------------------------------------------- */

Test(plan, leads_to_the_target)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct target target = random_target(seed);

		reach(&target);
		expect_world(&target);
		target_deinit(&target);
		lift_holds();
	}
}

/* As after a restart: the maps are all there is. */
Test(plan, after_adoption_changes_only_what_maps_do_not_hold)
{
	struct target target = random_target(1);
	struct plan plan;

	reach(&target);
	memset(world.notes, 0, world.size.services * sizeof(*world.notes));
	world_adopt(&world, now_ns);
	plan = plan_for(&target);
	cr_expect_eq(plan.count, target.n_services);
	cr_expect_eq(count_steps(&plan, STEP_SERVICE_NOTE), plan.count);
	plan_deinit(&plan);
	target_deinit(&target);
}

/* As after a daemon that was killed in the middle of a plan, with any number of steps done. */
Test(plan, goes_on_from_anywhere)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct target first = random_target(seed), second = random_target(seed + 1000);
		struct random random = {seed};
		struct plan plan;

		reach(&first);
		lift_holds();
		plan = plan_for(&second);
		apply_steps(&plan, random_below(&random, plan.count));
		memset(world.notes, 0, world.size.services * sizeof(*world.notes));
		world_adopt(&world, now_ns);
		lift_holds();
		reach(&second);
		expect_world(&second);
		lift_holds();
		plan_deinit(&plan);
		target_deinit(&first);
		target_deinit(&second);
	}
}

static void expect_undone(const struct plan *plan, size_t count)
{
	struct world before;

	world_copy(&before, &world);
	apply_steps(plan, count);
	undo_steps(plan, count);
	cr_assert(world_equal(&world, &before), "after %zu of %zu", count, plan->count);
	cr_assert_arr_eq(world.notes, before.notes, world.size.services * sizeof(*world.notes));
	/* What was in use or held is so again; what was taken and given back is held. */
	for (uint32_t i = 0; i < world.size.backends; i++)
		cr_assert(world.backend_hold[i] == before.backend_hold[i] ||
			  world.backends[i].state == BACKEND_FREE);
	for (uint32_t i = 0; i < world.size.services; i++) {
		uint64_t word = world.services[i].word;

		cr_assert(world.service_hold[i] == before.service_hold[i] || !word);
		for (uint32_t k = 0; k < service_word_chunks(word); k++)
			cr_assert_not(world.chunk_hold[SERVICE_WORD_CHUNK(word) + k]);
	}
	world_deinit(&world);
	world = before;
}

Test(plan, is_undone_from_every_step)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct target target = random_target(seed);
		struct plan plan = plan_for(&target);
		struct random random = {seed};

		for (size_t i = 0; i < plan.count; i += 1 + random_below(&random, 29))
			expect_undone(&plan, i);
		expect_undone(&plan, plan.count);
		apply_steps(&plan, plan.count);
		lift_holds();
		plan_deinit(&plan);
		target_deinit(&target);
	}
}

/* Of the digest, too: two nodes with other histories agree when they have one target. */
Test(plan, nodes_with_one_target_have_one_digest)
{
	struct target target = random_target(7), other = random_target(8);
	struct target none = {.program = target_program()};
	uint64_t digest;

	for (size_t i = 0; i < target.n_services; i++)
		if (!any_gets_slots(&target.services[i]))
			target_add_backend(&target.services[i], 99, 1);
	reach(&target);
	digest = world_digest(&world);
	teardown();
	setup();
	reach(&other);
	lift_holds();
	reach(&none); /* its tables may be larger */
	lift_holds();
	reach(&target);
	cr_expect_eq(world_digest(&world), digest);
	target_deinit(&target);
	target_deinit(&other);
}

/* ---- what single plans contain -------------------------------------------------------------------- */

static struct target two_services(void)
{
	struct target target = {.program = target_program()};

	target_add_service(&target, 2, IPPROTO_TCP);
	target_add_service(&target, 2, IPPROTO_UDP);
	for (uint32_t host = 100; host < 103; host++)
		for (size_t i = 0; i < 2; i++)
			target_add_backend(&target.services[i], host, 1);
	return target;
}

Test(plan, a_dead_backend_is_left_first)
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

Test(plan, slots_of_a_backend_that_comes_back_are_tails_before_it_is_up)
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

Test(plan, the_first_backend_of_a_service_settles_at_once)
{
	struct target target = two_services();
	uint64_t word;

	target.services[0].n_backends = 0;
	reach(&target);
	target.services[0].n_backends = 3;
	lift_holds();
	reach(&target);
	word = world.services[world_find_vip(&world, &target.services[0].vip, IPPROTO_TCP,
					     target.services[0].port_be)->service].word;
	for (uint32_t i = 0; i < 512; i++) {
		__u32 slot = world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + i];

		cr_assert_neq(SLOT_CURRENT(slot), SLOT_NONE);
		cr_assert_eq(SLOT_CURRENT(slot), SLOT_ORIGIN(slot));
	}
	target_deinit(&target);
}

Test(plan, grace_is_only_prolonged)
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

Test(plan, a_change_to_source_hash_moves_all)
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

Test(plan, features_are_added_first_and_fall_away_last)
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
	cr_expect_eq(plan.steps[0].after.program.features,
		     old | FEATURE_IPV6 | FEATURE_TRACK_ALL);
	cr_expect_eq(plan.steps[plan.count - 1].kind, STEP_PROGRAM);
	cr_expect_eq(plan.steps[plan.count - 1].after.program.features,
		     FEATURE_IPV6 | FEATURE_IPIP | FEATURE_TRACK_ALL);
	plan_deinit(&plan);
	target_deinit(&target);
}

Test(plan, another_forward_is_another_backend)
{
	struct target target = two_services();
	struct address *address = &target.services[0].backends[1].address;
	int before, after;
	uint32_t service;

	reach(&target);
	service = world_find_vip(&world, &target.services[0].vip, IPPROTO_TCP, htons(80))->service;
	before = world_find_backend(&world, service, address, FORWARD_IPIP);
	target.services[0].backends[1].forward = FORWARD_L2;
	reach(&target);
	after = world_find_backend(&world, service, address, FORWARD_L2);
	cr_expect_neq(before, after);
	cr_expect_eq(world.backends[before].state, BACKEND_DRAINING);
	cr_expect_eq(world.backends[after].state, BACKEND_UP);
	expect_world(&target);
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

Test(plan, capacity_that_does_not_suffice)
{
	expect_no_room((struct world_size){2, 6, 64}, "capacity.services");
	expect_no_room((struct world_size){3, 5, 64}, "capacity.backends");
	expect_no_room((struct world_size){3, 6, 63}, "capacity.slots");
}

Test(plan, capacity_that_just_suffices)
{
	struct target target = two_services();

	teardown();
	world_init(&world, (struct world_size){3, 6, 64});
	reach(&target);
	cr_expect_eq(world.services[2].word & SERVICE_WORD_LIVE, SERVICE_WORD_LIVE);
	target_deinit(&target);
}

Test(plan, what_is_held_is_not_given_out)
{
	struct target target = two_services(), none = {.program = target_program()};
	struct plan plan;

	teardown();
	world_init(&world, (struct world_size){3, 6, 64});
	reach(&target);
	reach(&none);
	cr_expect_eq(plan_build(&world, &target, now_ns, &plan, NULL), -ENOSPC);
	lift_holds();
	reach(&target);
	target_deinit(&target);
}

/* ---- settling ------------------------------------------------------------------------------------- */

static void settle(const struct target *target, uint64_t begun_ns, bool record_of_leaver, int leaver)
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

Test(plan, a_backend_that_left_goes_when_nothing_names_it)
{
	struct target target = two_services();
	struct address gone = target.services[0].backends[2].address;
	uint32_t service;
	int id;

	reach(&target);
	service = world_find_vip(&world, &target.services[0].vip, IPPROTO_TCP, htons(80))->service;
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

Test(plan, a_backend_of_the_target_never_goes)
{
	struct target target = two_services();

	for (size_t i = 0; i < 3; i++)
		target.services[0].backends[i].state = BACKEND_DOWN;
	reach(&target);
	now_ns += MINUTE;
	settle(&target, now_ns, false, 0);
	expect_world(&target);
	target_deinit(&target);
}

/* A scan that began before the backend came back saw none of the flows that fell back meanwhile. */
Test(plan, a_tail_of_a_backend_that_just_came_up_does_not_settle)
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
	id = world_find_vip(&world, &service->vip, IPPROTO_TCP, htons(80))->service;
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

Test(plan, a_backend_that_was_just_named_does_not_go)
{
	expect_kept_while_just_named(0);
}

Test(plan, a_backend_that_the_smaller_table_just_named_does_not_go)
{
	expect_kept_while_just_named(1);
}
