// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several CPUs that see a flow's first packets at once, with the next backend in turn for each: in the
 * end the flow has one record, and every CPU agrees on its backend.
 */
#include "stages/native.h"

#include <pthread.h>
#include <stdio.h>

#include "stages/check.h"

#define THREADS 3
#define ROUNDS	400
#define FLOWS	200
#define BUCKETS 32

static pthread_barrier_t barrier;
static int chosen[THREADS][FLOWS];

static void open_site(void)
{
	const struct vip4_key key = { .addr_be = htobe32(0xc6336401), .port_be = htobe16(80),
				      .protocol = IPPROTO_TCP };

	native_open(2, 2, 16, BUCKETS);
	config = (struct program_config){ .features = FEATURE_ALL, .outer4_bits = 16,
					  .idle_unconfirmed_ticks = 9, .idle_closing_ticks = 9,
					  .idle_established_ticks = 9 };
	host_hash_put(&vips4, &key, 1);
	egress.value[1] = (struct egress_entry){ .ifindex = 1, .mtu = 1500 };
	services.value[1].word =
		SERVICE_WORD(1, 4, ALGORITHM_ROUND_ROBIN, WHEN_EMPTY_DROP, TRACKING_ALL, 0);
	for (int i = 0; i < 16; i++) {
		backends.value[i] = (struct backend_entry){
			.state = BACKEND_UP, .forward = FORWARD_L2, .service = 1,
			.next_hop = { .mac = { 2, 0, 0, 0, 0, i }, .egress = 1 },
		};
		slots.value[1].slot[i] = SLOT(i, i);
	}
}

static int send_packet(int flow, int flags)
{
	struct frame frame;

	frame_build(&frame, (struct frame_spec){ .source_port = 1000 + flow, .tcp_flags = flags });
	return native_run(&frame) == XDP_TX ? frame.bytes[5] : -1;
}

static void *cpu_main(void *argument)
{
	long cpu = (long)argument;

	host.cpu = cpu;
	host.now_ns = 100ull << FLOW_TICK_SHIFT;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < FLOWS; i++)
			send_packet(i, SYN);
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < FLOWS; i++)
			chosen[cpu][i] = send_packet(i, ACK);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static int count_duplicates(void)
{
	const __u64 *entries = flows.value[0].entry;
	int duplicates = 0;

	for (int i = 0; i < BUCKETS * FLOWS_PER_BUCKET; i++)
		for (int j = i + 1; j < BUCKETS * FLOWS_PER_BUCKET; j++)
			duplicates += entries[i] && FLOW_SIGNATURE(entries[i]) ==
							    FLOW_SIGNATURE(entries[j]) && entries[j];
	return duplicates;
}

static __u64 sum_events(enum flow_event event)
{
	__u64 sum = 0;

	for (int cpu = 0; cpu < HOST_CPUS; cpu++)
		sum += flow_events.value[cpu * FLOW_EVENT_COUNT + event];
	return sum;
}

static void case_race(void)
{
	pthread_t threads[THREADS];
	int duplicates = 0, disagreements = 0;

	open_site();
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, cpu_main, (void *)i);
	for (int round = 0; round < ROUNDS; round++) {
		memset(flows.value, 0, BUCKETS * sizeof(struct flow_bucket));
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		duplicates += count_duplicates();
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < FLOWS && !sum_events(FLOW_EVENT_UNRECORDED); i++)
			for (int cpu = 1; cpu < THREADS; cpu++)
				disagreements += chosen[cpu][i] != chosen[0][i];
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	CHECK_EQUAL(duplicates, 0);
	CHECK_EQUAL(disagreements, 0);
	printf("# %llu claims met another's\n", sum_events(FLOW_EVENT_CLAIM_LOST));
}

int main(void)
{
	static const struct check_case cases[] = {
		{ "CPUs that race for a flow leave one record", case_race },
	};

	return check_run(cases, 1);
}
