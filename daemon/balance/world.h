/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - what the maps hold, in ordinary memory, and the little they don't hold.
 *
 * The engine keeps one world equal to the maps: each step goes to the maps and then, by
 * world_apply(), to the world. After a restart dataplane_read() fills it. Pure.
 *
 * What is given back can't be given out at once: packets may still be reading it (until a grace
 * period is over), and flow records may name a backend (until a whole scan found none). That is a
 * `hold`: world_apply() sets it when a thing becomes free and clears it when one is taken (which
 * only an inverse does to a held one); the engine lifts it when the time has come.
 *
 * The id of a service is in use as long as its word is live or a VIP names it: a VIP that could not be
 * taken away must never steer into another service.
 *
 * A chunk is in use if the table of a live service covers it.
 */
#ifndef SLUICE_WORLD_H
#define SLUICE_WORLD_H

#include "balance/step.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world_size {
	uint32_t services; /* ids, id 0 included */
	uint32_t backends;
	uint32_t chunks; /* 16 slots each */
};

/* Bits: an id may be given out again when it is free and none is set. */
enum hold {
	HOLD_GRACE = 1, /* a grace period must pass */
	HOLD_SCAN = 2,	/* backends: a whole scan must find no record naming it */
};

struct world {
	struct world_size size;
	/* as in the maps */
	struct service_entry *services; /* owned, [size.services] */
	struct backend_entry *backends; /* owned, [size.backends] */
	__u32 *slots;			/* owned, [size.chunks * SLOTS_PER_CHUNK] */
	struct egress_entry egress[EGRESS_MAX];
	struct vip *vips; /* owned, sorted by address, protocol, port */
	size_t n_vips;
	struct program_config program; /* what is loaded, as far as is known */
	/*
	 * False before the first program, and after one that failed: told too late, it may run all the
	 * same. The next plan loads one, whatever `program` says.
	 */
	bool program_known;
	/* beside them */
	struct service_note *notes; /* owned, [size.services] */
	uint32_t *slot_since;	 /* owned, WORLD_SINCE: when the slot last became moving or tail */
	uint32_t *backend_since; /* owned: when its state changed, or a slot ceased to name it */
	uint8_t *service_hold;	 /* owned, enum hold bits; and so below */
	uint8_t *backend_hold;
	uint8_t *chunk_hold;
};

/* Units of 2^28 ns: a quarter of a second, no wrap in 36 years. */
#define WORLD_SINCE_SHIFT 28
#define WORLD_SINCE(ns)	  ((uint32_t)((ns) >> WORLD_SINCE_SHIFT))

void world_init(struct world *world, struct world_size size);
void world_deinit(struct world *world);

/* The step must fit: `before` is what stands there (asserted). */
void world_apply(struct world *world, const struct step *step, uint64_t now_ns);

/* After a read from the maps (tables within size.chunks): every hold on all that is not in use, since is now. */
void world_adopt(struct world *world, uint64_t now_ns);

/* Whether all that the maps hold is equal; holds, notes and times are not compared. */
bool world_equal(const struct world *a, const struct world *b);

const struct vip *world_find_vip(const struct world *world, const struct address *address,
				 __u8 protocol, __be16 port_be);
/* By (address, protocol, port), as world->vips is sorted. */
int vip_compare(const struct vip *a, const struct vip *b);

/*
 * The id of a service's backend that isn't free, or -1. Another way to forward is another backend:
 * flows keep the one they began with. Linear.
 */
int world_find_backend(const struct world *world, uint32_t service, const struct address *address,
		       enum forward forward);
struct address world_backend_address(const struct backend_entry *backend);

static inline bool world_backend_usable(const struct world *world, uint32_t backend)
{
	return backend < world->size.backends && BACKEND_USABLE(world->backends[backend].state);
}

/* Chunks in the table of a service word, 0 if it isn't live. */
static inline uint32_t service_word_chunks(uint64_t word)
{
	return word & SERVICE_WORD_LIVE ? (1u << SERVICE_WORD_LOG2(word)) / SLOTS_PER_CHUNK : 0;
}

/*
 * A checksum over services, their slots by backend address, and states: equal on nodes that agree, as
 * soon as no backend lingers.
 */
uint64_t world_digest(const struct world *world);

#endif
