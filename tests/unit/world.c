/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/world.h"

#include "random.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#define SECOND 1000000000ull

static struct world world;

static void setup(void)
{
	world_init(&world, (struct world_size){.services = 8, .backends = 8, .chunks = 8});
}

static void teardown(void)
{
	world_deinit(&world);
}

TestSuite(world, .init = setup, .fini = teardown);

static struct vip vip_of(uint32_t address, uint8_t protocol, uint16_t port, uint32_t service)
{
	return (struct vip){
		{.family = 4, .word_be = {htonl(address)}}, htons(port), protocol, service};
}

static struct step step_of(enum step_kind kind, uint32_t index)
{
	struct step step;

	memset(&step, 0, sizeof(step));
	step.kind = kind;
	step.index = index;
	return step;
}

static void add_vip(struct vip vip)
{
	struct step step = step_of(STEP_VIP, 0);

	step.after.vip = vip;
	world_apply(&world, &step, 0);
}

static struct step word_step(uint32_t service, uint64_t before, uint64_t after)
{
	struct step step = step_of(STEP_SERVICE_WORD, service);

	step.before.word = before;
	step.after.word = after;
	return step;
}

static struct step backend_step(uint32_t id, uint32_t service, uint32_t address)
{
	struct step step = step_of(STEP_BACKEND_ENTRY, id);

	step.after.backend = (struct backend_entry){
		.state = BACKEND_UP, .family = 4, .service = service, .addr_be = {htonl(address)}};
	return step;
}

static void undo(const struct step *step, uint64_t now_ns)
{
	struct step inverse = step_inverse(step);

	world_apply(&world, &inverse, now_ns);
}

Test(world, vips_are_found_whatever_the_order_of_insertion)
{
	struct random random = {3};
	struct vip vips[200];

	for (uint32_t i = 0; i < 200; i++) {
		vips[i] = vip_of(random_next(&random), i % 2 ? IPPROTO_TCP : IPPROTO_UDP, i, i % 8);
		add_vip(vips[i]);
	}
	for (uint32_t i = 0; i < 200; i += 3) {
		struct step step = step_of(STEP_VIP, 0);

		step.before.vip = vips[i];
		world_apply(&world, &step, 0);
	}
	for (uint32_t i = 0; i < 200; i++) {
		const struct vip *found =
			world_find_vip(&world, &vips[i].address, vips[i].protocol, vips[i].port_be);

		if (i % 3 == 0)
			cr_expect_null(found);
		else
			cr_expect_eq(found->service, i % 8);
	}
	for (size_t i = 1; i < world.n_vips; i++)
		cr_expect_lt(vip_compare(&world.vips[i - 1], &world.vips[i]), 0);
}

Test(world, a_vip_can_be_pointed_elsewhere)
{
	struct step step = step_of(STEP_VIP, 0);

	add_vip(vip_of(1, IPPROTO_TCP, 80, 2));
	step.before.vip = vip_of(1, IPPROTO_TCP, 80, 2);
	step.after.vip = vip_of(1, IPPROTO_TCP, 80, 3);
	world_apply(&world, &step, 0);
	cr_expect_eq(world.n_vips, 1);
	cr_expect_eq(world.vips[0].service, 3);
	undo(&step, 0);
	cr_expect_eq(world.vips[0].service, 2);
}

Test(world, a_service_that_goes_is_held_with_its_chunks)
{
	uint64_t word = SERVICE_WORD(2, 5, 0, 0, 0, 0);
	struct step begin = word_step(1, 0, word), end = word_step(1, word, 0);

	world_apply(&world, &begin, 0);
	cr_expect_eq(world.service_hold[1], 0);
	world_apply(&world, &end, 0);
	cr_expect_eq(world.service_hold[1], HOLD_GRACE);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[]){0, 0, 1, 1, 0, 0, 0, 0}), 8);
	undo(&end, 0);
	cr_expect_eq(world.service_hold[1], 0);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[8]){0}), 8);
}

Test(world, a_larger_table_holds_the_old_one)
{
	uint64_t small = SERVICE_WORD(0, 4, 0, 0, 0, 0), large = SERVICE_WORD(4, 5, 0, 0, 0, 0);
	struct step begin = word_step(1, 0, small), grow = word_step(1, small, large);
	struct step bits = word_step(1, large, large | 1ull << 37);

	world_apply(&world, &begin, 0);
	world_apply(&world, &grow, 0);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[]){1, 0, 0, 0, 0, 0, 0, 0}), 8);
	world_apply(&world, &bits, 0);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[]){1, 0, 0, 0, 0, 0, 0, 0}), 8);
	undo(&bits, 0);
	undo(&grow, 0);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[]){0, 0, 0, 0, 1, 1, 0, 0}), 8);
}

Test(world, a_backend_that_goes_is_held_for_packets_and_records)
{
	struct step begin = backend_step(3, 1, 7), end = step_inverse(&begin);

	world_apply(&world, &begin, 0);
	cr_expect_eq(world.backend_hold[3], 0);
	world_apply(&world, &end, 0);
	cr_expect_eq(world.backend_hold[3], HOLD_GRACE | HOLD_SCAN);
	undo(&end, 0);
	cr_expect_eq(world.backend_hold[3], 0);
}

Test(world, times_of_slots_and_backends)
{
	struct step move = step_of(STEP_SLOT, 5), settle = step_of(STEP_SLOT, 5);
	struct step state = step_of(STEP_BACKEND_STATE, 2);

	world.slots[5] = move.before.slot = SLOT(1, 3);
	move.after.slot = settle.before.slot = SLOT(2, 3);
	settle.after.slot = SLOT(2, 2);
	world_apply(&world, &move, 10 * SECOND);
	cr_expect_eq(world.slot_since[5], WORLD_SINCE(10 * SECOND));
	cr_expect_eq(world.backend_since[1], WORLD_SINCE(10 * SECOND));
	cr_expect_eq(world.backend_since[2], 0);
	world_apply(&world, &settle, 20 * SECOND);
	cr_expect_eq(world.slot_since[5], WORLD_SINCE(10 * SECOND));
	state.after.state = BACKEND_DOWN;
	world_apply(&world, &state, 30 * SECOND);
	cr_expect_eq(world.backend_since[2], WORLD_SINCE(30 * SECOND));
}

Test(world, adopt_holds_all_that_is_not_in_use)
{
	world.services[2].word = SERVICE_WORD(1, 5, 0, 0, 0, 0);
	world.backends[4].state = BACKEND_DRAINING;
	world_adopt(&world, 10 * SECOND);
	cr_expect_arr_eq(world.service_hold, ((uint8_t[]){1, 1, 0, 1, 1, 1, 1, 1}), 8);
	cr_expect_arr_eq(world.backend_hold, ((uint8_t[]){3, 3, 3, 3, 0, 3, 3, 3}), 8);
	cr_expect_arr_eq(world.chunk_hold, ((uint8_t[]){1, 0, 0, 1, 1, 1, 1, 1}), 8);
	cr_expect_eq(world.slot_since[127], WORLD_SINCE(10 * SECOND));
	cr_expect_eq(world.backend_since[7], WORLD_SINCE(10 * SECOND));
}

Test(world, a_backend_is_found_by_service_address_and_forward)
{
	struct step first = backend_step(3, 1, 7), second = backend_step(5, 2, 7);
	struct address address = {.family = 4, .word_be = {htonl(7)}};

	world_apply(&world, &first, 0);
	world_apply(&world, &second, 0);
	cr_expect_eq(world_find_backend(&world, 1, &address, FORWARD_IPIP), 3);
	cr_expect_eq(world_find_backend(&world, 2, &address, FORWARD_IPIP), 5);
	cr_expect_eq(world_find_backend(&world, 2, &address, FORWARD_L2), -1);
	cr_expect_eq(world_find_backend(&world, 3, &address, FORWARD_IPIP), -1);
	undo(&first, 0);
	cr_expect_eq(world_find_backend(&world, 1, &address, FORWARD_IPIP), -1);
}

/* The same site with other ids and another place in the slots: two nodes that agree. */
static uint64_t digest_of_site(uint32_t service, uint32_t id1, uint32_t id2, uint32_t chunk)
{
	struct step one = backend_step(id1, service, 7), two = backend_step(id2, service, 8);
	struct step word = word_step(service, 0, SERVICE_WORD(chunk, 4, 1, 0, 0, 0));
	uint64_t digest;

	world_apply(&world, &one, 0);
	world_apply(&world, &two, 0);
	for (int i = 0; i < SLOTS_PER_CHUNK; i++)
		world.slots[chunk * SLOTS_PER_CHUNK + i] = i % 2 ? SLOT(id1, id1) : SLOT(id2, id1);
	world_apply(&world, &word, 0);
	add_vip(vip_of(1, IPPROTO_ICMP, 0, SERVICE_NONE));
	add_vip(vip_of(1, IPPROTO_TCP, 80, service));
	digest = world_digest(&world);
	teardown();
	setup();
	return digest;
}

Test(world, digest_is_of_what_nodes_agree_on)
{
	uint64_t digest = digest_of_site(1, 0, 1, 0);

	cr_expect_eq(digest_of_site(4, 6, 3, 5), digest);
	cr_expect_eq(digest_of_site(4, 3, 6, 5), digest);
	cr_expect_neq(digest, world_digest(&world));
}

Test(world, digest_tells_states_and_slots_apart)
{
	struct step begin = backend_step(3, 1, 7), state = step_of(STEP_BACKEND_STATE, 3);
	struct step word = word_step(1, 0, SERVICE_WORD(0, 4, 0, 0, 0, 0));
	uint64_t up, down;

	world_apply(&world, &begin, 0);
	world_apply(&world, &word, 0);
	add_vip(vip_of(1, IPPROTO_TCP, 80, 1));
	up = world_digest(&world);
	state.before.state = BACKEND_UP;
	state.after.state = BACKEND_DOWN;
	world_apply(&world, &state, 0);
	down = world_digest(&world);
	cr_expect_neq(up, down);
	world.slots[0] = SLOT(3, 3);
	cr_expect_neq(world_digest(&world), down);
}

Test(world, equal)
{
	struct step begin = backend_step(3, 1, 7);
	struct world other;

	world_init(&other, world.size);
	cr_expect(world_equal(&world, &other));
	world_apply(&world, &begin, 0);
	cr_expect_not(world_equal(&world, &other));
	undo(&begin, 0);
	cr_expect(world_equal(&world, &other));
	add_vip(vip_of(1, IPPROTO_TCP, 80, 1));
	cr_expect_not(world_equal(&world, &other));
	world_deinit(&other);
}

Test(world, steps_have_names)
{
	struct step step = step_of(STEP_BACKEND_STATE, 17), vip = step_of(STEP_VIP, 0);
	char text[100];

	cr_expect_str_eq(step_name(&step, text, sizeof(text)), "backend 17: state");
	vip.before.vip = vip_of(0x0a000001, IPPROTO_TCP, 80, 1);
	cr_expect_str_eq(step_name(&vip, text, sizeof(text)), "VIP 10.0.0.1, protocol 6, port 80");
}
