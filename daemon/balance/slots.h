/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slots.h - the life of one slot word (abi.h), as pure functions from word to word.
 *
 * Invariant, over all of a slot's history: every live flow without a record belongs to `origin`
 * while the slot is moving, and to `current` otherwise. Live means: it speaks at least once a drain
 * time (TCP) or UDP grace.
 *
 *            change            drain time over, or origin dies       no record differs
 *   settled --------> moving ----------------------------------> tail ----------------> settled
 *                       |  ^  change: current replaced,            |  ^
 *                       '--'  back to origin: tail                 '--'  change: moving, origin = current
 */
#ifndef SLUICE_SLOTS_H
#define SLUICE_SLOTS_H

#include "sluice/abi.h"

#include <stdbool.h>

/* Whether a backend may carry flows: up or draining. */
typedef bool slot_usable_fn(const void *context, __u16 backend);

static inline bool slot_is_settled(__u32 word)
{
	return SLOT_ORIGIN(word) == SLOT_CURRENT(word);
}

static inline bool slot_is_tail(__u32 word)
{
	return SLOT_ORIGIN(word) == SLOT_NONE && SLOT_CURRENT(word) != SLOT_NONE;
}

static inline bool slot_is_moving(__u32 word)
{
	return !slot_is_settled(word) && SLOT_ORIGIN(word) != SLOT_NONE;
}

/* The plan gives the slot to `backend`. A slot that had no backend is settled at once. */
__u32 slot_change(__u32 word, __u16 backend, slot_usable_fn *usable, const void *context);
/* To be written before the state byte of `backend` says usable again. */
__u32 slot_before_up(__u32 word, __u16 backend);
/* The drain time since the slot moved is over, or its origin isn't usable any more. */
__u32 slot_drained(__u32 word);
/* A whole scan found no record in the tail that differs from `current`, which was usable all along. */
__u32 slot_settle(__u32 word);

#endif
