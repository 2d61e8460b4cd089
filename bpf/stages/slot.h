/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * slot.h - reading slots and backends; what flow and select share.
 */
#ifndef SLUICE_STAGES_SLOT_H
#define SLUICE_STAGES_SLOT_H

#include "maps.h"
#include "packet.h"

static __always_inline __u32 slot_count(const struct packet *p)
{
	return 1u << SERVICE_WORD_LOG2(p->service_word);
}

/* The slot that 32 bits of a hash fall on, without a division. */
static __always_inline __u32 slot_of_hash(const struct packet *p, __u32 hash)
{
	return ((__u64)hash << SERVICE_WORD_LOG2(p->service_word)) >> 32;
}

static __always_inline __u32 slot_read(const struct packet *p, __u32 slot)
{
	__u32 chunk = SERVICE_WORD_CHUNK(p->service_word) + slot / SLOTS_PER_CHUNK;
	const struct slot_chunk *found = bpf_map_lookup_elem(&slots, &chunk);

	if (!found)
		return SLOT(SLOT_NONE, SLOT_NONE);
	return *(const volatile __u32 *)&found->slot[slot % SLOTS_PER_CHUNK];
}

/* The state of one of this service's backends; another's is as good as none. */
static __always_inline __u32 slot_backend_state(const struct packet *p, __u32 id)
{
	const struct backend_entry *backend = bpf_map_lookup_elem(&backends, &id);

	if (!backend || backend->service != p->service)
		return BACKEND_FREE;
	return *(const volatile __u8 *)&backend->state;
}

static __always_inline bool slot_backend_usable(const struct packet *p, __u32 id)
{
	return BACKEND_USABLE(slot_backend_state(p, id));
}

#endif
