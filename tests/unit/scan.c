/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan against a table whose every entry is made here, with a plain recount as oracle; and beside
 * a thread that writes as the packet path does.
 */
#include "balance/scan.h"

#include "random.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#define BUCKETS	    512
#define BACKENDS    16
#define UNCONFIRMED 10
#define ESTABLISHED 200
#define CLOSING	    5
#define NOW_TICK    70000u
#define NOW_NS	    ((uint64_t)NOW_TICK << FLOW_TICK_SHIFT)

static struct world world;
static struct scan scan;
static struct flow_bucket table[BUCKETS];

/* Service 1: 64 slots from chunk 2 on, backends 0 to 7. Service 2: by source, backends 8 to 14. */
static void setup(void)
{
	world_init(&world, (struct world_size){.services = 4, .backends = BACKENDS, .chunks = 8});
	world.program.idle_unconfirmed_ticks = UNCONFIRMED;
	world.program.idle_established_ticks = ESTABLISHED;
	world.program.idle_closing_ticks = CLOSING;
	world.services[1].word = SERVICE_WORD(2, 6, ALGORITHM_MAGLEV, 0, 0, 0);
	world.services[2].word = SERVICE_WORD(6, 4, ALGORITHM_SOURCE_HASH, 0, 0, 24);
	for (uint32_t i = 0; i < 15; i++)
		world.backends[i] =
			(struct backend_entry){.state = BACKEND_UP, .service = i < 8 ? 1 : 2};
	for (uint32_t i = 0; i < 128; i++)
		world.slots[i] = i < 96 ? SLOT(i % 8, SLOT_NONE) : SLOT(8 + i % 7, SLOT_NONE);
	memset(table, 0, sizeof(table));
	scan_init(&scan, &world.size);
	scan_begin(&scan, NOW_NS);
}

static void teardown(void)
{
	scan_deinit(&scan);
	world_deinit(&world);
}

TestSuite(scan, .init = setup, .fini = teardown);

static bool scan_all(void)
{
	return scan_slice(&scan, &world, table, BUCKETS, BUCKETS, NOW_NS);
}

static void put(size_t at, uint32_t signature, uint32_t backend, int age, enum flow_state state)
{
	table[at / FLOWS_PER_BUCKET].entry[at % FLOWS_PER_BUCKET] =
		FLOW_ENTRY(signature, backend, NOW_TICK - age, state);
}

static bool is_there(size_t at)
{
	return table[at / FLOWS_PER_BUCKET].entry[at % FLOWS_PER_BUCKET] != 0;
}

Test(scan, retires_what_is_idle)
{
	static const struct {
		const char *name;
		uint32_t backend;
		int age;
		enum flow_state state;
		bool stays;
	} cases[] = {
		{"fresh", 1, 0, FLOW_UNCONFIRMED, true},
		{"unconfirmed, nearly idle", 1, UNCONFIRMED - 1, FLOW_UNCONFIRMED, true},
		{"unconfirmed, idle", 1, UNCONFIRMED, FLOW_UNCONFIRMED, false},
		{"established, nearly idle", 1, ESTABLISHED - 1, FLOW_ESTABLISHED, true},
		{"established, idle", 1, ESTABLISHED, FLOW_ESTABLISHED, false},
		{"closing, nearly idle", 1, CLOSING - 1, FLOW_CLOSING, true},
		{"closing, idle", 1, CLOSING, FLOW_CLOSING, false},
		{"ahead of us", 1, -2, FLOW_CLOSING, true},
		{"of a free backend", 15, 0, FLOW_ESTABLISHED, false},
		{"of no backend", BACKENDS, 0, FLOW_ESTABLISHED, false},
		{"of no backend at all", SLOT_NONE, 0, FLOW_ESTABLISHED, false},
		{"of a backend that is down", 3, 0, FLOW_ESTABLISHED, true},
		{"in no state", 1, 0, FLOW_EMPTY, false},
		{"in an unknown state", 1, 0, 9, false},
	};
	size_t n = sizeof(cases) / sizeof(cases[0]), stay = 0;

	world.backends[3].state = BACKEND_DOWN;
	for (size_t i = 0; i < n; i++) {
		put(i * 13, 0x1234567 + i, cases[i].backend, cases[i].age, cases[i].state);
		stay += cases[i].stays;
	}
	cr_assert(scan_all());
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(is_there(i * 13), cases[i].stays, "%s", cases[i].name);
	cr_expect_eq(scan.records, stay);
	cr_expect_eq(scan.retired, n - stay);
}

Test(scan, counts_by_backend_and_state)
{
	uint32_t counts[15][4] = {};
	struct random random = {1};

	for (size_t i = 0; i < 3000; i++) {
		uint32_t backend = random_below(&random, 15), state = 1 + random_below(&random, 3);

		put(i, random_next(&random), backend, 0, state);
		counts[backend][state]++;
	}
	cr_assert(scan_all());
	for (uint32_t i = 0; i < 15; i++) {
		cr_expect_eq(scan.backends[i].unconfirmed, counts[i][FLOW_UNCONFIRMED]);
		cr_expect_eq(scan.backends[i].established, counts[i][FLOW_ESTABLISHED]);
		cr_expect_eq(scan.backends[i].closing, counts[i][FLOW_CLOSING]);
		cr_expect_eq(scan_records(&scan, i), counts[i][1] + counts[i][2] + counts[i][3]);
	}
	cr_expect_eq(scan.records, 3000);
}

Test(scan, marks_the_slots_that_differ)
{
	bool differs[64] = {};
	struct random random = {2};

	/* Half a record a slot; a signature's top 6 bits are its slot. */
	for (size_t i = 0; i < 32; i++) {
		uint32_t signature = random_next(&random), backend = random_below(&random, 8);
		uint32_t slot = signature >> 26;

		put(i * 100, signature, backend, 0, FLOW_ESTABLISHED);
		differs[slot] |= backend != slot % 8;
	}
	cr_assert(scan_all());
	for (uint32_t i = 0; i < 64; i++)
		cr_expect_eq(scan_slot_differs(&scan, &world, 1, 32 + i), differs[i]);
}

static size_t source_slots_that_differ(void)
{
	size_t count = 0;

	cr_assert(scan_all());
	for (uint32_t i = 96; i < 112; i++)
		count += scan_slot_differs(&scan, &world, 2, i);
	scan_begin(&scan, NOW_NS);
	return count;
}

Test(scan, any_record_of_a_source_hash_service_may_be_of_any_slot)
{
	cr_expect_eq(source_slots_that_differ(), 0);
	put(1, 1, 10, 0, FLOW_ESTABLISHED); /* i % 7 == 2: slots 100, 107 */
	put(2, 0xffffffff, 10, 0, FLOW_ESTABLISHED);
	cr_expect_eq(source_slots_that_differ(), 14);
	put(3, 1, 11, 0, FLOW_ESTABLISHED);
	cr_expect_eq(source_slots_that_differ(), 16);
	put(4, 1, 1, 0, FLOW_ESTABLISHED); /* of another service */
	put(3, 1, 15, 0, FLOW_ESTABLISHED);
	cr_expect_eq(source_slots_that_differ(), 14);
}

Test(scan, slices_make_a_whole)
{
	uint32_t slices = 1;

	for (size_t i = 0; i < BUCKETS * FLOWS_PER_BUCKET; i++)
		put(i, i << 20, 1, 0, FLOW_ESTABLISHED);
	while (!scan_slice(&scan, &world, table, BUCKETS, 100, NOW_NS))
		slices++;
	cr_expect_eq(slices, 6);
	cr_expect_eq(scan.records, BUCKETS * FLOWS_PER_BUCKET);
	scan_begin(&scan, NOW_NS + 5);
	cr_expect_eq(scan.begun_ns, NOW_NS + 5);
	cr_expect_eq(scan.records, 0);
	cr_expect_eq(scan_records(&scan, 1), 0);
	cr_expect_not(scan_slot_differs(&scan, &world, 1, 32));
	cr_assert(scan_all());
	cr_expect_eq(scan.records, BUCKETS * FLOWS_PER_BUCKET);
}

/* ---- beside a writer ------------------------------------------------------------------------------ */

#define WRITES 20000000
#define PLACES (4 * FLOWS_PER_BUCKET)

struct writer {
	uint64_t lost; /* fresh records that the scan took */
	bool done;
};

static __u64 *place_of(uint32_t i)
{
	return &table[i / FLOWS_PER_BUCKET % 4].entry[i % FLOWS_PER_BUCKET];
}

/* An idle record, which the scan may take, and in its place a fresh one, which it may not. */
static void *write_records(void *context)
{
	struct writer *writer = context;
	__u64 idle = FLOW_ENTRY(5, 1, NOW_TICK - ESTABLISHED, FLOW_ESTABLISHED);
	__u64 fresh = FLOW_ENTRY(5, 1, NOW_TICK, FLOW_ESTABLISHED);

	for (uint32_t i = 0; i < WRITES; i++) {
		writer->lost += i >= PLACES && !__atomic_load_n(place_of(i), __ATOMIC_RELAXED);
		__atomic_store_n(place_of(i), idle, __ATOMIC_RELAXED);
		__atomic_store_n(place_of(i), fresh, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&writer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

Test(scan, takes_nothing_fresh_from_a_concurrent_writer)
{
	struct writer writer = {};
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, write_records, &writer), 0);
	while (!__atomic_load_n(&writer.done, __ATOMIC_ACQUIRE)) {
		scan_begin(&scan, NOW_NS);
		scan_slice(&scan, &world, table, 4, 4, NOW_NS);
	}
	pthread_join(thread, NULL);
	cr_expect_eq(writer.lost, 0);
	for (size_t i = 0; i < PLACES; i++)
		cr_expect(is_there(i));
}
