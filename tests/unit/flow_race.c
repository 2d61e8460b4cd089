// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several CPUs that see a flow's first packets at once, with the next backend in turn for each, while the
 * daemon frees places: in the end the flow has one record, and every CPU agrees on its backend.
 *
 * The freed places are what makes it hard: two CPUs find different places for one flow, and both claims
 * succeed. Then a FIN that races with the flow's ACKs: it closes the record.
 */
#include "stages/native.h"

#include <pthread.h>
#include <stdio.h>

#include "stages/check.h"

#define THREADS 3
#define ROUNDS	300
#define PASSES	8
#define FLOWS	100
#define BUCKETS 32
#define ENTRIES (BUCKETS * FLOWS_PER_BUCKET)

static pthread_barrier_t barrier;
static int chosen[THREADS][FLOWS];

static void open_site(void)
{
	const struct vip4_key key = {
		.addr_be = htobe32(0xc6336401), .port_be = htobe16(80), .protocol = IPPROTO_TCP};

	native_open(2, 2, 16, BUCKETS);
	config = (struct program_config){.features = FEATURE_ALL,
					 .outer4_bits = 16,
					 .idle_unconfirmed_ticks = 9,
					 .idle_closing_ticks = 9,
					 .idle_established_ticks = 9};
	host_hash_put(&vips4, &key, 1);
	egress.value[1] = (struct egress_entry){.ifindex = 1, .mtu = 1500};
	services.value[1].word =
		SERVICE_WORD(1, 4, ALGORITHM_ROUND_ROBIN, WHEN_EMPTY_DROP, TRACKING_ALL, 0);
	for (int i = 0; i < 16; i++) {
		backends.value[i] = (struct backend_entry){
			.state = BACKEND_UP,
			.forward = FORWARD_L2,
			.service = 1,
			.next_hop = {.mac = {2, 0, 0, 0, 0, i}, .egress = 1},
		};
		slots.value[1].slot[i] = SLOT(i, i);
	}
}

static int send_packet(int flow, int flags)
{
	struct frame frame;

	frame_build(&frame, (struct frame_spec){.source_port = 1000 + flow, .tcp_flags = flags});
	return native_run(&frame) == XDP_TX ? frame.bytes[5] : -1;
}

static void *cpu_main(void *argument)
{
	long cpu = (long)argument;

	host.cpu = cpu;
	host.now_ns = 100ull << FLOW_TICK_SHIFT;
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < PASSES * FLOWS; i++)
			send_packet(i % FLOWS, SYN);
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < FLOWS; i++)
			chosen[cpu][i] = send_packet(i, ACK);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* Records of another service that can't be pushed out. */
static void fill_table(void)
{
	__u64 *entries = flows.value[0].entry;

	for (int i = 0; i < ENTRIES; i++)
		entries[i] = FLOW_ENTRY(i, 0xfff0, 100, FLOW_ESTABLISHED);
}

/* The daemon frees them one by one, from the last to the first: better places appear all the time. */
static void free_table(void)
{
	__u64 *entries = flows.value[0].entry, was;

	for (int i = ENTRIES - 1; i >= 0; i--) {
		was = flow_read(&entries[i]);
		if (FLOW_BACKEND(was) == 0xfff0)
			__sync_val_compare_and_swap(&entries[i], was, 0);
		for (volatile int wait = 0; wait < 200; wait++)
			;
	}
}

static int count_duplicates(void)
{
	const __u64 *entries = flows.value[0].entry;
	int duplicates = 0;

	for (int i = 0; i < ENTRIES; i++)
		for (int j = i + 1; j < ENTRIES; j++)
			duplicates += entries[i] &&
				      FLOW_SIGNATURE(entries[i]) == FLOW_SIGNATURE(entries[j]) &&
				      entries[j];
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
		fill_table();
		pthread_barrier_wait(&barrier);
		free_table();
		pthread_barrier_wait(&barrier);
		duplicates += count_duplicates();
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < FLOWS; i++)
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

/* Two records of one flow, backends 1 (place 2) and 5 (place 9); whoever looks, the first stands. */
static void case_two_records(void)
{
	static const __u32 places[] = {2, 9};

	for (int i = 0; i < 2; i++) {
		struct packet p = {.service = 1,
				   .hash = 7ull << 32 | 4,
				   .place = places[i],
				   .choice = CHOICE_TURN};

		__u64 lost;

		open_site();
		lost = sum_events(FLOW_EVENT_CLAIM_LOST);
		for (int j = 0; j < 2; j++)
			*flow_entry(&p, places[j]) = FLOW_ENTRY(7, 1 + 4 * j, 0, FLOW_UNCONFIRMED);
		p.record = flow_read(flow_entry(&p, p.place));
		p.backend = FLOW_BACKEND(p.record);
		flow_look_again(&p);
		CHECK_EQUAL(p.backend, 1);
		CHECK_EQUAL(FLOW_BACKEND(*flow_entry(&p, 2)), 1);
		CHECK_EQUAL(*flow_entry(&p, 9), 0);
		CHECK_EQUAL(sum_events(FLOW_EVENT_CLAIM_LOST) - lost, i); /* its own gone */
	}
}

/* A claim that succeeds after another CPU's did, in a better place. */
static void case_late_claim(void)
{
	struct packet p = {.service = 1,
			   .hash = 7ull << 32 | 4,
			   .place = 2,
			   .backend = 1,
			   .choice = CHOICE_TURN};

	open_site();
	*flow_entry(&p, 9) = FLOW_ENTRY(7, 5, 0, FLOW_UNCONFIRMED);
	CHECK(flow_try_claim(&p));
	CHECK_EQUAL(FLOW_BACKEND(*flow_entry(&p, 2)), 1);
	CHECK_EQUAL(*flow_entry(&p, 9), 0);
}

/* ---- a record that two CPUs refresh ------------------------------------------------------------ */

#define CLOSINGS 20000
#define ACKS	 8

static __u64 *lone_record(void)
{
	__u64 *entries = flows.value[0].entry;

	for (int i = 0; i < ENTRIES; i++)
		if (entries[i])
			return &entries[i];
	return NULL;
}

/* Each in another tick, so that each writes. */
static void *send_acks(void *argument)
{
	for (int round = 0; round < CLOSINGS; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < ACKS; i++) {
			host.now_ns = (100ull + i) << FLOW_TICK_SHIFT;
			send_packet(1, ACK);
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void case_closing_race(void)
{
	pthread_t thread;
	int lost = 0;
	__u64 *record;

	open_site();
	host.now_ns = 100ull << FLOW_TICK_SHIFT;
	send_packet(1, SYN);
	record = lone_record();
	CHECK(record);
	if (!record)
		return;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, send_acks, NULL);
	for (int round = 0; round < CLOSINGS; round++) {
		*record = FLOW_ENTRY(FLOW_SIGNATURE(*record), FLOW_BACKEND(*record), 99,
				     FLOW_ESTABLISHED);
		pthread_barrier_wait(&barrier);
		for (volatile int wait = 0; wait < round % 500; wait++)
			;
		send_packet(1, FIN | ACK);
		pthread_barrier_wait(&barrier);
		lost += FLOW_STATE(*record) != FLOW_CLOSING;
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	CHECK_EQUAL(lost, 0);
}

/* What stands in the place when a FIN comes to write: an own record changes, another's doesn't. */
static void case_late_closing(void)
{
	static const struct {
		__u64 stands;
		enum flow_state then;
	} rows[] = {
		{FLOW_ENTRY(7, 1, 0, FLOW_ESTABLISHED), FLOW_CLOSING},
		{FLOW_ENTRY(7, 1, 1, FLOW_ESTABLISHED), FLOW_CLOSING},
		{FLOW_ENTRY(7, 1, 1, FLOW_UNCONFIRMED), FLOW_CLOSING},
		{FLOW_ENTRY(7, 1, 1, FLOW_CLOSING), FLOW_CLOSING},
		{FLOW_ENTRY(7, 2, 1, FLOW_ESTABLISHED), FLOW_ESTABLISHED},
		{FLOW_ENTRY(8, 1, 1, FLOW_ESTABLISHED), FLOW_ESTABLISHED},
		{0, FLOW_EMPTY},
	};

	open_site();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct packet p = {.service = 1,
				   .hash = 7ull << 32 | 4,
				   .place = 2,
				   .record = FLOW_ENTRY(7, 1, 0, FLOW_ESTABLISHED),
				   .tcp_flags = FIN | ACK};

		*flow_entry(&p, 2) = rows[i].stands;
		flow_refresh(&p);
		CHECK_EQUAL(FLOW_STATE(*flow_entry(&p, 2)), rows[i].then);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
		{"CPUs that race for a flow leave one record", case_race},
		{"of two records the one in the lowest place stands", case_two_records},
		{"a claim looks for a record that came meanwhile", case_late_claim},
		{"a FIN that races with ACKs closes the record", case_closing_race},
		{"a FIN closes its own record and no other's", case_late_closing},
	};

	return check_run(cases, 5);
}
