// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shadow mode, told from the same packet's fate when it is enforced. That what passes is unchanged is
 * world_run()'s to prove.
 */
#include <netinet/in.h>

#include "stages/cases.h"
#include "stages/setup.h"

static enum verdict run(struct frame_spec spec)
{
	struct frame f;

	frame_build(&f, spec);
	return world_run(&f);
}

static void shadow_all(void)
{
	for (int s = WEB4; s < SETUP_SERVICES; s++)
		setup_shadow(s);
}

/* Enforced, then in shadow, from the same state. */
static void check_twin(void (*build)(void), struct frame_spec spec, enum verdict enforced,
		       enum verdict shadow)
{
	struct explanation was;
	const struct explanation *is = world_explanation();

	build();
	CHECK_EQUAL(run(spec), enforced);
	was = *world_explanation();
	CHECK_EQUAL(was.would_be, VERDICT_CONTINUE);
	build();
	shadow_all();
	CHECK_EQUAL(run(spec), shadow);
	is = world_explanation();
	CHECK_EQUAL(is->would_be, enforced);
	CHECK_EQUAL(is->service, was.service);
	CHECK_EQUAL(is->backend, was.backend);
	CHECK_EQUAL(is->slot, was.slot);
	CHECK_EQUAL(is->choice, was.choice);
	CHECK_EQUAL(is->hash, was.hash);
}

static int way;
static enum when_empty answer;

static void build_way(void)
{
	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++)
		setup_slots(s, BACKEND(s, way), BACKEND(s, way));
}

static void build_moving(void)
{
	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++)
		setup_slots(s, BACKEND(s, 1), BACKEND(s, 0));
}

static void build_no_hop(void)
{
	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++)
		setup_next_hop(BACKEND(s, 0), 9);
}

static void build_empty(void)
{
	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++) {
		setup_service(s, ALGORITHM_MAGLEV, answer, TRACKING_MOVING, 0);
		setup_slots(s, SLOT_NONE, SLOT_NONE);
	}
}

static void check_empty(struct frame_spec spec, enum when_empty when_empty, enum verdict enforced,
			enum verdict shadow)
{
	answer = when_empty;
	check_twin(build_empty, spec, enforced, shadow);
}

static void check_decisions(struct frame_spec spec)
{
	struct frame_spec martian = spec, group = spec, large = spec;

	martian.source = spec.family == 6 ? "::1" : "127.0.0.1";
	group.to_group = true;
	large.payload = 1470;
	for (way = 0; way < SETUP_BACKENDS - 1; way++)
		check_twin(build_way, spec, VERDICT_FORWARDED, VERDICT_SHADOW_FORWARDED);
	check_twin(build_way, spec, VERDICT_REDIRECTED, VERDICT_SHADOW_FORWARDED);
	check_twin(build_way, large, VERDICT_TOO_BIG, VERDICT_SHADOW_PASSED);
	check_twin(build_moving, spec, VERDICT_FORWARDED, VERDICT_SHADOW_FORWARDED);
	check_twin(build_no_hop, spec, VERDICT_NO_NEXT_HOP, VERDICT_SHADOW_DROPPED);
	check_empty(spec, WHEN_EMPTY_RESET, VERDICT_NO_BACKEND_RESET, VERDICT_SHADOW_ANSWERED);
	check_empty(spec, WHEN_EMPTY_ICMP, VERDICT_NO_BACKEND_ICMP, VERDICT_SHADOW_ANSWERED);
	check_empty(spec, WHEN_EMPTY_DROP, VERDICT_NO_BACKEND_DROP, VERDICT_SHADOW_DROPPED);
	check_empty(spec, WHEN_EMPTY_PASS, VERDICT_NO_BACKEND_PASS, VERDICT_SHADOW_PASSED);
	check_empty(martian, WHEN_EMPTY_RESET, VERDICT_MARTIAN_SOURCE, VERDICT_SHADOW_DROPPED);
	check_empty(group, WHEN_EMPTY_RESET, VERDICT_LINK_GROUP, VERDICT_SHADOW_PASSED);
}

void case_shadow_decides(void)
{
	for (int family = 4; family <= 6; family += 2)
		for (int vlan = 0; vlan <= 12; vlan += 12) {
			check_decisions((struct frame_spec){.family = family, .vlan = vlan});
			check_decisions((struct frame_spec){
				.family = family, .protocol = IPPROTO_UDP, .vlan = vlan});
		}
}

void case_shadow_counts(void)
{
	struct traffic_counter service, backend;

	setup_site(FEATURE_ALL);
	setup_shadow(WEB4);
	CHECK_EQUAL(run((struct frame_spec){.tcp_flags = SYN}), VERDICT_SHADOW_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.payload = 10}), VERDICT_SHADOW_FORWARDED);
	service = setup_traffic(MAP_service_counters, WEB4);
	backend = setup_traffic(MAP_backend_counters, BACKEND(WEB4, 0));
	CHECK_EQUAL(service.packets, 2);
	CHECK_EQUAL(service.bytes, 54 + 64);
	CHECK_EQUAL(service.new_flows, 1);
	CHECK_EQUAL(backend.packets, 2);
	CHECK_EQUAL(backend.bytes, 54 + 64);
	/* What has no backend is a verdict's alone. */
	setup_slots(WEB4, SLOT_NONE, SLOT_NONE);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_SHADOW_ANSWERED);
	CHECK_EQUAL(setup_traffic(MAP_service_counters, WEB4).packets, 2);
}

void case_shadow_records(void)
{
	struct frame f;

	setup_site(FEATURE_ALL);
	setup_shadow(WEB4);
	setup_slots(WEB4, BACKEND(WEB4, 1), BACKEND(WEB4, 0));
	frame_build(&f, (struct frame_spec){0});
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_SHADOW_FORWARDED);
	CHECK_EQUAL(FLOW_BACKEND(setup_record(&f)), BACKEND(WEB4, 0));
	/* Enforced later, the flow stays where it was said to go. */
	setup_slots(WEB4, BACKEND(WEB4, 1), SLOT_NONE);
	setup_service(WEB4, ALGORITHM_MAGLEV, WHEN_EMPTY_RESET, TRACKING_MOVING, 0);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->choice, CHOICE_RECORD);
	CHECK_EQUAL(world_explanation()->backend, BACKEND(WEB4, 0));
}

void case_shadow_beside(void)
{
	setup_site(FEATURE_ALL);
	setup_shadow(WEB4);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_UDP}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.destination = "198.51.100.77"}), VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_ICMP, .icmp_type = 8}),
		    VERDICT_ECHO_REPLY);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_SHADOW_FORWARDED);
}
