/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * select.h - which backend, where the slot alone can't say.
 *
 * In this order: the flow's record; the next in turn (a new flow of a round-robin service); the slot's
 * origin, for flows older than the move; the slot's current backend; another candidate. The invariant
 * that this keeps, together with the daemon's rules for changing slots: every live flow without a record
 * belongs to origin while the slot moves, and to current otherwise.
 *
 * Map keys are copied out of the packet first: 6.1 refuses a key in a global function's argument.
 */
#ifndef SLUICE_STAGES_SELECT_H
#define SLUICE_STAGES_SELECT_H

#include "maps.h"
#include "packet.h"
#include "stages/slot.h"

#define SELECT_TRIES	    4
#define SELECT_ACTIVE_TICKS 2 /* about 10 s */

/*
 * Does the packet belong to the flow whose record was found? All but a SYN do. A SYN may be a repeated
 * one, or sent by somebody else to move the flow; or the flow is over, perhaps was never answered, and
 * its ports are used again. Nobody can tell, so it follows where that does no harm: to a backend that
 * takes new flows, or for as long as a SYN may be repeated.
 */
static __always_inline bool select_follows(const struct packet *p)
{
	__u32 state = FLOW_STATE(p->record), id = FLOW_BACKEND(p->record);
	__u32 now = (p->now_ns >> FLOW_TICK_SHIFT) & FLOW_TICK_MASK;
	__u32 backend_state = slot_backend_state(p, id);

	if (!p->record || !BACKEND_USABLE(backend_state))
		return false;
	if (!packet_is_syn(p))
		return true;
	if (state == FLOW_CLOSING)
		return false;
	return backend_state == BACKEND_UP ||
	       flow_idle_ticks(p->record, now) <= SELECT_ACTIVE_TICKS;
}

/* Is a flow without a record older than the move of its slot? UDP can't tell, but for a while. */
static __always_inline bool select_is_older(const struct packet *p)
{
	__u32 service = p->service;
	const struct service_entry *entry;

	if (p->protocol == IPPROTO_TCP)
		return !packet_is_syn(p);
	entry = bpf_map_lookup_elem(&services, &service);
	return entry && p->now_ns < *(const volatile __u64 *)&entry->grace_until_ns;
}

/* Does the flow go by turn? An older one's hash tells all nodes alike. */
static __always_inline bool select_by_turn(const struct packet *p)
{
	__u32 algorithm = SERVICE_WORD_ALGORITHM(p->service_word);

	return FEATURE(TURNS) &&
	       (algorithm == ALGORITHM_ROUND_ROBIN ||
		algorithm == ALGORITHM_WEIGHTED_ROUND_ROBIN) &&
	       !select_is_older(p);
}

static __always_inline void select_turn(struct packet *p)
{
	__u32 service = p->service, next = 0;
	struct turn *turn = bpf_map_lookup_elem(&turns, &service);

	if (turn)
		next = read_only ? *(const volatile __u32 *)&turn->next
				 : __sync_fetch_and_add(&turn->next, 1);
	p->slot = next & (slot_count(p) - 1);
	p->slot_word = slot_read(p, p->slot);
}

/* Another candidate for a packet whose backend is dead and not yet replaced. */
static __always_inline bool select_fallback(struct packet *p)
{
	__u32 hash = p->hash >> 32, id;
	int i;

	for (i = 0; i < SELECT_TRIES; i++) {
		hash = (hash ^ hash >> 15) * 0x2c1b3c6du + 0x9e3779b9u;
		id = SLOT_CURRENT(slot_read(p, slot_of_hash(p, hash)));
		if (!slot_backend_usable(p, id))
			continue;
		p->backend = id;
		p->choice = CHOICE_FALLBACK;
		return true;
	}
	return false;
}

/* No backend. A reset is never answered with one. */
static __always_inline enum verdict select_none(const struct packet *p)
{
	switch (SERVICE_WORD_WHEN_EMPTY(p->service_word)) {
	case WHEN_EMPTY_RESET:
		return p->tcp_flags & TCP_RST ? VERDICT_NO_BACKEND_DROP : VERDICT_NO_BACKEND_RESET;
	case WHEN_EMPTY_ICMP: return VERDICT_NO_BACKEND_ICMP;
	case WHEN_EMPTY_PASS: return VERDICT_NO_BACKEND_PASS;
	default: return VERDICT_NO_BACKEND_DROP;
	}
}

COLD int select_backend(struct packet *p)
{
	__u32 current, origin, choice = CHOICE_CURRENT;

	if (!p)
		return VERDICT_INTERNAL;
	if (select_follows(p)) {
		p->backend = FLOW_BACKEND(p->record);
		p->choice = CHOICE_RECORD;
		return VERDICT_CONTINUE;
	}
	if (select_by_turn(p)) {
		select_turn(p);
		choice = CHOICE_TURN;
	}
	current = SLOT_CURRENT(p->slot_word);
	origin = SLOT_ORIGIN(p->slot_word);
	if (choice != CHOICE_TURN && origin != current && slot_backend_usable(p, origin) &&
	    select_is_older(p)) {
		p->backend = origin;
		p->choice = CHOICE_ORIGIN;
	} else if (slot_backend_usable(p, current)) {
		p->backend = current;
		p->choice = choice;
	} else if (!select_fallback(p)) {
		return select_none(p);
	}
	return VERDICT_CONTINUE;
}

static __always_inline enum verdict stage_select(struct packet *p)
{
	return p->choice == CHOICE_SETTLED ? VERDICT_CONTINUE : select_backend(p);
}

#endif
