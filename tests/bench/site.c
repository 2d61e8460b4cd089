// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/site.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "dataplane/maps.h"
#include "dataplane/object.h"
#include "targets.h"

#include <bpf/bpf.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKENDS 100 /* of a service */

static const struct config_capacity capacity = {
	.services = 64, .backends = 8192, .slots = 1 << 20, .flows = SITE_FLOWS};

struct site {
	struct sluice_bpf *maps; /* owned, and so below */
	struct sluice_bpf *live;
	struct dataplane *dataplane;
	struct world world;
};

/* ---- the desired state ----------------------------------------------------------------------------- */

struct address site_address(unsigned family, enum site_vip vip)
{
	if (family == 4)
		return (struct address){4, {htonl(0xc0000200 + vip)}}; /* 192.0.2.0/24 */
	return (struct address){6, {htonl(0x20010db8), 0, 0, htonl(vip)}};
}

static struct address backend_address(unsigned family, __u32 number)
{
	if (family == 4)
		return (struct address){4, {htonl(0xac100000 + number)}}; /* 172.16.0.0/12 */
	return (struct address){6, {htonl(0x20010db8), htonl(1), 0, htonl(number)}};
}

static void add_service(struct target *target, unsigned family, enum site_vip vip, __u8 protocol,
			__u32 first_backend)
{
	struct target_service *service;

	target->services =
		sl_realloc_array(target->services, target->n_services + 1, sizeof(*service));
	service = &target->services[target->n_services++];
	*service = (struct target_service){
		.name = "service",
		.vip = site_address(family, vip),
		.port_be = vip == SITE_ANY_PORT ? 0 : htons(SITE_PORT),
		.protocol = protocol,
		.algorithm = vip == SITE_SOURCE_HASH ? ALGORITHM_SOURCE_HASH
			     : vip == SITE_TURNS     ? ALGORITHM_ROUND_ROBIN
						     : ALGORITHM_MAGLEV,
		.source_bits = family == 4 ? 32 : 128,
		.tracking =
			vip == SITE_TRACKED || vip == SITE_TURNS ? TRACKING_ALL : TRACKING_MOVING,
		.drain_ms = 900000,
		.udp_grace_ms = 120000,
		.backends = sl_calloc(BACKENDS, sizeof(*service->backends)),
		.n_backends = BACKENDS,
	};
	for (__u32 i = 0; i < BACKENDS; i++)
		service->backends[i] = (struct target_backend){
			.address = backend_address(family, first_backend + i),
			.weight = 1,
			.state = BACKEND_UP,
			.forward = vip == SITE_SOURCE_HASH ? FORWARD_L2 : FORWARD_IPIP,
		};
}

/* Also of those that linger from generations before: slots that move still name them. */
static void add_hops(struct target *target, unsigned family, __u32 first, __u32 end)
{
	for (__u32 i = first; i < end; i++) {
		struct address address = backend_address(family, i);

		target_set_hop(target, &address,
			       (union next_hop){.mac = {2, 0, 0, 0, 1, i}, .egress = 1});
	}
}

/* The moving services have other backends in each generation. */
static struct target make_target(bool full, unsigned ifindex, __u32 generation)
{
	struct target target = {
		.egress[1] = {ifindex, {2, 0, 0, 0, 0, 1}, 1600},
		.program =
			{
				.outer4_be = htonl(0x0afe0000),
				.outer4_bits = 16,
				.outer6_be = {htonl(0x20010db8), htonl(0xfe)},
				.outer6_bits = 64,
				.idle_unconfirmed_ticks = 15,
				.idle_established_ticks = 210,
				.idle_closing_ticks = 15,
			},
	};
	enum site_vip end = full ? SITE_VIPS : SITE_SETTLED + 1;

	for (unsigned family = 4; family <= 6; family += 2)
		for (enum site_vip vip = SITE_SETTLED; vip < end; vip++) {
			__u32 first = vip * 1000 + (vip == SITE_MOVING ? generation * BACKENDS : 0);

			add_service(&target, family, vip, IPPROTO_TCP, first);
			add_hops(&target, family, vip * 1000, first + BACKENDS);
			if (vip == SITE_SETTLED)
				add_service(&target, family, vip, IPPROTO_UDP, first);
		}
	return target;
}

/* ---- bringing it about ----------------------------------------------------------------------------- */

static int load_program(void *context, const struct program_config *config,
			struct sl_errors *errors)
{
	struct object_settings settings = {.config = *config, .key = {{0x0706050403020100, 42}}};
	struct sluice_bpf *live = NULL;
	struct site *site = context;
	int err = object_load(site->maps, &settings, &live, errors);

	if (err)
		return err;
	object_freep(&site->live);
	site->live = live;
	return 0;
}

static void reach(struct site *site, const struct target *target)
{
	struct sl_errors errors = {};
	struct plan plan = {};
	__u64 now_ns = clock_now_ns();

	if (plan_build(&site->world, target, now_ns, &plan, &errors))
		bench_die(sl_errors_text(&errors));
	for (size_t i = 0; i < plan.count; i++) {
		if (dataplane_apply(site->dataplane, &plan.steps[i], &errors))
			bench_die(sl_errors_text(&errors));
		world_apply(&site->world, &plan.steps[i], now_ns);
	}
	plan_deinit(&plan);
}

/* As dataplane/maps.c makes them, but not pinned. */
static struct sluice_bpf *make_maps(void)
{
	struct sluice_bpf *object = sluice_bpf__open();

	if (!object)
		bench_die("can't open the program");
	for (enum map_number map = 0; map < MAP_COUNT; map++)
		if (maps_entries(map, &capacity))
			bpf_map__set_max_entries(maps_find(object, map),
						 maps_entries(map, &capacity));
	bpf_program__set_autoload(object->progs.sluice, false);
	if (sluice_bpf__load(object))
		bench_die("can't make the maps (root?)");
	return object;
}

struct site *site_open(bool full, unsigned ifindex)
{
	struct site *site = sl_calloc(1, sizeof(*site));
	struct sl_errors errors = {};
	int fds[MAP_COUNT];

	site->maps = make_maps();
	for (enum map_number map = 0; map < MAP_COUNT; map++)
		fds[map] = dup(bpf_map__fd(maps_find(site->maps, map)));
	if (dataplane_open(fds, &capacity, load_program, site, &site->dataplane, &errors))
		bench_die(sl_errors_text(&errors));
	world_init(&site->world, dataplane_size(site->dataplane));
	for (__u32 generation = 0; generation < 2; generation++) {
		struct target target = make_target(full, ifindex, generation);

		reach(site, &target);
		target_deinit(&target);
	}
	return site;
}

void site_close(struct site *site)
{
	world_deinit(&site->world);
	dataplane_close(site->dataplane);
	object_freep(&site->live);
	object_freep(&site->maps);
	free(site);
}

/* ---- what there is --------------------------------------------------------------------------------- */

int site_program_fd(const struct site *site)
{
	return object_program_fd(site->live);
}

__u32 site_features(const struct site *site)
{
	return site->world.program.features;
}

__u64 site_packets(const struct site *site, enum verdict verdict)
{
	struct verdict_counter verdicts[VERDICT_COUNT];

	if (dataplane_verdicts(site->dataplane, verdicts))
		bench_die("can't read the verdicts");
	return verdicts[verdict].packets;
}

__u64 site_flow_events(const struct site *site, enum flow_event event)
{
	uint64_t events[FLOW_EVENT_COUNT];

	if (dataplane_flow_events(site->dataplane, events))
		bench_die("can't read the flow events");
	return events[event];
}

struct site_size site_measure_size(const struct site *site, __u32 features)
{
	struct object_settings settings = {.config = site->world.program};
	_cleanup_object_ struct sluice_bpf *object = NULL;
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	struct sl_errors errors = {};
	double begun_ms = bench_now_ms();

	settings.config.features = features;
	if (object_load(site->maps, &settings, &object, &errors) ||
	    bpf_obj_get_info_by_fd(object_program_fd(object), &info, &size))
		bench_die("can't load a program to see its size");
	return (struct site_size){
		.instructions = info.xlated_prog_len / sizeof(struct bpf_insn),
		.jited_bytes = info.jited_prog_len,
		.verified = info.verified_insns,
		.load_ms = bench_now_ms() - begun_ms,
	};
}
