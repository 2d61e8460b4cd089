/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site.h - a world with flows, and the packet's side as a model of few lines over the real slots and
 * flow entries. A UDP packet without a record is taken for a new flow's once the grace is over.
 */
#ifndef SLUICE_TESTS_SITE_H
#define SLUICE_TESTS_SITE_H

#include "balance/mix.h"
#include "balance/slots.h"
#include "targets.h"

#define FLOWS	256
#define BUCKETS (FLOWS / FLOWS_PER_BUCKET)

struct flow {
	bool live;
	bool udp;
	uint32_t service; /* index into the target */
	uint64_t hash;
	uint32_t source;
	int backend;
	uint64_t seen_ns;
};

struct site {
	struct random random;
	struct world world;
	struct target target;
	struct scan scan;
	struct flow
		flows[FLOWS]; /* flow i has entry i of the table to itself: nothing is evicted */
	struct flow_bucket table[BUCKETS];
	uint8_t held_at_begin[400];
	uint64_t now_ns;
	uint32_t turn;
	unsigned packets;
	unsigned broken;
	unsigned by_record; /* packets, by why they went where they did */
	unsigned by_origin;
	unsigned by_fallback;
};

static inline bool usable(const struct site *site, uint32_t backend)
{
	return world_backend_usable(&site->world, backend);
}

/* ---- the packet ---------------------------------------------------------------------------------- */

static inline __u64 *entry_of(struct site *site, const struct flow *flow)
{
	size_t i = flow - site->flows;

	return &site->table[i / FLOWS_PER_BUCKET].entry[i % FLOWS_PER_BUCKET];
}

static inline __u32 slot_at(const struct site *site, uint64_t word, uint32_t hash32)
{
	uint32_t slot = (uint64_t)hash32 << SERVICE_WORD_LOG2(word) >> 32;

	return site->world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + slot];
}

static inline __u32 slot_of(const struct site *site, const struct flow *flow, uint64_t word)
{
	if (SERVICE_WORD_ALGORITHM(word) == ALGORITHM_SOURCE_HASH)
		return slot_at(site, word, mix(1, flow->source) >> 32);
	return slot_at(site, word, flow->hash); /* its low half is the signature here */
}

static inline int fallback(const struct site *site, const struct flow *flow, uint64_t word)
{
	uint64_t hash = flow->hash;

	for (int i = 0; i < 4; i++) {
		uint32_t backend;

		hash = mix(hash, i);
		backend = SLOT_CURRENT(slot_at(site, word, hash >> 32));
		if (usable(site, backend))
			return backend;
	}
	return -1;
}

static inline int turn(struct site *site, uint64_t word)
{
	uint32_t slot = site->turn++ & ((1u << SERVICE_WORD_LOG2(word)) - 1);
	__u32 found = site->world.slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK + slot];

	return usable(site, SLOT_CURRENT(found)) ? (int)SLOT_CURRENT(found) : -1;
}

static inline bool takes_turns(uint64_t word)
{
	return SERVICE_WORD_ALGORITHM(word) == ALGORITHM_ROUND_ROBIN ||
	       SERVICE_WORD_ALGORITHM(word) == ALGORITHM_WEIGHTED_ROUND_ROBIN;
}

static inline bool is_record_of(const struct site *site, __u64 entry, uint32_t service)
{
	return entry && site->world.backends[FLOW_BACKEND(entry)].service == service &&
	       usable(site, FLOW_BACKEND(entry));
}

/* Which backend, and whether it is recorded. */
static inline int choose(struct site *site, const struct flow *flow, uint32_t service, bool syn,
			 bool *ret_record)
{
	uint64_t word = site->world.services[service].word;
	bool tracked = SERVICE_WORD_TRACKING(word) == TRACKING_ALL;
	__u32 slot = slot_of(site, flow, word), current = SLOT_CURRENT(slot);
	bool new = flow->udp ? site->now_ns >= site->world.services[service].grace_until_ns : syn;
	__u64 entry = *entry_of(site, flow);
	int backend;

	*ret_record = !slot_is_settled(slot) || tracked || !usable(site, current);
	if (!*ret_record)
		return current;
	if (is_record_of(site, entry, service)) {
		site->by_record++;
		return FLOW_BACKEND(entry);
	}
	if (takes_turns(word) && new && (backend = turn(site, word)) >= 0)
		return backend;
	if (slot_is_moving(slot) && usable(site, SLOT_ORIGIN(slot)) && !new) {
		site->by_origin++;
		return SLOT_ORIGIN(slot);
	}
	if (usable(site, current)) {
		*ret_record = slot_is_moving(slot) || tracked;
		return current;
	}
	site->by_fallback++;
	return fallback(site, flow, word);
}

static inline int steer(struct site *site, struct flow *flow, bool syn)
{
	const struct target_service *target = &site->target.services[flow->service];
	const struct vip *vip =
		world_find_vip(&site->world, &target->vip, target->protocol, target->port_be);
	bool record;
	int backend;

	if (!vip || !(site->world.services[vip->service].word & SERVICE_WORD_LIVE))
		return -1;
	backend = choose(site, flow, vip->service, syn, &record);
	site->packets++;
	if (record && backend >= 0)
		*entry_of(site, flow) =
			FLOW_ENTRY((uint32_t)flow->hash, backend, site->now_ns >> FLOW_TICK_SHIFT,
				   FLOW_ESTABLISHED);
	return backend;
}

#endif
