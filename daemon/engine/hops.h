/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hops.h - next hops by the addresses that are watched, and the egress entries that they name. Pure.
 *
 * An egress entry is three fields that packets read together, so it is never rewritten in place: a
 * new one takes its part, and the old index is given out again only after a grace period.
 */
#ifndef SLUICE_HOPS_H
#define SLUICE_HOPS_H

#include "balance/plan.h"

#include <stdbool.h>
#include <stddef.h>

struct hops {
	struct target_hop *list; /* owned, sorted by address_compare() */
	size_t count;
	struct egress_entry egress[EGRESS_MAX];
	bool held[EGRESS_MAX]; /* named by nothing, but perhaps still being read */
};

void hops_deinit(struct hops *hops);

/*
 * Sets the next hop of an address; true if that changed it. When all egress entries are in use the
 * address stays unresolved, and the packet path asks the kernel.
 */
bool hops_set(struct hops *hops, const struct address *address, const struct egress_entry *egress,
	      const __u8 mac[6]);
/* No way is known any more. */
bool hops_clear(struct hops *hops, const struct address *address);
/* After a restart: what a map entry said. */
void hops_adopt(struct hops *hops, const struct address *address, union next_hop next_hop);

/* Forgets all other addresses than these, which are sorted by address_compare(). */
void hops_keep(struct hops *hops, const struct address *addresses, size_t count);

/* A grace period has passed since `covered` was a copy of `held`. */
void hops_release(struct hops *hops, const bool covered[EGRESS_MAX]);

#endif
