/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * flow.h - the packet's slot, and the flow table: asked before the backend is chosen, told after.
 *
 * stage_flow finds the slot. Where it is settled and its backend usable, that is all: no state is read.
 * Else the table is searched, both buckets of the flow at once: for its record, and on the way for the
 * place that a new one would take. stage_record then keeps the record, or begins one.
 *
 * Many CPUs claim at once, without locks. A claim is one compare-and-swap from what the search saw; if
 * it fails, somebody else was there: search again. If it succeeds, another CPU may have recorded the
 * same flow in another place meanwhile, so look once more: of two records the one in the lowest place
 * stands. Whoever sees both removes the other, so none is left behind whichever looked last.
 */
#ifndef SLUICE_STAGES_FLOW_H
#define SLUICE_STAGES_FLOW_H

#include "hash.h"
#include "maps.h"
#include "packet.h"
#include "stages/slot.h"

/* Places are numbered through both buckets of a flow; every CPU numbers them alike. */
#define FLOW_PLACES   (2 * FLOWS_PER_BUCKET)
#define FLOW_NO_PLACE FLOW_PLACES
#define FLOW_TRIES    4

static __always_inline void flow_count(enum flow_event event)
{
	__u32 index = event;
	__u64 *counter = bpf_map_lookup_elem(&flow_events, &index);

	if (counter)
		*counter += 1;
}

static __always_inline __u32 flow_now(const struct packet *p)
{
	return (p->now_ns >> FLOW_TICK_SHIFT) & FLOW_TICK_MASK;
}

static __always_inline struct flow_bucket *flow_bucket(const struct packet *p, __u32 which)
{
	__u32 number = ((__u32)p->hash & flow_buckets_mask) ^ (which & flow_buckets_mask);

	return bpf_map_lookup_elem(&flows, &number);
}

static __always_inline __u64 *flow_entry(const struct packet *p, __u32 place)
{
	struct flow_bucket *bucket = flow_bucket(p, place / FLOWS_PER_BUCKET);

	return bucket ? &bucket->entry[place % FLOWS_PER_BUCKET] : NULL;
}

static __always_inline __u64 flow_read(const __u64 *entry)
{
	return *(const volatile __u64 *)entry;
}

/* A backend id is one service's: a record with another's is another service's flow. */
static __always_inline bool flow_is(const struct packet *p, __u64 record)
{
	__u32 id = FLOW_BACKEND(record);
	const struct backend_entry *backend;

	if (FLOW_STATE(record) == FLOW_EMPTY || FLOW_SIGNATURE(record) != (__u32)(p->hash >> 32))
		return false;
	backend = bpf_map_lookup_elem(&backends, &id);
	return backend && backend->service == p->service;
}

static __always_inline bool flow_expired(__u64 record, __u32 now_tick)
{
	__u32 limit = FLOW_STATE(record) == FLOW_UNCONFIRMED ? config.idle_unconfirmed_ticks
		      : FLOW_STATE(record) == FLOW_CLOSING   ? config.idle_closing_ticks
							     : config.idle_established_ticks;

	return flow_idle_ticks(record, now_tick) > limit;
}

/*
 * What it costs to put a new record in an entry's place: nothing where it is empty or expired; among
 * unconfirmed ones the longest idle are cheapest. New records are never confirmed, so nothing buys the
 * place of a confirmed one: a flood can't push out established flows, whatever packets it is made of.
 */
#define FLOW_COST_FREE 0
#define FLOW_COST_KEEP (FLOW_TICK_MASK + 2)

static __always_inline __u32 flow_cost(__u64 record, __u32 now_tick)
{
	if (FLOW_STATE(record) == FLOW_EMPTY || flow_expired(record, now_tick))
		return FLOW_COST_FREE;
	if (FLOW_STATE(record) != FLOW_UNCONFIRMED)
		return FLOW_COST_KEEP;
	return 1 + FLOW_TICK_MASK - flow_idle_ticks(record, now_tick);
}

/* Fills in record and place, or, where there is no record, place and victim. */
COLD int flow_search(struct packet *p)
{
	__u32 best = FLOW_COST_KEEP, which, i, cost;
	struct flow_bucket *bucket;
	__u64 entry;

	if (!p)
		return 0;
	p->record = 0;
	p->place = FLOW_NO_PLACE;
	for (which = 0; which < 2; which++) {
		bucket = flow_bucket(p, which);
		if (!bucket)
			return 0;
		for (i = 0; i < FLOWS_PER_BUCKET; i++) {
			entry = flow_read(&bucket->entry[i]);
			cost = flow_cost(entry, flow_now(p));
			if (flow_is(p, entry)) {
				p->record = entry;
				p->place = which * FLOWS_PER_BUCKET + i;
				return 0;
			}
			if (cost < best) {
				best = cost;
				p->place = which * FLOWS_PER_BUCKET + i;
				p->victim = entry;
			}
		}
	}
	return 0;
}

/* Which way the flow of a found record went: the packet follows, if it can. */
static __always_inline void flow_follow(struct packet *p)
{
	if (!slot_backend_usable(p, FLOW_BACKEND(p->record)))
		return;
	p->backend = FLOW_BACKEND(p->record);
	p->choice = CHOICE_RECORD;
}

/* The other record of a flow that has one in this place already: its place, or FLOW_NO_PLACE. */
COLD int flow_find_other(const struct packet *p)
{
	struct flow_bucket *bucket;
	__u32 which, i, place;

	if (!p)
		return FLOW_NO_PLACE;
	for (which = 0; which < 2; which++) {
		bucket = flow_bucket(p, which);
		if (!bucket)
			break;
		for (i = 0; i < FLOWS_PER_BUCKET; i++) {
			place = which * FLOWS_PER_BUCKET + i;
			if (place != p->place && flow_is(p, flow_read(&bucket->entry[i])))
				return place;
		}
	}
	return FLOW_NO_PLACE;
}

/* The last look of a claim that succeeded: is there another record of this flow? */
COLD int flow_look_again(struct packet *p)
{
	__u64 *own, *other, seen;
	__u32 place;

	if (!p)
		return 0;
	place = flow_find_other(p);
	own = flow_entry(p, p->place % FLOW_PLACES);
	other = flow_entry(p, place % FLOW_PLACES);
	if (place >= FLOW_PLACES || !own || !other)
		return 0;
	seen = flow_read(other);
	if (!flow_is(p, seen))
		return 0;
	if (place > p->place) {
		__sync_val_compare_and_swap(other, seen, 0);
		return 0;
	}
	__sync_val_compare_and_swap(own, p->record, 0);
	flow_count(FLOW_EVENT_CLAIM_LOST);
	p->record = seen;
	p->place = place;
	flow_follow(p);
	return 0;
}

/* One try to put a record where the search said. */
static __always_inline bool flow_take_place(struct packet *p)
{
	__u64 expected = p->record ? p->record : p->victim;
	__u64 wanted = FLOW_ENTRY(p->hash >> 32, p->backend, flow_now(p), FLOW_UNCONFIRMED);
	__u64 *entry = flow_entry(p, p->place % FLOW_PLACES);

	if (!entry || __sync_val_compare_and_swap(entry, expected, wanted) != expected)
		return false;
	if (!p->record && flow_cost(expected, flow_now(p)) != FLOW_COST_FREE)
		flow_count(FLOW_EVENT_EVICTED_UNCONFIRMED);
	flow_count(FLOW_EVENT_CREATED);
	p->record = wanted;
	return true;
}

/* One try of a claim; true when the flow has a record, this CPU's or another's. */
COLD int flow_try_claim(struct packet *p)
{
	if (!p)
		return true;
	if (flow_take_place(p)) {
		p->new_flow |= p->protocol == IPPROTO_UDP;
		flow_look_again(p);
		return true;
	}
	flow_search(p);
	if (p->record)
		flow_follow(p);
	if (p->choice == CHOICE_RECORD)
		flow_count(FLOW_EVENT_CLAIM_LOST);
	return p->choice == CHOICE_RECORD;
}

/* Begins a record of the flow's backend, or finds that another CPU has and takes its choice. */
static __always_inline void flow_claim(struct packet *p)
{
	for (int i = 0; i < FLOW_TRIES && p->place < FLOW_PLACES; i++)
		if (flow_try_claim(p))
			return;
	flow_count(FLOW_EVENT_UNRECORDED);
}

/*
 * The state a record has after this packet. A SYN proves nothing about the one that sent it. Closing
 * stays closing: the other side may speak for long after one has said FIN.
 */
static __always_inline __u32 flow_next_state(const struct packet *p, __u32 state)
{
	if (packet_is_syn(p))
		return state;
	if (p->tcp_flags & (TCP_FIN | TCP_RST))
		return FLOW_CLOSING;
	return state == FLOW_UNCONFIRMED ? FLOW_ESTABLISHED : state;
}

/* A record that differs from the packet's in time and state alone. */
static __always_inline bool flow_is_same(const struct packet *p, __u64 record)
{
	return FLOW_STATE(record) != FLOW_EMPTY &&
	       FLOW_SIGNATURE(record) == FLOW_SIGNATURE(p->record) &&
	       FLOW_BACKEND(record) == FLOW_BACKEND(p->record);
}

/* One try to write down that the packet came; true when there is no need for another. */
static __always_inline bool flow_try_refresh(struct packet *p, __u64 *entry)
{
	__u32 state = FLOW_STATE(p->record);
	__u64 next, seen;

	if (packet_is_syn(p) && state != FLOW_UNCONFIRMED)
		return true;
	next = FLOW_ENTRY(FLOW_SIGNATURE(p->record), FLOW_BACKEND(p->record), flow_now(p),
			  flow_next_state(p, state));
	if (next == p->record)
		return true;
	seen = __sync_val_compare_and_swap(entry, p->record, next);
	if (seen == p->record || !flow_is_same(p, seen))
		return true;
	p->record = seen;
	return false;
}

/* Other CPUs have written to the record meanwhile: again, from what they wrote. */
COLD int flow_refresh_again(struct packet *p)
{
	__u64 *entry;

	if (!p)
		return 0;
	entry = flow_entry(p, p->place % FLOW_PLACES);
#pragma clang loop unroll(disable)
	for (int i = 1; entry && i < FLOW_TRIES; i++)
		if (flow_try_refresh(p, entry))
			break;
	return 0;
}

/*
 * Keeps a followed record alive; writes only what changes, so that the line stays shared. Another CPU
 * may have done so meanwhile: a FIN must not be lost to an ACK.
 */
static __always_inline void flow_refresh(struct packet *p)
{
	__u64 *entry = flow_entry(p, p->place % FLOW_PLACES);

	if (entry && !flow_try_refresh(p, entry))
		flow_refresh_again(p);
}

/*
 * Which packets are recorded: those whose slot can't tell their backend later, and those of a flow
 * whose record was found and not followed, or that record would claim them when its backend returns.
 */
static __always_inline bool flow_wants_record(const struct packet *p)
{
	__u32 origin = SLOT_ORIGIN(p->slot_word);

	if (p->choice == CHOICE_FALLBACK || p->record)
		return true;
	if (FEATURE(TRACK_ALL) && SERVICE_WORD_TRACKING(p->service_word) == TRACKING_ALL)
		return true;
	return origin != SLOT_NONE && origin != SLOT_CURRENT(p->slot_word);
}

COLD int flow_record(struct packet *p)
{
	if (!p)
		return VERDICT_INTERNAL;
	if (p->choice == CHOICE_FALLBACK)
		flow_count(FLOW_EVENT_FALLBACK);
	if (p->choice != CHOICE_RECORD && flow_wants_record(p))
		flow_claim(p);
	if (p->choice == CHOICE_RECORD)
		flow_refresh(p);
	return VERDICT_CONTINUE;
}

/* Asks the table about a flow whose slot can't tell. */
COLD int flow_ask(struct packet *p)
{
	if (!p)
		return VERDICT_INTERNAL;
	p->now_ns = bpf_ktime_get_coarse_ns();
	if (FEATURE(SOURCE_HASH) && !p->hash)
		p->hash = hash_flow(p);
	flow_search(p);
	return VERDICT_CONTINUE;
}

static __always_inline bool flow_hashes_source(const struct packet *p)
{
	return FEATURE(SOURCE_HASH) &&
	       SERVICE_WORD_ALGORITHM(p->service_word) == ALGORITHM_SOURCE_HASH;
}

static __always_inline enum verdict stage_flow(struct packet *p)
{
	__u32 current;
	__u64 hash;

	if (flow_hashes_source(p)) {
		hash = hash_source(p, SERVICE_WORD_SOURCE_BITS(p->service_word));
		p->entropy = (__u32)hash ^ p->source_port_be * 0x9e3779b1u;
	} else {
		hash = p->hash = hash_flow(p);
		p->entropy = hash;
	}
	p->slot = slot_of_hash(p, hash >> 32);
	p->slot_word = slot_read(p, p->slot);
	current = SLOT_CURRENT(p->slot_word);
	if (current == SLOT_ORIGIN(p->slot_word) && slot_backend_usable(p, current) &&
	    !(FEATURE(TRACK_ALL) && SERVICE_WORD_TRACKING(p->service_word) == TRACKING_ALL)) {
		p->backend = current;
		p->choice = CHOICE_SETTLED;
		return VERDICT_CONTINUE;
	}
	return flow_ask(p);
}

static __always_inline enum verdict stage_record(struct packet *p)
{
	if (p->choice == CHOICE_SETTLED || read_only)
		return VERDICT_CONTINUE;
	return flow_record(p);
}

#endif
