/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.h - random targets over a few VIPs and backends, and worlds to plan them in.
 */
#ifndef SLUICE_TESTS_TARGETS_H
#define SLUICE_TESTS_TARGETS_H

#include "balance/plan.h"
#include "base/memory.h"
#include "random.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_VIPS	6
#define TARGET_BACKENDS 8 /* most of a service */

static inline struct address target_address(uint32_t host)
{
	if (host % 2)
		return (struct address){.family = 6,
					.word_be = {htonl(0x20010db8), 0, 0, htonl(host)}};
	return (struct address){.family = 4, .word_be = {htonl(0x0a000000 + host)}};
}

static inline struct program_config target_program(void)
{
	return (struct program_config){
		.outer4_bits = 16,
		.outer6_bits = 64,
		.idle_unconfirmed_ticks = 9,
		.idle_established_ticks = 9,
		.idle_closing_ticks = 9,
	};
}

/* Room for the most backends, so that it can be changed in place. */
static inline void target_add_service(struct target *target, uint32_t vip, uint8_t protocol)
{
	struct target_service *service;

	target->services = sl_realloc_array(target->services, target->n_services + 1,
					    sizeof(*target->services));
	service = &target->services[target->n_services++];
	*service = (struct target_service){
		.name = "service",
		.vip = target_address(vip),
		.port_be = htons(80),
		.protocol = protocol,
		.drain_ms = 30000,
		.udp_grace_ms = 10000,
		.backends = sl_calloc(TARGET_BACKENDS, sizeof(*service->backends)),
	};
}

static inline struct target_backend *target_add_backend(struct target_service *service,
							uint32_t host, uint16_t weight)
{
	struct target_backend *backend = &service->backends[service->n_backends++];

	*backend = (struct target_backend){
		.address = target_address(host), .weight = weight, .state = BACKEND_UP};
	return backend;
}

/* As for an address that a service has: what the engine learns of it. */
static inline void target_set_hop(struct target *target, const struct address *address,
				  union next_hop next_hop)
{
	size_t at = 0;

	while (at < target->n_hops && address_compare(&target->hops[at].address, address) < 0)
		at++;
	if (at == target->n_hops || !address_equal(&target->hops[at].address, address)) {
		target->hops =
			sl_realloc_array(target->hops, target->n_hops + 1, sizeof(*target->hops));
		memmove(&target->hops[at + 1], &target->hops[at],
			(target->n_hops++ - at) * sizeof(*target->hops));
	}
	target->hops[at] = (struct target_hop){*address, next_hop};
}

static inline uint64_t target_hop_word(const struct target *target, const struct address *address)
{
	for (size_t i = 0; i < target->n_hops; i++)
		if (address_equal(&target->hops[i].address, address))
			return target->hops[i].next_hop.word;
	return 0;
}

static inline void target_remove_backend(struct target_service *service, size_t i)
{
	service->backends[i] = service->backends[--service->n_backends];
}

static inline bool target_has_backend(const struct target_service *service, uint32_t host)
{
	struct address address = target_address(host);

	for (size_t i = 0; i < service->n_backends; i++)
		if (address_equal(&service->backends[i].address, &address))
			return true;
	return false;
}

static inline enum backend_state random_state(struct random *random)
{
	static const enum backend_state states[] = {BACKEND_UP, BACKEND_UP, BACKEND_UP,
						    BACKEND_DOWN, BACKEND_DRAINING};

	return states[random_below(random, 5)];
}

static inline void random_service(struct random *random, struct target_service *service)
{
	service->algorithm = random_below(random, ALGORITHM_COUNT);
	service->source_bits = service->algorithm == ALGORITHM_SOURCE_HASH ? 24 : 32;
	service->tracking = random_below(random, TRACKING_COUNT);
	service->when_empty = random_below(random, WHEN_EMPTY_COUNT);
	service->mode = random_below(random, SERVICE_MODE_COUNT);
	if (random_one_in(random, 5))
		service->port_be = 0;
	for (uint32_t host = 100; host < 100 + TARGET_BACKENDS; host++) {
		struct target_backend *backend;

		if (random_one_in(random, 3))
			continue;
		backend = target_add_backend(service, host, random_below(random, 4));
		backend->state = random_state(random);
		backend->forward = random_below(random, FORWARD_COUNT);
	}
}

static inline struct target random_target(uint64_t seed)
{
	struct random random = {seed};
	struct target target = {.program = target_program()};

	for (uint32_t vip = 0; vip < TARGET_VIPS; vip++)
		for (int udp = 0; udp < 2; udp++) {
			if (random_one_in(&random, 2))
				continue;
			target_add_service(&target, vip, udp ? IPPROTO_UDP : IPPROTO_TCP);
			random_service(&random, &target.services[target.n_services - 1]);
		}
	for (uint32_t host = 100; host < 100 + TARGET_BACKENDS; host++) {
		struct address address = target_address(host);
		union next_hop next_hop = {.word = random_below(&random, 3)};

		if (!random_one_in(&random, 4))
			target_set_hop(&target, &address, next_hop);
	}
	for (uint32_t i = 1; i < 4; i++)
		target.egress[i].ifindex = random_below(&random, 3);
	return target;
}

static inline void world_copy(struct world *copy, const struct world *world)
{
	size_t slots = (size_t)world->size.chunks * SLOTS_PER_CHUNK;
	struct world fresh;

	world_init(&fresh, world->size);
#define COPY(field, count) memcpy(fresh.field, world->field, (count) * sizeof(*fresh.field))
	COPY(services, world->size.services);
	COPY(backends, world->size.backends);
	COPY(slots, slots);
	COPY(egress, EGRESS_MAX);
	COPY(notes, world->size.services);
	COPY(slot_since, slots);
	COPY(backend_since, world->size.backends);
	COPY(service_hold, world->size.services);
	COPY(backend_hold, world->size.backends);
	COPY(chunk_hold, world->size.chunks);
	/* As world.c grows it: room for a power of two. */
	fresh.vips = sl_calloc(2 * world->n_vips + 1, sizeof(*fresh.vips));
	for (size_t i = 0; i < world->n_vips; i++)
		fresh.vips[i] = world->vips[i];
#undef COPY
	fresh.n_vips = world->n_vips;
	fresh.program = world->program;
	*copy = fresh;
}

#endif
