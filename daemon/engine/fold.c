/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/fold.h"

#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <string.h>

static void fold_backend(const struct config_service *service, const struct config_backend *backend,
			 const struct overlay_backend *overlay, struct target_backend *ret)
{
	*ret = (struct target_backend){
		.address = backend->address,
		.weight = overlay_weight(overlay, backend),
		.state = overlay_state(overlay, backend),
		.forward = service->forward,
	};
}

static void fold_service(const struct config *config, const struct config_service *service,
			 const struct overlay *overlay, uint64_t now_ns, struct target_service *ret)
{
	const struct config_pool *pool = &config->pools[service->pool];

	*ret = (struct target_service){
		.name = service->name,
		.vip = service->vip,
		.port_be = htons(service->port),
		.protocol = service->protocol,
		.algorithm = service->algorithm,
		.source_bits = service->source_bits,
		.tracking = service->tracking,
		.when_empty = service->when_empty,
		.drain_ms = service->drain_ms,
		.udp_grace_ms = service->udp_grace_ms,
		.mode = service->mode,
		.backends = sl_calloc(pool->n_backends, sizeof(*ret->backends)),
		.n_backends = pool->n_backends,
	};
	for (size_t b = 0; b < pool->n_backends; b++) {
		const struct overlay_backend *known = &overlay->pools[service->pool][b];

		fold_backend(service, &pool->backends[b], known, &ret->backends[b]);
		ret->waits |= overlay_waits(known, &pool->backends[b], now_ns);
	}
}

/* Rounded up, and one more: a tick may have begun just before the record's last packet. */
static __u16 ticks(uint64_t ms)
{
	return ((ms * NS_PER_MS - 1) >> FLOW_TICK_SHIFT) + 2;
}

static void fold_program(const struct config *config, struct program_config *ret)
{
	uint32_t drain_ms = 1000;

	for (size_t i = 0; i < config->n_services; i++)
		if (config->services[i].drain_ms > drain_ms)
			drain_ms = config->services[i].drain_ms;
	*ret = (struct program_config){
		.outer4_bits = config->outer4.bits,
		.outer6_bits = config->outer6.bits,
		.outer4_be = config->outer4.address.word_be[0],
		.idle_unconfirmed_ticks = ticks(drain_ms),
		.idle_established_ticks = ticks(drain_ms),
		.idle_closing_ticks = ticks(FOLD_IDLE_CLOSING_MS),
	};
	memcpy(ret->outer6_be, config->outer6.address.word_be, sizeof(ret->outer6_be));
}

void fold(const struct config *config, const struct overlay *overlay, const struct hops *hops,
	  uint64_t now_ns, struct target *ret_target)
{
	memset(ret_target, 0, sizeof(*ret_target));
	ret_target->n_services = config->n_services;
	ret_target->services = sl_calloc(config->n_services, sizeof(*ret_target->services));
	for (size_t i = 0; i < config->n_services; i++)
		fold_service(config, &config->services[i], overlay, now_ns,
			     &ret_target->services[i]);
	ret_target->hops = sl_calloc(hops->count, sizeof(*ret_target->hops));
	ret_target->n_hops = hops->count;
	if (hops->count)
		memcpy(ret_target->hops, hops->list, hops->count * sizeof(*hops->list));
	memcpy(ret_target->egress, hops->egress, sizeof(ret_target->egress));
	fold_program(config, &ret_target->program);
}
