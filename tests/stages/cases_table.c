// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include "stages/cases.h"
#include "stages/setup.h"

#define PLACES (2 * FLOWS_PER_BUCKET)

static struct frame frame;

static void run(struct frame_spec spec)
{
	frame_build(&frame, spec);
	world_run(&frame);
}

static int place_of(const struct frame *f)
{
	for (int place = 0; place < PLACES; place++)
		if (setup_entry(f, place) == setup_record(f))
			return place;
	return -1;
}

/* A site where every new flow of WEB4 is recorded, and a flow to record. */
static void setup_moving(struct frame *ret_frame)
{
	setup_site(FEATURE_ALL);
	setup_slots(WEB4, BACKEND(WEB4, 1), BACKEND(WEB4, 0));
	frame_build(ret_frame, (struct frame_spec){.tcp_flags = SYN});
}

void case_table_places(void)
{
	struct frame flow;
	int backend = BACKEND(WEB4, 0);

	/* One free place, in the neighbour. */
	setup_moving(&flow);
	setup_fill_buckets(&flow, backend, 0, FLOW_ESTABLISHED);
	setup_put_record(&flow, 11, backend, WORLD_IDLE_ESTABLISHED + 2, FLOW_ESTABLISHED);
	run((struct frame_spec){.tcp_flags = SYN, .source_port = 40000});
	CHECK_EQUAL(place_of(&flow), 11);
	/* One that has expired. */
	setup_moving(&flow);
	setup_fill_buckets(&flow, backend, 0, FLOW_ESTABLISHED);
	setup_put_record(&flow, 6, BACKEND(ANY4, 0), WORLD_IDLE_CLOSING + 2, FLOW_CLOSING);
	run((struct frame_spec){.tcp_flags = SYN});
	CHECK_EQUAL(place_of(&flow), 6);
	CHECK_EQUAL(setup_events(FLOW_EVENT_EVICTED_UNCONFIRMED), 0);
	/* Unconfirmed ones: the longest idle goes. */
	setup_moving(&flow);
	setup_fill_buckets(&flow, backend, 2, FLOW_UNCONFIRMED);
	setup_put_record(&flow, 9, BACKEND(ANY4, 0), 7, FLOW_UNCONFIRMED);
	run((struct frame_spec){.tcp_flags = SYN});
	CHECK_EQUAL(place_of(&flow), 9);
	CHECK_EQUAL(setup_events(FLOW_EVENT_EVICTED_UNCONFIRMED), 1);
	/* Nothing to give up. */
	for (int state = FLOW_ESTABLISHED; state <= FLOW_CLOSING; state++) {
		setup_moving(&flow);
		setup_fill_buckets(&flow, backend, 9, state);
		run((struct frame_spec){.tcp_flags = SYN});
		CHECK_EQUAL(setup_record(&flow), 0);
		CHECK_EQUAL(setup_events(FLOW_EVENT_UNRECORDED), 1);
	}
}

/* Sends a flood of flows' only packets; counts how many established records are left. */
static int established_after_flood(int flags)
{
	struct flow_bucket bucket;
	int left = 0;

	setup_site(FEATURE_ALL);
	setup_slots(WEB4, BACKEND(WEB4, 1), BACKEND(WEB4, 0));
	for (int port = 1; port <= 40; port++)
		for (int i = 0; i < 2; i++)
			run((struct frame_spec){.source_port = port, .tcp_flags = i ? ACK : SYN});
	for (int port = 1; port <= 1500; port++)
		run((struct frame_spec){
			.source = "203.0.113.66", .source_port = port, .tcp_flags = flags});
	for (__u32 i = 0; i < WORLD_BUCKETS; i++) {
		world_get(MAP_flows, &i, &bucket);
		for (int j = 0; j < FLOWS_PER_BUCKET; j++)
			left += FLOW_STATE(bucket.entry[j]) == FLOW_ESTABLISHED;
	}
	return left;
}

void case_table_floods(void)
{
	CHECK_EQUAL(established_after_flood(SYN), 40);
	CHECK(setup_events(FLOW_EVENT_EVICTED_UNCONFIRMED) > 1000);
	CHECK_EQUAL(established_after_flood(ACK), 40);
	CHECK_EQUAL(established_after_flood(FIN | ACK), 40);
}

void case_table_icmp_error(void)
{
	struct flow_bucket bucket;

	setup_site(FEATURE_ALL);
	setup_slots(WEB4, BACKEND(WEB4, 1), BACKEND(WEB4, 0));
	run((struct frame_spec){.protocol = IPPROTO_ICMP, .icmp_type = 3, .payload = 64});
	CHECK_EQUAL(setup_events(FLOW_EVENT_CREATED), 0);
	for (__u32 i = 0; i < WORLD_BUCKETS; i++) {
		world_get(MAP_flows, &i, &bucket);
		for (int j = 0; j < FLOWS_PER_BUCKET; j++)
			CHECK_EQUAL(bucket.entry[j], 0);
	}
}
