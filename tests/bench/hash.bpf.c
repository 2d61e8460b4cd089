// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * hash.bpf.c - what the packet path's hash costs, beside the cheapest keyed mix that spreads as well.
 *
 * Both read the same words of an IPv4 frame and leave the hash where the compiler can't see that nobody
 * reads it.
 */
#include "hash.h"

__u64 last = 0;

static __always_inline bool read_flow(const struct xdp_md *ctx, struct packet *p)
{
	const any_be32 *ip = packet_at(ctx, ETH_HLEN, 40);

	if (!ip)
		return false;
	p->family = 4;
	p->protocol = IPPROTO_TCP;
	p->source_be[0] = ip[3];
	p->destination_be[0] = ip[4];
	p->source_port_be = ip[5];
	p->destination_port_be = ip[5] >> 16;
	return true;
}

SEC("xdp.frags")
int siphash(struct xdp_md *ctx)
{
	struct packet p = {};

	if (!read_flow(ctx, &p))
		return XDP_ABORTED;
	last = hash_flow(&p);
	return XDP_PASS;
}

SEC("xdp.frags")
int mix(struct xdp_md *ctx)
{
	struct packet p = {};
	__u64 hash = hash_key.word[0];

	if (!read_flow(ctx, &p))
		return XDP_ABORTED;
	hash = (hash ^ hash_pair(p.source_be[0], p.destination_be[0])) * 0x9e3779b97f4a7c15ull;
	hash ^= hash >> 32 ^ hash_key.word[1];
	hash = (hash ^ p.source_port_be ^ (__u64)p.destination_port_be << 16 ^
		(__u64)p.protocol << 32) *
	       0xd6e8feb86659fd93ull;
	last = hash ^ hash >> 32;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
