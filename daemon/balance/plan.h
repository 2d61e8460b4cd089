/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - (what is, what shall be) -> the steps between. Pure.
 *
 * A `struct target` is the desired state without names and reasons: configuration, health, admin's
 * overrides and next hops folded into one. Services are matched with the world by VIP, backends by
 * (service, address).
 *
 * Order of the steps: what may fail first (the program when features are added, new VIPs' ICMP
 * entries); states of backends that are down; new objects in free space; slots (slot_before_up first
 * for a backend that comes back, then its state, then slot_change); the words that make new objects
 * visible; VIPs; what is taken away; the program when features fall away. Undone in reverse.
 *
 * A backend that left the target lingers as draining until plan_settle() finds that no slot and no
 * record names it. If nothing in a service is usable with a weight, its slots stay as they are.
 * A table only grows (doubling: new slot i inherits i >> 1).
 */
#ifndef SLUICE_PLAN_H
#define SLUICE_PLAN_H

#include "balance/scan.h"
#include "balance/world.h"
#include "base/error.h"

struct target_backend {
	struct address address;
	uint16_t weight; /* 0 when it shall get no new flows */
	enum backend_state state; /* up, draining, down */
	enum forward forward;
	union next_hop next_hop;
};

struct target_service {
	const char *name; /* borrowed; for errors */
	struct address vip;
	__be16 port_be; /* 0: any */
	uint8_t protocol;
	enum algorithm algorithm;
	uint8_t source_bits;
	enum tracking tracking;
	enum when_empty when_empty;
	uint32_t drain_ms;
	uint32_t udp_grace_ms;
	struct target_backend *backends; /* owned; weights below 65536 */
	size_t n_backends;
};

struct target {
	struct target_service *services; /* owned */
	size_t n_services;
	struct egress_entry egress[EGRESS_MAX];
	struct program_config program; /* features are computed by the plan */
};

void target_deinit(struct target *target);

/* What the plan does to one service, for diff and apply. */
struct plan_service {
	struct address vip;
	__be16 port_be;
	uint8_t protocol;
	uint32_t id;
	uint32_t slots;	      /* after */
	uint32_t slots_moved; /* that get another backend */
};

struct plan {
	struct step *steps; /* owned */
	size_t count;
	size_t allocated;
	struct plan_service *services; /* owned: those that it touches */
	size_t n_services;
};

void plan_deinit(struct plan *plan);

/* 0, or -ENOSPC with an error for each capacity that doesn't suffice. */
int plan_build(const struct world *world, const struct target *target, uint64_t now_ns,
	       struct plan *ret_plan, struct sl_errors *errors);

/*
 * After a whole scan: moving slots whose drain time is over, or whose origin isn't usable, become
 * tails; tails without a differing record are settled; backends that linger, named by nothing, are
 * freed.
 */
void plan_settle(const struct world *world, const struct target *target, const struct scan *scan,
		 uint64_t now_ns, struct plan *ret_plan);

#endif
