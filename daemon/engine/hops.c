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
	return memcmp(a, b, sizeof(struct address));
}

static struct hop *find(const struct hops *hops, const struct address *address)
{
	return bsearch(address, hops->list, hops->count, sizeof(*hops->list), compare);
}

static struct hop *find_or_add(struct hops *hops, const struct address *address)
{
	struct hop *hop = hops->count ? find(hops, address) : NULL;

	if (hop)
		return hop;
	hops->list = sl_realloc_array(hops->list, hops->count + 1, sizeof(*hops->list));
	hops->list[hops->count++] = (struct hop){.address = *address};
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

static bool replace(struct hops *hops, struct hop *hop, union next_hop next)
{
	__u16 old = hop->next_hop.egress;

	if (hop->next_hop.word == next.word)
		return false;
	hop->next_hop = next;
	if (old && !is_named(hops, old))
		hops->held[old] = true;
	return true;
}

bool hops_set(struct hops *hops, const struct address *address, const struct egress_entry *egress,
	      const __u8 mac[6])
{
	struct hop *hop = find_or_add(hops, address);
	union next_hop next = {.egress = egress_index(hops, egress)};

	if (next.egress)
		memcpy(next.mac, mac, sizeof(next.mac));
	return replace(hops, hop, next);
}

bool hops_clear(struct hops *hops, const struct address *address)
{
	struct hop *hop = hops->count ? find(hops, address) : NULL;

	return hop && replace(hops, hop, (union next_hop){0});
}

void hops_adopt(struct hops *hops, const struct address *address, union next_hop next_hop)
{
	if (next_hop.egress < EGRESS_MAX)
		find_or_add(hops, address)->next_hop = next_hop;
}

union next_hop hops_get(const struct hops *hops, const struct address *address)
{
	const struct hop *hop = hops->count ? find(hops, address) : NULL;

	return hop ? hop->next_hop : (union next_hop){0};
}

void hops_release(struct hops *hops, const bool covered[EGRESS_MAX])
{
	for (__u16 i = 0; i < EGRESS_MAX; i++)
		if (covered[i])
			hops->held[i] = false;
}
