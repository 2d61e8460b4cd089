/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan.h - one walk over the flow table, in slices.
 *
 * Retires idle records by compare-and-swap, counts the others per backend, and marks slots that hold
 * a record naming another backend than `current`. The flow table is shared memory that the packet
 * path writes meanwhile: entries are read and swapped atomically, all else is the caller's.
 *
 * Records of a backend that is down stay and count: it may come back before the flow notices.
 */
#ifndef SLUICE_SCAN_H
#define SLUICE_SCAN_H

#include "balance/world.h"

struct scan_counts { /* of one backend */
	uint32_t unconfirmed;
	uint32_t established;
	uint32_t closing;
};

struct scan {
	struct scan_counts *backends; /* owned, [world size.backends] */
	uint64_t *differs;	      /* owned, one bit a slot; by scan_slot_differs() */
	uint32_t *named;	      /* owned, a service: what all records name, or below */
	uint32_t n_services;
	uint32_t n_backends;
	uint32_t n_slots;
	uint32_t next_bucket; /* where the next slice begins */
	uint64_t begun_ns;    /* of the walk */
	uint64_t records;     /* live ones seen */
	uint64_t retired;     /* idle ones taken out */
};

#define SCAN_NAMED_NONE	   0xffffffffu
#define SCAN_NAMED_SEVERAL 0xfffffffeu

void scan_init(struct scan *scan, const struct world_size *size);
void scan_deinit(struct scan *scan);

/* Starts a walk anew. */
void scan_begin(struct scan *scan, uint64_t now_ns);
/*
 * Walks up to `buckets` more buckets of a table of `n_buckets`; true when the walk is complete.
 * Idle limits come from world->program. A record of a backend that is free is retired, too.
 */
bool scan_slice(struct scan *scan, const struct world *world, struct flow_bucket *table,
		uint32_t n_buckets, uint32_t buckets, uint64_t now_ns);

/*
 * Whether a record of one of the slot's flows names another backend than `current`. Records of a
 * source-hash service don't tell their slot, so any of the service may be one.
 */
bool scan_slot_differs(const struct scan *scan, const struct world *world, uint32_t service,
		       uint32_t slot);

static inline uint32_t scan_records(const struct scan *scan, uint32_t backend)
{
	const struct scan_counts *counts = &scan->backends[backend];

	return counts->unconfirmed + counts->established + counts->closing;
}

#endif
