/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/hops.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void hops_deinit(struct hops *hops)
{
	free(hops->list);
	memset(hops, 0, sizeof(*hops));
}

static int compare(const void *a, const void *b)
{
	return address_compare(a, b); /* of an element, too: the address comes first */
}

static struct target_hop *find(const struct hops *hops, const struct address *address)
{
	return bsearch(address, hops->list, hops->count, sizeof(*hops->list), compare);
}

static struct target_hop *find_or_add(struct hops *hops, const struct address *address)
{
	struct target_hop *hop = hops->count ? find(hops, address) : NULL;

	if (hop)
		return hop;
	hops->list = sl_realloc_array(hops->list, hops->count + 1, sizeof(*hops->list));
	hops->list[hops->count++] = (struct target_hop){.address = *address};
	qsort(hops->list, hops->count, sizeof(*hops->list), compare);
	return find(hops, address);
}

static bool is_named(const struct hops *hops, __u16 egress)
{
	for (size_t i = 0; i < hops->count; i++)
		if (hops->list[i].next_hop.egress == egress)
			return true;
	return false;
}

static __u16 egress_index(struct hops *hops, const struct egress_entry *wanted)
{
	__u16 free_index = 0;

	for (__u16 i = 1; i < EGRESS_MAX; i++) {
		if (hops->held[i])
			continue;
		if (!memcmp(&hops->egress[i], wanted, sizeof(*wanted)))
			return i;
		if (!free_index && !is_named(hops, i))
			free_index = i;
	}
	if (free_index)
		hops->egress[free_index] = *wanted;
	return free_index;
}

static void hold_unnamed(struct hops *hops, __u16 egress)
{
	if (egress && !is_named(hops, egress))
		hops->held[egress] = true;
}

static bool replace(struct hops *hops, struct target_hop *hop, union next_hop next)
{
	__u16 old = hop->next_hop.egress;

	if (hop->next_hop.word == next.word)
		return false;
	hop->next_hop = next;
	hold_unnamed(hops, old);
	return true;
}

bool hops_set(struct hops *hops, const struct address *address, const struct egress_entry *egress,
	      const __u8 mac[6])
{
	struct target_hop *hop = find_or_add(hops, address);
	union next_hop next = {.egress = egress_index(hops, egress)};

	if (next.egress)
		memcpy(next.mac, mac, sizeof(next.mac));
	return replace(hops, hop, next);
}

bool hops_clear(struct hops *hops, const struct address *address)
{
	struct target_hop *hop = hops->count ? find(hops, address) : NULL;

	return hop && replace(hops, hop, (union next_hop){0});
}

void hops_adopt(struct hops *hops, const struct address *address, union next_hop next_hop)
{
	if (next_hop.egress < EGRESS_MAX)
		find_or_add(hops, address)->next_hop = next_hop;
}

void hops_keep(struct hops *hops, const struct address *addresses, size_t count)
{
	bool dropped[EGRESS_MAX] = {};
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < hops->count; i++) {
		const struct target_hop *hop = &hops->list[i];

		while (at < count && address_compare(&addresses[at], &hop->address) < 0)
			at++;
		if (at < count && address_equal(&addresses[at], &hop->address))
			hops->list[kept++] = *hop;
		else
			dropped[hop->next_hop.egress] = true;
	}
	hops->count = kept;
	for (__u16 i = 0; i < EGRESS_MAX; i++)
		if (dropped[i])
			hold_unnamed(hops, i);
}

void hops_release(struct hops *hops, const bool covered[EGRESS_MAX])
{
	for (__u16 i = 0; i < EGRESS_MAX; i++)
		if (covered[i])
			hops->held[i] = false;
}
