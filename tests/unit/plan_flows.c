/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live flows while random plans are carried out: pools that change, backends that fall, come back,
 * drain, tables that double, algorithms and tracking that change; scanned and settled as the engine
 * does it. Packets come between any two steps. The packet's side is a model of few lines over the real
 * slots and flow entries. No live flow may change its backend.
 *
 * Live: its backend was usable all along, and it speaks once a drain time (TCP) or grace (UDP).
 */
#include "balance/plan.h"

#include "site.h"

#include <criterion/criterion.h>

#define STEPS	 6000
#define SEEDS	 40
#define SERVICES 3
#define HOSTS	 12
#define MS	 1000000ull

/* ---- flows --------------------------------------------------------------------------------------- */

static void begin_flow(struct site *site)
{
	struct flow *flow = &site->flows[random_below(&site->random, FLOWS)];

	/* A flow that fell silent keeps its record until the scan takes it. */
	if (flow->live || *entry_of(site, flow))
		return;
	*flow = (struct flow){
		.service = random_below(&site->random, SERVICES),
		.hash = random_next(&site->random),
		.source = random_below(&site->random, 50),
		.seen_ns = site->now_ns,
	};
	flow->udp = site->target.services[flow->service].protocol == IPPROTO_UDP;
	flow->backend = steer(site, flow, true);
	flow->live = flow->backend >= 0;
}

static void continue_flow(struct site *site)
{
	struct flow *flow = &site->flows[random_below(&site->random, FLOWS)];
	const struct target_service *target = &site->target.services[flow->service];
	uint64_t limit_ms = flow->udp ? target->udp_grace_ms : target->drain_ms;

	if (!flow->live)
		return;
	if (site->now_ns - flow->seen_ns >= limit_ms * MS || random_one_in(&site->random, 100)) {
		flow->live = false;
	} else if (steer(site, flow, false) != flow->backend) {
		site->broken++;
		flow->live = false;
	}
	flow->seen_ns = site->now_ns;
}

static void packets(struct site *site, int count)
{
	while (count-- > 0)
		if (random_one_in(&site->random, 4))
			begin_flow(site);
		else
			continue_flow(site);
}

static void kill_flows_of(struct site *site, int backend)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (site->flows[i].backend == backend)
			site->flows[i].live = false;
}

static void kill_flows_of_service(struct site *site, uint32_t service)
{
	for (size_t i = 0; i < FLOWS; i++)
		if (site->flows[i].service == service)
			site->flows[i].live = false;
}

/* ---- the engine ----------------------------------------------------------------------------------- */

static void carry_out(struct site *site, struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];

		world_apply(&site->world, step, site->now_ns);
		if (step->kind == STEP_BACKEND_STATE && !BACKEND_USABLE(step->after.state))
			kill_flows_of(site, step->index);
		packets(site, 1);
	}
	plan_deinit(plan);
}

static void commit(struct site *site)
{
	struct plan plan;

	cr_assert_eq(plan_build(&site->world, &site->target, site->now_ns, &plan, NULL), 0);
	carry_out(site, &plan);
}

static void lift_holds(struct site *site)
{
	for (uint32_t i = 0; i < site->world.size.backends; i++)
		site->world.backend_hold[i] &= ~(site->held_at_begin[i] & HOLD_SCAN) & ~HOLD_GRACE;
	memset(site->world.chunk_hold, 0, site->world.size.chunks);
	memset(site->world.service_hold, 0, site->world.size.services);
}

static void scan(struct site *site)
{
	struct plan plan;

	if (!scan_slice(&site->scan, &site->world, site->table, BUCKETS, 8, site->now_ns))
		return;
	plan_settle(&site->world, &site->target, &site->scan, site->now_ns, &plan);
	carry_out(site, &plan);
	lift_holds(site);
	scan_begin(&site->scan, site->now_ns);
	memcpy(site->held_at_begin, site->world.backend_hold, site->world.size.backends);
}

/* ---- the operator and health ---------------------------------------------------------------------- */

static void toggle_backend(struct random *random, struct target_service *service)
{
	uint32_t host = 100 + random_below(random, HOSTS);

	if (service->n_backends > 1 && random_one_in(random, 2))
		target_remove_backend(service, random_below(random, service->n_backends));
	else if (service->n_backends < TARGET_BACKENDS && !target_has_backend(service, host))
		target_add_backend(service, host, 1 + random_below(random, 3))->forward =
			random_below(random, FORWARD_COUNT);
}

/* Other than to or from source-hash, which nothing can do without moving flows. */
static void change_algorithm(struct random *random, struct target_service *service)
{
	static const enum algorithm others[] = {ALGORITHM_MAGLEV, ALGORITHM_ROUND_ROBIN,
						ALGORITHM_WEIGHTED_ROUND_ROBIN};

	if (service->algorithm != ALGORITHM_SOURCE_HASH)
		service->algorithm = others[random_below(random, 3)];
	service->tracking = random_below(random, 2);
	if (service->algorithm >= ALGORITHM_ROUND_ROBIN)
		service->tracking = TRACKING_ALL;
}

static void change_target(struct site *site)
{
	struct random *random = &site->random;
	struct target_service *service = &site->target.services[random_below(random, SERVICES)];
	struct target_backend *backend =
		&service->backends[random_below(random, service->n_backends)];

	switch (random_below(random, 9)) {
	case 0 ... 1: toggle_backend(random, service); break;
	case 2 ... 4: backend->state = random_state(random); break;
	case 5: backend->weight = random_below(random, 5); break;
	case 6:
		if (random_one_in(random, 3))
			change_algorithm(random, service);
		break;
	case 7: /* all of them: slots stay as they are */
		for (size_t i = 0; i < service->n_backends; i++)
			service->backends[i].state = BACKEND_DRAINING;
		break;
	case 8:
		target_set_hop(&site->target, &backend->address,
			       (union next_hop){.word = random_below(random, 3)});
		break;
	}
}

/* ---- histories ------------------------------------------------------------------------------------ */

static void site_init(struct site *site, uint64_t seed)
{
	static const enum algorithm algorithms[SERVICES] = {ALGORITHM_MAGLEV, ALGORITHM_MAGLEV,
							    ALGORITHM_SOURCE_HASH};

	*site = (struct site){
		.random = {seed}, .now_ns = 100000 * MS, .target = {.program = target_program()}};
	world_init(&site->world,
		   (struct world_size){.services = 8, .backends = 400, .chunks = 2000});
	scan_init(&site->scan, &site->world.size);
	for (uint32_t i = 0; i < SERVICES; i++) {
		target_add_service(&site->target, 2 + i, i == 1 ? IPPROTO_UDP : IPPROTO_TCP);
		site->target.services[i].algorithm = algorithms[i];
		site->target.services[i].source_bits = 32;
		target_add_backend(&site->target.services[i], 100, 1);
	}
	commit(site);
}

static void site_deinit(struct site *site)
{
	world_deinit(&site->world);
	scan_deinit(&site->scan);
	target_deinit(&site->target);
}

static void run(struct site *site)
{
	static const uint32_t pauses_ms[] = {0, 0, 50, 100, 500, 1000};

	for (int i = 0; i < STEPS; i++) {
		site->now_ns += pauses_ms[random_below(&site->random, 6)] * MS;
		packets(site, 16);
		scan(site);
		/* Quiet at times, so that slots settle. */
		if (i % 1000 < 500 && random_one_in(&site->random, 12)) {
			change_target(site);
			commit(site);
		}
	}
}

static size_t unsettled(const struct site *site)
{
	size_t count = 0;

	for (uint32_t i = 0; i < site->world.size.services; i++) {
		uint64_t word = site->world.services[i].word;

		for (uint32_t k = 0; k < service_word_chunks(word) * SLOTS_PER_CHUNK; k++)
			count += !slot_is_settled(
				site->world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + k]);
	}
	return count;
}

static size_t count_entries(const struct world *world)
{
	size_t count = 0;

	for (uint32_t i = 0; i < world->size.backends; i++)
		count += world->backends[i].state != BACKEND_FREE;
	return count;
}

Test(plan_flows, no_live_flow_changes_its_backend)
{
	static struct site site;
	unsigned by_record = 0, by_origin = 0, by_fallback = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		site_init(&site, seed);
		run(&site);
		cr_expect_eq(site.broken, 0, "seed %lu: %u of %u packets", (unsigned long)seed,
			     site.broken, site.packets);
		by_record += site.by_record;
		by_origin += site.by_origin;
		by_fallback += site.by_fallback;
		site_deinit(&site);
	}
	/* The history was worth it. */
	cr_expect_gt(by_record, 10000);
	cr_expect_gt(by_origin, 1000);
	cr_expect_gt(by_fallback, 1000);
}

/* When nothing changes any more and flows end, all is settled and nobody lingers. */
Test(plan_flows, all_comes_to_rest)
{
	static struct site site;
	size_t wanted = 0;

	site_init(&site, 77);
	run(&site);
	for (uint32_t i = 0; i < SERVICES; i++) {
		kill_flows_of_service(&site, i);
		for (size_t k = 0; k < site.target.services[i].n_backends; k++)
			site.target.services[i].backends[k].state = BACKEND_UP;
		wanted += site.target.services[i].n_backends;
	}
	commit(&site);
	for (uint32_t i = 0; i < SERVICES; i++)
		kill_flows_of_service(&site, i);
	for (int i = 0; i < 3000; i++) {
		site.now_ns += 100 * MS;
		scan(&site);
	}
	cr_expect_eq(unsettled(&site), 0);
	cr_expect_eq(count_entries(&site.world), wanted);
	site_deinit(&site);
}
