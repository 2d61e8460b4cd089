// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/host.h"

#include "balance/maglev.h"
#include "balance/plan.h"
#include "base/memory.h"

#include <netinet/in.h>

#include <stdlib.h>

#define SECOND 1000000000ull

/* ---- maglev-build ---------------------------------------------------------------------------------- */

#define MAGLEV_SLOTS	65536
#define MAGLEV_BACKENDS 1000

static struct address host_address(__u32 number)
{
	return (struct address){4, {htonl(0xac100000 + number)}};
}

static double build_maglev(void)
{
	static struct maglev_backend backends[MAGLEV_BACKENDS];
	static __u16 table[MAGLEV_SLOTS];
	double begun_ns;

	for (__u32 i = 0; i < MAGLEV_BACKENDS; i++)
		backends[i] = (struct maglev_backend){host_address(i), 1, i};
	begun_ns = bench_now_ns();
	maglev_fill(backends, MAGLEV_BACKENDS, MAGLEV_SLOTS, table);
	return bench_now_ns() - begun_ns;
}

/* ---- plan-build ------------------------------------------------------------------------------------ */

#define PLAN_SERVICES 1000
#define PLAN_BACKENDS 10 /* of each */

static struct target make_target(void)
{
	struct target target = {
		.services = sl_calloc(PLAN_SERVICES, sizeof(*target.services)),
		.n_services = PLAN_SERVICES,
	};

	for (__u32 i = 0; i < PLAN_SERVICES; i++) {
		struct target_service *service = &target.services[i];

		*service = (struct target_service){
			.name = "service",
			.vip = {4, {htonl(0xc0000200 + i)}},
			.port_be = htons(80),
			.protocol = IPPROTO_TCP,
			.drain_ms = 900000,
			.backends = sl_calloc(PLAN_BACKENDS, sizeof(*service->backends)),
			.n_backends = PLAN_BACKENDS,
		};
		for (__u32 j = 0; j < PLAN_BACKENDS; j++)
			service->backends[j] = (struct target_backend){
				.address = host_address(i * PLAN_BACKENDS + j),
				.weight = 1,
				.state = BACKEND_UP,
			};
	}
	return target;
}

/* Takes the world there, if there is one to take. */
static double build_plan(const struct world *world, const struct target *target,
			 struct world *ret_world)
{
	struct plan plan = {};
	double begun_ns = bench_now_ns(), took_ns;

	if (plan_build(world, target, SECOND, &plan, NULL))
		bench_die("the plan doesn't fit");
	took_ns = bench_now_ns() - begun_ns;
	for (size_t i = 0; ret_world && i < plan.count; i++)
		world_apply(ret_world, &plan.steps[i], SECOND);
	plan_deinit(&plan);
	return took_ns;
}

static void build_plans(double *ret_cold_ns, double *ret_changed_ns)
{
	struct target target = make_target();
	struct world world;

	world_init(&world,
		   (struct world_size){.services = 2048, .backends = 32768, .chunks = 262144});
	*ret_cold_ns = build_plan(&world, &target, &world);
	target.services[PLAN_SERVICES / 2].backends[0].address = host_address(1u << 18);
	*ret_changed_ns = build_plan(&world, &target, NULL);
	world_deinit(&world);
	target_deinit(&target);
}

/* ---- flow-scan ------------------------------------------------------------------------------------- */

#define SCAN_RECORDS (1u << 20)
#define SCAN_BUCKETS (2 * SCAN_RECORDS / FLOWS_PER_BUCKET)

static struct flow_bucket *fill_flows(void)
{
	struct flow_bucket *table = aligned_alloc(64, SCAN_BUCKETS * sizeof(*table));
	__u64 hash = 1;

	if (!table)
		sl_out_of_memory();
	for (__u32 i = 0; i < SCAN_BUCKETS * FLOWS_PER_BUCKET; i++) {
		hash = hash * 6364136223846793005ull + 1442695040888963407ull;
		table[i / FLOWS_PER_BUCKET].entry[i % FLOWS_PER_BUCKET] =
			i % 2 ? 0
			      : FLOW_ENTRY(hash >> 32,
					   (hash >> 20) % (PLAN_SERVICES * PLAN_BACKENDS), 0,
					   FLOW_ESTABLISHED);
	}
	return table;
}

static double scan_flows(void)
{
	struct flow_bucket *table = fill_flows();
	struct target target = make_target();
	struct scan scan = {};
	struct world world;
	double begun_ns;

	target.program.idle_established_ticks = 210;
	world_init(&world,
		   (struct world_size){.services = 2048, .backends = 32768, .chunks = 262144});
	build_plan(&world, &target, &world);
	scan_init(&scan, &world.size);
	begun_ns = bench_now_ns();
	scan_begin(&scan, SECOND);
	while (!scan_slice(&scan, &world, table, SCAN_BUCKETS, SCAN_BUCKETS / 64, SECOND))
		;
	begun_ns = bench_now_ns() - begun_ns;
	if (scan.records != SCAN_RECORDS)
		bench_die("the scan doesn't see the records");
	scan_deinit(&scan);
	world_deinit(&world);
	target_deinit(&target);
	free(table);
	return begun_ns;
}

/* ---- all ------------------------------------------------------------------------------------------- */

enum work { MAGLEV, PLAN_COLD, PLAN_CHANGED, SCAN, WORKS };

size_t host_measure(const struct bench_effort *effort, struct bench_result **ret_results)
{
	static const struct bench_result named[WORKS] = {
		[MAGLEV] = {.name = "maglev-build", .target_ns = 2e6},
		[PLAN_COLD] = {.name = "plan-build-cold"},
		[PLAN_CHANGED] = {.name = "plan-build-one-changed"},
		[SCAN] = {.name = "flow-scan-million", .target_ns = 15e6},
	};
	struct bench_result *results = sl_calloc(WORKS, sizeof(*results));
	double samples[WORKS][BENCH_ROUNDS_MAX];

	for (unsigned round = 0; round < effort->rounds; round++) {
		samples[MAGLEV][round] = build_maglev();
		build_plans(&samples[PLAN_COLD][round], &samples[PLAN_CHANGED][round]);
		samples[SCAN][round] = scan_flows();
	}
	for (enum work work = 0; work < WORKS; work++) {
		results[work] = named[work];
		bench_summarize(&results[work], samples[work], effort->rounds);
	}
	*ret_results = results;
	return WORKS;
}
