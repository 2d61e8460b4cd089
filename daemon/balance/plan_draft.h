/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_draft.h - which id each thing of a target has, or gets. Of plan*.c alone.
 */
#ifndef SLUICE_PLAN_DRAFT_H
#define SLUICE_PLAN_DRAFT_H

#include "balance/plan.h"

#define DRAFT_NO_ID 0xffffffffu

/* A service of the target and its place in the world. */
struct placement {
	const struct target_service *target;
	struct vip vip;	    /* as it shall be */
	uint32_t id;	    /* or DRAFT_NO_ID */
	uint64_t word;	    /* as it shall be */
	bool is_new;	    /* not live in the world */
	uint32_t *backends; /* borrowed: ids in the target's order, or DRAFT_NO_ID */
};

struct draft {
	const struct world *world;
	const struct target *target;
	uint64_t now_ns;
	struct placement *placements; /* owned, by VIP; as many as the target's services */
	uint32_t *ids;		      /* owned: what placements[].backends point into */
	bool *service_named;	      /* owned, [size.services]: by a VIP of the world */
	bool *vip_wanted;	      /* owned, [world n_vips] */
	bool *service_wanted;	      /* owned, [size.services] */
	bool *backend_wanted;	      /* owned, [size.backends]: in the target, not lingering */
	uint8_t *state; /* owned, [size.backends]: enum backend_state, as it shall be */
	/* allocation */
	uint8_t *chunk_used; /* owned; NULL until asked for */
	uint32_t next_service;
	uint32_t next_backend;
	uint32_t next_chunk;
	struct world_size missing;
};

/* Finds what is there already; backends that the target doesn't name linger or become free. */
void draft_init(struct draft *draft, const struct world *world, const struct target *target,
		uint64_t now_ns);
void draft_deinit(struct draft *draft);
/* Gives ids and chunks to what is new, and finds every word. -ENOSPC with errors. */
int draft_allocate(struct draft *draft, struct sl_errors *errors);

/* Whether packets for the VIP's address are ours, and not only looked at. */
bool draft_is_ours(const struct placement *placement);

/* ICMP for an address's family. */
struct vip draft_icmp_vip(const struct address *address);

/* A slot_usable_fn: by the states that shall be. */
bool draft_usable(const void *draft, __u16 backend);
/* Whether a backend that carries no flows now shall carry them again. */
bool draft_comes_back(const struct draft *draft, uint32_t backend);

/* A zeroed step at the end of the plan. */
struct step *plan_add(struct plan *plan, enum step_kind kind, uint32_t index);
void plan_add_service(struct plan *plan, const struct vip *vip, uint32_t slots, uint32_t moved);

/* ---- plan_table.c: the slots of one service ------------------------------------------------------- */

/* Chunks, note and word of a service that isn't live. */
void table_create(const struct draft *draft, const struct placement *placement, struct plan *plan);
/* Slots (or chunks, where the table grows), states of backends that come back, word and note. */
void table_update(const struct draft *draft, const struct placement *placement, struct plan *plan);

#endif
