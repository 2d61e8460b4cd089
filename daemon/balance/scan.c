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

/* ---- the walk ------------------------------------------------------------------------------------- */

/*
 * A record leads to its backend, that to its service, that to its slot: lines of memory that few records
 * share. So records are taken in batches, one leg of the way after the other, and each leg asks for the
 * lines of the next. Nothing branches on what differs from record to record.
 */
#define BATCH_BUCKETS 16
#define BATCH	      (BATCH_BUCKETS * FLOWS_PER_BUCKET)
#define NO_SLOT	      0xffffffffu

struct batch {
	const struct world *world;
	uint32_t tick;
	uint32_t limits
		[16]; /* by enum flow_state: idle ticks of an expired record; 0 for no state */
	uint32_t count;
	__u64 *places[BATCH];
	__u64 entries[BATCH];
	uint32_t slots[BATCH]; /* NO_SLOT: the record doesn't tell */
};

static inline bool is_expired(const struct batch *batch, uint64_t entry)
{
	const struct world *world = batch->world;
	uint32_t backend = FLOW_BACKEND(entry);

	if (backend >= world->size.backends)
		return true;
	return (flow_idle_ticks(entry, batch->tick) >= batch->limits[FLOW_STATE(entry)]) |
	       (world->backends[backend].state == BACKEND_FREE);
}

/* The records of some buckets, one after the other. */
static void collect(struct batch *batch, const struct scan *scan, struct flow_bucket *buckets,
		    uint32_t count)
{
	__u64 *place = buckets->entry;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count * FLOWS_PER_BUCKET; i++, place++) {
		__u64 entry = __atomic_load_n(place, __ATOMIC_RELAXED);
		uint32_t named = FLOW_BACKEND(entry);
		uint32_t backend = named < scan->n_backends ? named : 0;

		batch->places[n] = place;
		batch->entries[n] = entry;
		__builtin_prefetch(&batch->world->backends[backend]);
		__builtin_prefetch(&scan->backends[backend], 1);
		n += entry != 0;
	}
	batch->count = n;
}

/* Takes a record out, unless the packet path makes a live one of it. Returns what stands there. */
static __u64 retire(struct scan *scan, const struct batch *batch, __u64 *place, __u64 entry)
{
	/* A swap that fails has read what the packet path wrote meanwhile. */
	while (entry && is_expired(batch, entry))
		if (__atomic_compare_exchange_n(place, &entry, 0, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			scan->retired++;
			return 0;
		}
	return entry;
}

/* Takes idle records out of the table and out of the batch. */
static void retire_idle(struct scan *scan, struct batch *batch)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		__u64 entry = batch->entries[i];

		if (__builtin_expect(is_expired(batch, entry), 0))
			entry = retire(scan, batch, batch->places[i], entry);
		batch->entries[n] = entry;
		n += entry != 0;
	}
	batch->count = n;
}

static void count(struct scan *scan, uint64_t entry)
{
	struct scan_counts *counts = &scan->backends[FLOW_BACKEND(entry)];

	counts->unconfirmed += FLOW_STATE(entry) == FLOW_UNCONFIRMED;
	counts->established += FLOW_STATE(entry) == FLOW_ESTABLISHED;
	counts->closing += FLOW_STATE(entry) == FLOW_CLOSING;
}

static void name(struct scan *scan, uint32_t service, uint32_t backend)
{
	if (scan->named[service] == SCAN_NAMED_NONE)
		scan->named[service] = backend;
	else if (scan->named[service] != backend)
		scan->named[service] = SCAN_NAMED_SEVERAL;
}

/* The slot of a record, where it tells; if not, what the service's records name. */
static uint32_t find_slot(struct scan *scan, const struct world *world, uint64_t entry)
{
	uint32_t backend = FLOW_BACKEND(entry), service = world->backends[backend].service;
	uint64_t word = service < scan->n_services ? world->services[service].word : 0;

	if (!(word & SERVICE_WORD_LIVE))
		return NO_SLOT;
	if (SERVICE_WORD_ALGORITHM(word) == ALGORITHM_SOURCE_HASH) {
		name(scan, service, backend);
		return NO_SLOT;
	}
	return SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK +
	       ((uint64_t)FLOW_SIGNATURE(entry) << SERVICE_WORD_LOG2(word) >> 32);
}

static void find_slots(struct scan *scan, struct batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		uint32_t slot = find_slot(scan, batch->world, batch->entries[i]);

		batch->slots[i] = slot;
		if (slot == NO_SLOT)
			continue;
		__builtin_prefetch(&batch->world->slots[slot]);
		__builtin_prefetch(&scan->differs[slot / 64], 1);
	}
}

static void count_and_mark(struct scan *scan, const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		uint64_t entry = batch->entries[i], differs;
		uint32_t slot = batch->slots[i];

		count(scan, entry);
		if (slot == NO_SLOT)
			continue;
		differs = SLOT_CURRENT(batch->world->slots[slot]) != FLOW_BACKEND(entry);
		scan->differs[slot / 64] |= differs << slot % 64;
	}
	scan->records += batch->count;
}

bool scan_slice(struct scan *scan, const struct world *world, struct flow_bucket *table,
		uint32_t n_buckets, uint32_t buckets, uint64_t now_ns)
{
	struct batch batch = {
		.world = world,
		.tick = now_ns >> FLOW_TICK_SHIFT,
		.limits = {[FLOW_UNCONFIRMED] = world->program.idle_unconfirmed_ticks,
			   [FLOW_ESTABLISHED] = world->program.idle_established_ticks,
			   [FLOW_CLOSING] = world->program.idle_closing_ticks},
	};
	uint32_t n;

	for (; buckets && scan->next_bucket < n_buckets; buckets -= n, scan->next_bucket += n) {
		n = n_buckets - scan->next_bucket;
		n = n < buckets ? n : buckets;
		n = n < BATCH_BUCKETS ? n : BATCH_BUCKETS;
		collect(&batch, scan, &table[scan->next_bucket], n);
		retire_idle(scan, &batch);
		find_slots(scan, &batch);
		count_and_mark(scan, &batch);
	}
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
