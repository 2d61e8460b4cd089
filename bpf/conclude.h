/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * conclude.h - the one exit: a packet's verdict is counted once and becomes the kernel's action.
 *
 * The sum of all verdicts is the number of packets that came. A service and a backend count what was
 * sent on, or would be but for shadow mode. The read-only instance counts nothing and writes down what it found.
 */
#ifndef SLUICE_CONCLUDE_H
#define SLUICE_CONCLUDE_H

#include "maps.h"
#include "packet.h"

static const __u32 conclude_actions[VERDICT_COUNT] = {[VERDICT_CONTINUE] = XDP_DROP,
#define X(name, action, word, help) [VERDICT_##name] = action,
						      SLUICE_VERDICTS(X)
#undef X
};

static __always_inline void conclude_count_traffic(struct traffic_counter *counter,
						   const struct packet *p)
{
	if (!counter)
		return;
	counter->packets++;
	counter->bytes += p->length;
	counter->new_flows += p->new_flow;
}

static __always_inline void conclude_count(const struct packet *p, __u32 verdict)
{
	struct verdict_counter *counter = bpf_map_lookup_elem(&verdict_counters, &verdict);

	if (counter) {
		counter->packets++;
		counter->bytes += p->length;
	}
	if (!packet_has_backend(verdict))
		return;
	conclude_count_traffic(bpf_map_lookup_elem(&service_counters, &p->service), p);
	conclude_count_traffic(bpf_map_lookup_elem(&backend_counters, &p->backend), p);
}

static __always_inline void conclude_explain(const struct packet *p, __u32 verdict)
{
	__u32 index = 0;
	struct explanation *e = bpf_map_lookup_elem(&explanation, &index);

	if (!e)
		return;
	e->verdict = verdict;
	e->would_be = p->would_be;
	e->service = p->service;
	e->backend = p->backend;
	e->slot = p->slot;
	e->slot_word = p->slot_word;
	e->choice = p->choice;
	e->hash = p->hash;
	e->record = p->record;
	e->service_word = p->service_word;
}

static __always_inline int conclude(const struct packet *p, __u32 verdict)
{
	__u64 known;

	if (verdict == VERDICT_CONTINUE || verdict >= VERDICT_COUNT)
		verdict = VERDICT_INTERNAL;
	if (read_only)
		conclude_explain(p, verdict);
	else
		conclude_count(p, verdict);
	known = verdict;
	ONE_REGISTER(known);
	return known < VERDICT_COUNT ? conclude_actions[known] : XDP_DROP;
}

#endif
