/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - (what is, what shall be) -> the steps between. Pure.
 *
 * A `struct target` is the desired state without names and reasons: configuration, health, admin's
 * overrides and next hops folded into one. Services are matched with the world by VIP, backends by
 * (service, address).
 *
 * Order of the steps: the program, if features are added; interfaces; new services, whole, up to
 * their VIPs, in space that no packet reads; states; next hops, of backends that linger as well; then each
 * service that changes: new backends, slots of backends that come back and then their states, grace,
 * slots (or a larger table), word; then what is taken away; the program, if features fall away. So what may fail for want of
 * memory comes before the first slot moves. Undone in reverse.
 *
 * Any beginning of a plan is sound: a VIP names a service that lives or none, and slots name backends of
 * their own service. So a daemon may be killed in the middle, and an undo may get stuck.
 *
 * Slots go to backends that are up and have a weight (round-robin: any weight counts as one). If a
 * service has none such, its slots stay as they are. If it waits, slots that nobody ever had stay
 * without an owner, so that they don't change hands as its backends come up one by one; later they are
 * settled at once. A backend that left the target lingers as
 * draining (or down) until plan_settle() finds that no slot and no record names it. A backend with
 * another `forward` is another backend: flows keep the way they began with.
 *
 * A table only grows (by doubling: new slot i inherits i >> 1). A change to or from source-hash, or of
 * its bits, changes which slot a flow looks at: nothing can keep its flows, and all slots are reported
 * as moved. A service that ceases to track all flows gets tails for settled slots, since its flows lie
 * where their records say; one that begins to take turns gets a UDP grace, in which packets without a
 * record are taken for older flows'.
 */
#ifndef SLUICE_PLAN_H
#define SLUICE_PLAN_H

#include "balance/scan.h"
#include "balance/world.h"
#include "base/error.h"

struct target_backend {
	struct address address;
	uint16_t weight;	  /* 0 when it shall get no new flows */
	enum backend_state state; /* up, draining, down */
	enum forward forward;
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
	enum service_mode mode;
	struct target_backend *backends; /* owned; (address, forward) is unique */
	size_t n_backends;
	bool waits; /* for news of its backends: slots that nobody has stay so */
};

/* How an address is reached. Of the address alone: backends that linger are reached, too. */
struct target_hop {
	struct address address;
	union next_hop next_hop; /* word 0: unresolved */
};

struct target {
	struct target_service *services; /* owned; (vip, protocol, port) is unique */
	size_t n_services;
	struct target_hop
		*hops; /* owned, sorted by address_compare(); those that lack are unresolved */
	size_t n_hops;
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
	uint32_t slots;	      /* after; 0: the service goes */
	uint32_t slots_moved; /* whose flows to come get another backend */
};

struct plan {
	struct step *steps; /* owned */
	size_t count;
	size_t allocated;
	struct plan_service *services; /* owned: those that come, go, or whose slots change */
	size_t n_services;
};

void plan_deinit(struct plan *plan);

/* 0, or -ENOSPC with an error for each capacity that doesn't suffice, and *ret_plan untouched. */
int plan_build(const struct world *world, const struct target *target, uint64_t now_ns,
	       struct plan *ret_plan, struct sl_errors *errors);

/*
 * After a whole scan: moving slots whose drain time is over, or whose origin isn't usable, become
 * tails; tails without a differing record are settled; backends that linger, named by nothing, are
 * freed. What changed after the scan began is left for the next one.
 */
void plan_settle(const struct world *world, const struct target *target, const struct scan *scan,
		 uint64_t now_ns, struct plan *ret_plan);

#endif
