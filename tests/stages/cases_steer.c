// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include "stages/cases.h"
#include "stages/setup.h"

static struct frame frame;

/* Runs a frame that must be forwarded; returns the backend, after checking why it was chosen. */
#define GOES(spec_, choice_) goes((struct frame_spec)spec_, CHOICE_##choice_, __LINE__)
#define SPEC(...)                                                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static int goes(struct frame_spec spec, enum choice choice, int line)
{
	enum verdict verdict;

	frame_build(&frame, spec);
	verdict = world_run(&frame);
	check_that(verdict == VERDICT_FORWARDED || verdict == VERDICT_REDIRECTED, __FILE__, line,
		   "forwarded");
	check_equal(world_explanation()->choice, choice, __FILE__, line, "choice");
	return world_explanation()->backend;
}

/* The record of the flow of a spec. */
static __u64 record_of(struct frame_spec spec)
{
	struct frame f;

	frame_build(&f, spec);
	return setup_record(&f);
}

static void put_record(struct frame_spec spec, int backend, int idle, enum flow_state state)
{
	struct frame f;

	frame_build(&f, spec);
	setup_put_record(&f, 3, backend, idle, state);
}

static const struct frame_spec syn = {.tcp_flags = SYN}, ack = {.tcp_flags = ACK};
static const struct frame_spec udp = {.protocol = IPPROTO_UDP};
static const int b0 = BACKEND(WEB4, 0), b1 = BACKEND(WEB4, 1), b2 = BACKEND(WEB4, 2);

void case_steer_settled(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b2, b2);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), SETTLED), b2);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), SETTLED), b2);
	CHECK_EQUAL(record_of(syn), 0);
	CHECK_EQUAL(setup_events(FLOW_EVENT_CREATED), 0);
}

void case_steer_moving(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), CURRENT), b1);
	CHECK_EQUAL(FLOW_BACKEND(record_of(syn)), b1);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b1);
	CHECK_EQUAL(GOES(SPEC(.source_port = 2, .tcp_flags = ACK), ORIGIN), b0);
	CHECK_EQUAL(FLOW_BACKEND(record_of((struct frame_spec){.source_port = 2})), b0);
	CHECK_EQUAL(GOES(SPEC(.source_port = 3, .tcp_flags = SYN | ACK), ORIGIN), b0);
	CHECK_EQUAL(setup_events(FLOW_EVENT_CREATED), 3);
	setup_state(b0, BACKEND_DOWN);
	CHECK_EQUAL(GOES(SPEC(.source_port = 4, .tcp_flags = ACK), CURRENT), b1);
}

void case_steer_tail(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, SLOT_NONE);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), CURRENT), b1);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), CURRENT), b1);
	CHECK_EQUAL(record_of(syn), 0);
	put_record(ack, b0, 3, FLOW_ESTABLISHED);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b0);
}

void case_steer_fallback(void)
{
	int fallback;

	setup_site(FEATURE_ALL);
	for (int i = 0; i < SETUP_SLOTS; i++)
		setup_slot(WEB4, i, i % 2 ? b0 : b1);
	frame_build(&frame, syn);
	setup_slot(WEB4, setup_explain(&frame)->slot, b0);
	setup_state(b0, BACKEND_DOWN);
	fallback = GOES(SPEC(.tcp_flags = SYN), FALLBACK);
	CHECK_EQUAL(fallback, b1);
	CHECK_EQUAL(FLOW_BACKEND(record_of(syn)), b1);
	CHECK_EQUAL(setup_events(FLOW_EVENT_FALLBACK), 1);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b1);
	/* The rebuild leaves a tail; then the backend is back. */
	setup_slots(WEB4, b2, SLOT_NONE);
	setup_state(b0, BACKEND_UP);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b1);
	/* None of four candidates. */
	setup_slots(WEB4, b0, b0);
	setup_state(b0, BACKEND_FREE);
	frame_build(&frame, (struct frame_spec){.source_port = 5});
	CHECK_EQUAL(world_run(&frame), VERDICT_NO_BACKEND_RESET);
}

void case_steer_draining(void)
{
	setup_site(FEATURE_ALL);
	setup_state(b0, BACKEND_DRAINING);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), SETTLED), b0);
	setup_slots(WEB4, b1, b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), ORIGIN), b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN, .source_port = 2), CURRENT), b1);
}

void case_steer_other_service(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, SLOT_NONE);
	put_record(ack, BACKEND(ANY4, 0), 0, FLOW_ESTABLISHED);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), CURRENT), b1);
}

void case_steer_syn_meets_record(void)
{
	static const struct {
		enum flow_state state;
		int idle;
		enum backend_state backend;
		bool follows;
	} rows[] = {
		{FLOW_UNCONFIRMED, 0, BACKEND_UP, true},
		{FLOW_UNCONFIRMED, 9, BACKEND_UP, true},
		{FLOW_UNCONFIRMED, 1, BACKEND_DRAINING, true},
		{FLOW_UNCONFIRMED, 5, BACKEND_DRAINING, false},
		{FLOW_UNCONFIRMED, 0, BACKEND_DOWN, false},
		{FLOW_ESTABLISHED, 0, BACKEND_UP, true},
		{FLOW_ESTABLISHED, 100, BACKEND_UP, true},
		{FLOW_ESTABLISHED, 1, BACKEND_DRAINING, true},
		{FLOW_ESTABLISHED, 5, BACKEND_DRAINING, false},
		{FLOW_ESTABLISHED, 0, BACKEND_DOWN, false},
		{FLOW_CLOSING, 0, BACKEND_UP, false},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup_site(FEATURE_ALL);
		setup_slots(WEB4, b1, SLOT_NONE);
		put_record(syn, b0, rows[i].idle, rows[i].state);
		setup_state(b0, rows[i].backend);
		if (rows[i].follows) {
			CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), RECORD), b0);
			CHECK_EQUAL(FLOW_STATE(record_of(syn)), rows[i].state);
		} else {
			CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), CURRENT), b1);
			CHECK_EQUAL(FLOW_BACKEND(record_of(syn)), b1);
			CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_UNCONFIRMED);
		}
	}
}

void case_steer_stale_record(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, SLOT_NONE);
	put_record(ack, b0, 0, FLOW_ESTABLISHED);
	setup_state(b0, BACKEND_DOWN);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), CURRENT), b1);
	setup_state(b0, BACKEND_UP);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b1);
}

void case_steer_states(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, b0);
	GOES(SPEC(.tcp_flags = SYN), CURRENT);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_UNCONFIRMED);
	GOES(SPEC(.tcp_flags = SYN), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_UNCONFIRMED);
	GOES(SPEC(.tcp_flags = ACK), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_ESTABLISHED);
	GOES(SPEC(.tcp_flags = ACK | FIN), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_CLOSING);
	GOES(SPEC(.tcp_flags = ACK), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_CLOSING);
	GOES(SPEC(.tcp_flags = SYN), CURRENT);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_UNCONFIRMED);
	GOES(SPEC(.tcp_flags = RST), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(syn)), FLOW_CLOSING);
}

/* Ticks since the flow's last packet, by its record. */
static __u32 idle_of(struct frame_spec spec)
{
	return flow_idle_ticks(record_of(spec), (__u32)(world_now_ns() >> FLOW_TICK_SHIFT));
}

void case_steer_refresh(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, b1, b0);
	put_record(ack, b1, 50, FLOW_ESTABLISHED);
	GOES(SPEC(.tcp_flags = SYN), RECORD);
	CHECK(idle_of(ack) >= 50);
	GOES(SPEC(.tcp_flags = ACK), RECORD);
	CHECK(idle_of(ack) <= 1);
	put_record(ack, b1, 9, FLOW_UNCONFIRMED);
	GOES(SPEC(.tcp_flags = SYN), RECORD);
	CHECK(idle_of(ack) <= 1);
}

void case_steer_udp_grace(void)
{
	int d0 = BACKEND(DNS4, 0), d1 = BACKEND(DNS4, 1);

	setup_site(FEATURE_ALL);
	setup_slots(DNS4, d1, d0);
	setup_grace(DNS4, world_now_ns() + 3600000000000ull);
	CHECK_EQUAL(GOES(SPEC(.protocol = IPPROTO_UDP), ORIGIN), d0);
	CHECK_EQUAL(FLOW_BACKEND(record_of(udp)), d0);
	setup_grace(DNS4, world_now_ns() - 1);
	CHECK_EQUAL(GOES(SPEC(.protocol = IPPROTO_UDP), RECORD), d0);
	CHECK_EQUAL(GOES(SPEC(.protocol = IPPROTO_UDP, .source_port = 2), CURRENT), d1);
	CHECK_EQUAL(FLOW_BACKEND(record_of(
			    (struct frame_spec){.protocol = IPPROTO_UDP, .source_port = 2})),
		    d1);
}

void case_steer_udp_states(void)
{
	setup_site(FEATURE_ALL);
	setup_slots(DNS4, BACKEND(DNS4, 1), BACKEND(DNS4, 0));
	GOES(SPEC(.protocol = IPPROTO_UDP), CURRENT);
	CHECK_EQUAL(FLOW_STATE(record_of(udp)), FLOW_UNCONFIRMED);
	GOES(SPEC(.protocol = IPPROTO_UDP), RECORD);
	CHECK_EQUAL(FLOW_STATE(record_of(udp)), FLOW_ESTABLISHED);
	CHECK_EQUAL(setup_traffic(MAP_service_counters, DNS4).new_flows, 1);
	CHECK_EQUAL(setup_traffic(MAP_service_counters, DNS4).packets, 2);
}

static void setup_turns(int service)
{
	setup_site(FEATURE_ALL);
	setup_service(service, ALGORITHM_ROUND_ROBIN, WHEN_EMPTY_RESET, TRACKING_ALL, 0);
	for (int i = 0; i < SETUP_SLOTS; i++)
		setup_slot(service, i, BACKEND(service, i % 4));
}

void case_steer_turns(void)
{
	static const int services[] = {WEB4, DNS6};

	for (int s = 0; s < 2; s++) {
		int service = services[s], family = service == DNS6 ? 6 : 4;
		int protocol = service == DNS6 ? IPPROTO_UDP : IPPROTO_TCP;

		setup_turns(service);
		for (int i = 0; i < 40; i++)
			CHECK_EQUAL(GOES(SPEC(.family = family, .protocol = protocol,
					      .tcp_flags = SYN, .source_port = 1000 + i),
					 TURN),
				    BACKEND(service, i % 4));
		for (int i = 0; i < 40; i++)
			CHECK_EQUAL(GOES(SPEC(.family = family, .protocol = protocol,
					      .tcp_flags = ACK, .source_port = 1000 + i),
					 RECORD),
				    BACKEND(service, i % 4));
	}
	/* A turn whose backend is dead falls back. */
	setup_turns(WEB4);
	setup_state(b0, BACKEND_DOWN);
	CHECK(GOES(SPEC(.tcp_flags = SYN), FALLBACK) != b0);
}

void case_steer_turn_hash(void)
{
	__u32 slot, turn, service = WEB4;

	setup_turns(WEB4);
	frame_build(&frame, ack);
	slot = setup_explain(&frame)->slot;
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), CURRENT), BACKEND(WEB4, slot % 4));
	CHECK_EQUAL(FLOW_BACKEND(record_of(ack)), BACKEND(WEB4, slot % 4));
	world_get(MAP_turns, &service, &turn);
	CHECK_EQUAL(turn, 0);
}

void case_steer_track_all(void)
{
	setup_site(FEATURE_ALL);
	setup_service(WEB4, ALGORITHM_MAGLEV, WHEN_EMPTY_RESET, TRACKING_ALL, 0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), CURRENT), b0);
	CHECK_EQUAL(FLOW_BACKEND(record_of(syn)), b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b0);
}

static __u32 slot_of(int family, const char *source, int port)
{
	frame_build(&frame,
		    (struct frame_spec){.family = family, .source = source, .source_port = port});
	return setup_explain(&frame)->slot;
}

void case_steer_source(void)
{
	int different = 0;

	setup_site(FEATURE_ALL);
	setup_service(WEB4, ALGORITHM_SOURCE_HASH, WHEN_EMPTY_RESET, TRACKING_MOVING, 24);
	setup_service(WEB6, ALGORITHM_SOURCE_HASH, WHEN_EMPTY_RESET, TRACKING_MOVING, 56);
	for (int port = 1; port < 20; port++) {
		CHECK_EQUAL(slot_of(4, "192.0.2.1", port), slot_of(4, "192.0.2.254", 7));
		CHECK_EQUAL(slot_of(6, "2001:db8:c:aa::1", port),
			    slot_of(6, "2001:db8:c:bb:1:2:3:4", 7));
	}
	for (int i = 0; i < 8; i++) {
		char source[] = "192.0.3.1", source6[] = "2001:db8:c:1ff::1";

		source[6] += i;
		source6[11] += i;
		different += slot_of(4, source, 1) != slot_of(4, "192.0.2.1", 1);
		different += slot_of(6, source6, 1) != slot_of(6, "2001:db8:c:aff::1", 1);
	}
	CHECK(different > 8);
	/* Records are by flow, not by source. */
	setup_slots(WEB4, b1, b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = SYN), CURRENT), b1);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK, .source_port = 2), ORIGIN), b0);
	CHECK_EQUAL(GOES(SPEC(.tcp_flags = ACK), RECORD), b1);
}

void case_steer_slot_number(void)
{
	setup_site(FEATURE_ALL);
	for (int port = 1; port < 50; port++) {
		const struct explanation *e;

		GOES(SPEC(.source_port = port), SETTLED);
		e = world_explanation();
		CHECK_EQUAL(e->slot, (e->hash >> 32) * SETUP_SLOTS >> 32);
	}
}

void case_count_traffic(void)
{
	struct traffic_counter counter;

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 3; i++)
		GOES(SPEC(.tcp_flags = i ? ACK : SYN, .payload = 100), SETTLED);
	for (int i = 0; i < 2; i++) {
		counter = i ? setup_traffic(MAP_backend_counters, b0)
			    : setup_traffic(MAP_service_counters, WEB4);
		CHECK_EQUAL(counter.packets, 3);
		CHECK_EQUAL(counter.bytes, 3 * (14 + 20 + 20 + 100));
		CHECK_EQUAL(counter.new_flows, 1);
	}
	setup_state(b0, BACKEND_DOWN);
	frame_build(&frame, ack);
	world_run(&frame);
	CHECK_EQUAL(setup_traffic(MAP_service_counters, WEB4).packets, 3);
}
