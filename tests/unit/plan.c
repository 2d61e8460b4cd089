/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply(plan(a, b), a) = b for random a and b, by a predicate that shares no code with the plan; a
 * plan undone is as if it had never been.
 */
#include "balance/plan.h"

#include "balance/maglev.h"
#include "planning.h"

#include <errno.h>
#include <math.h>

#define ROUNDS 60

TestSuite(plan, .init = setup, .fini = teardown);

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
	cr_expect_eq(world.backend_hold[id], 0);
	if (any_gets_slots(service))
		cr_expect_lt(fabs(slots_of_backend(word, id) - share_of(service, wanted) * slots),
			     1);
}

static void expect_slots(const struct target_service *service, uint32_t id)
{
	uint64_t word = world.services[id].word;
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = first; i < first + (1u << SERVICE_WORD_LOG2(word)); i++) {
		uint32_t current = SLOT_CURRENT(world.slots[i]);
		uint32_t origin = SLOT_ORIGIN(world.slots[i]);

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
	cr_expect_eq((word & SERVICE_WORD_SHADOW) != 0, service->mode == SERVICE_MODE_SHADOW);
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

/* Of VIPs that have a service which isn't in shadow mode. */
static size_t count_addresses(const struct target *target)
{
	size_t count = 0;

	for (size_t i = 0, k; i < target->n_services; i++) {
		const struct target_service *service = &target->services[i];

		for (k = 0; k < i; k++)
			if (address_equal(&service->vip, &target->services[k].vip) &&
			    target->services[k].mode == SERVICE_MODE_ENFORCE)
				break;
		count += k == i && service->mode == SERVICE_MODE_ENFORCE;
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
		if (world.backends[i].state != BACKEND_FREE) {
			struct address address = world_backend_address(&world.backends[i]);

			cr_expect(world.services[world.backends[i].service].word);
			/* Those that linger, too. */
			cr_expect_eq(world.backends[i].next_hop.word,
				     target_hop_word(target, &address));
		}
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
		features |= service->mode == SERVICE_MODE_SHADOW ? FEATURE_SHADOW : 0;
	}
	for (uint32_t i = 0; i < world.size.backends; i++) /* with those that linger */
		if (world.backends[i].state != BACKEND_FREE)
			features |=
				world.backends[i].forward == FORWARD_L2 ? FEATURE_L2 : FEATURE_IPIP;
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
