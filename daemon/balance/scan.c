/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/scan.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void scan_init(struct scan *scan, const struct world_size *size)
{
	*scan = (struct scan){
		.backends = sl_calloc(size->backends, sizeof(*scan->backends)),
		.differs = sl_calloc((size_t)size->chunks * SLOTS_PER_CHUNK / 64 + 1,
				     sizeof(*scan->differs)),
		.named = sl_calloc(size->services, sizeof(*scan->named)),
		.n_services = size->services,
		.n_backends = size->backends,
		.n_slots = size->chunks * SLOTS_PER_CHUNK,
	};
	scan_begin(scan, 0);
}

void scan_deinit(struct scan *scan)
{
	free(scan->backends);
	free(scan->differs);
	free(scan->named);
	*scan = (struct scan){};
}

void scan_begin(struct scan *scan, uint64_t now_ns)
{
	memset(scan->backends, 0, scan->n_backends * sizeof(*scan->backends));
	memset(scan->differs, 0, (scan->n_slots / 64 + 1) * sizeof(*scan->differs));
	memset(scan->named, 0xff, scan->n_services * sizeof(*scan->named));
	scan->next_bucket = 0;
	scan->begun_ns = now_ns;
	scan->records = scan->retired = 0;
}

static bool is_expired(const struct world *world, uint64_t entry, uint32_t tick)
{
	uint32_t backend = FLOW_BACKEND(entry), idle = flow_idle_ticks(entry, tick);

	if (backend >= world->size.backends || world->backends[backend].state == BACKEND_FREE)
		return true;
	switch (FLOW_STATE(entry)) {
	case FLOW_UNCONFIRMED: return idle >= world->program.idle_unconfirmed_ticks;
	case FLOW_ESTABLISHED: return idle >= world->program.idle_established_ticks;
	case FLOW_CLOSING: return idle >= world->program.idle_closing_ticks;
	default: return true;
	}
}

static void count(struct scan *scan, uint64_t entry)
{
	struct scan_counts *counts = &scan->backends[FLOW_BACKEND(entry)];

	scan->records++;
	if (FLOW_STATE(entry) == FLOW_UNCONFIRMED)
		counts->unconfirmed++;
	else if (FLOW_STATE(entry) == FLOW_ESTABLISHED)
		counts->established++;
	else
		counts->closing++;
}

static void mark(struct scan *scan, const struct world *world, uint64_t entry)
{
	uint32_t backend = FLOW_BACKEND(entry), service = world->backends[backend].service, slot;
	uint64_t word;

	if (service >= scan->n_services)
		return;
	word = world->services[service].word;
	if (!(word & SERVICE_WORD_LIVE))
		return;
	if (scan->named[service] == SCAN_NAMED_NONE)
		scan->named[service] = backend;
	else if (scan->named[service] != backend)
		scan->named[service] = SCAN_NAMED_SEVERAL;
	slot = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK +
	       ((uint64_t)FLOW_SIGNATURE(entry) << SERVICE_WORD_LOG2(word) >> 32);
	if (SLOT_CURRENT(world->slots[slot]) != backend)
		scan->differs[slot / 64] |= 1ull << slot % 64;
}

static void visit(struct scan *scan, const struct world *world, __u64 *place, uint32_t tick)
{
	__u64 entry = __atomic_load_n(place, __ATOMIC_RELAXED);

	/* A swap that fails has read what the packet path wrote meanwhile. */
	while (entry && is_expired(world, entry, tick))
		if (__atomic_compare_exchange_n(place, &entry, 0, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			scan->retired++;
			return;
		}
	if (!entry)
		return;
	count(scan, entry);
	mark(scan, world, entry);
}

bool scan_slice(struct scan *scan, const struct world *world, struct flow_bucket *table,
		uint32_t n_buckets, uint32_t buckets, uint64_t now_ns)
{
	uint32_t tick = now_ns >> FLOW_TICK_SHIFT;

	for (; buckets && scan->next_bucket < n_buckets; buckets--, scan->next_bucket++)
		for (int i = 0; i < FLOWS_PER_BUCKET; i++)
			visit(scan, world, &table[scan->next_bucket].entry[i], tick);
	return scan->next_bucket >= n_buckets;
}

bool scan_slot_differs(const struct scan *scan, const struct world *world, uint32_t service,
		       uint32_t slot)
{
	uint64_t word = world->services[service].word;

	if (SERVICE_WORD_ALGORITHM(word) == ALGORITHM_SOURCE_HASH)
		return scan->named[service] != SCAN_NAMED_NONE &&
		       scan->named[service] != SLOT_CURRENT(world->slots[slot]);
	return scan->differs[slot / 64] >> slot % 64 & 1;
}
