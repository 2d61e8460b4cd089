/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maglev.h - who owns which slot: the tables behind the algorithms. Pure.
 *
 * maglev_fill: Maglev (Eisenbud et al., NSDI 2016, section 3.4) on a power of two of slots with odd
 * skips. Each backend gets its exact share, slots * weight / sum rounded by largest remainder, and
 * takes slots in the order of its permutation, so a change of the set moves few others. The
 * permutation comes from the backend's address, not from its id: nodes with one configuration agree.
 *
 * turns_fill: the same shares in smooth weighted order, for round robin: any beginning of the table
 * has less than one turn too many or too few of any backend. (nginx's algorithm gives nearly this, but
 * takes slots * backends steps.)
 *
 * The outcome depends neither on the order of the backends nor on their ids.
 */
#ifndef SLUICE_MAGLEV_H
#define SLUICE_MAGLEV_H

#include "base/address.h"
#include "sluice/abi.h"

#include <stddef.h>

struct maglev_backend {
	struct address address;
	__u32 weight; /* below 65536; 0: gets no slot */
	__u16 id;     /* what is written into the table */
};

/* Slots a backend, summing to `slots`; by largest remainder, ties by order. Sum of weights > 0. */
void maglev_shares(const struct maglev_backend *backends, size_t count, __u32 slots,
		   __u32 *ret_shares);
/* `slots` is a power of two up to 2^SLOT_LOG2_MAX. Addresses are unique, weights not all 0. */
void maglev_fill(const struct maglev_backend *backends, size_t count, __u32 slots,
		 __u16 *ret_table);
void turns_fill(const struct maglev_backend *backends, size_t count, __u32 slots, __u16 *ret_table);

/* log2 of the slots for a service of so many backends: about a hundred a backend, SLOT_LOG2_MIN to
 * SLOT_LOG2_MAX, so that weights are exact to 1% and few slots move. */
__u32 maglev_log2(size_t backends);

#endif
