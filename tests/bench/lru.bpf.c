// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * lru.bpf.c - the reference: a balancer that keeps every connection in an LRU hash, as most XDP
 * balancers do, written for this comparison and as lean as that design allows.
 *
 * Parse, VIP hash, connection table by 5-tuple; on a miss the Maglev ring, and an insert; then IPIP of
 * the packet's own family, and counters. TCP only, one service, no drain, no health: less than sluice
 * does. Keys and headers are written in words, as sluice's are and for the same reason.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lru.h"

enum outcome { HIT, MISS, NOT_OURS, FAILED, OUTCOMES };

struct flow4 {
	__be32 source_be;
	__be32 destination_be;
	__be32 ports_be;
	__u32 protocol;
};

struct flow6 {
	__be32 source_be[4];
	__be32 destination_be[4];
	__be32 ports_be;
	__u32 protocol;
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

#define MAP(name, map_type, entries, key_type, value_type)                                         \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

MAP(vips4, BPF_MAP_TYPE_HASH, 512, struct lru_vip4, __u32);
MAP(vips6, BPF_MAP_TYPE_HASH, 512, struct lru_vip6, __u32);
MAP(connections4, BPF_MAP_TYPE_LRU_HASH, LRU_CONNECTIONS, struct flow4, __u32);
MAP(connections6, BPF_MAP_TYPE_LRU_HASH, LRU_CONNECTIONS, struct flow6, __u32);
MAP(ring, BPF_MAP_TYPE_ARRAY, LRU_RING, __u32, __u32);
MAP(reals, BPF_MAP_TYPE_ARRAY, 2 * LRU_BACKENDS, __u32, struct lru_real);
MAP(outcomes, BPF_MAP_TYPE_PERCPU_ARRAY, OUTCOMES, __u32, struct counter);
MAP(traffic, BPF_MAP_TYPE_PERCPU_ARRAY, 2 * LRU_BACKENDS, __u32, struct counter);

static __always_inline void count(void *map, __u32 index, __u32 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(map, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline void write_ip4(struct iphdr *outer, const struct lru_real *real,
				      __u16 length)
{
	const __be32 header[] = {
		bpf_htonl(0x45000000 | (length + sizeof(*outer))),
		bpf_htonl(0x4000),
		bpf_htonl(64 << 24 | IPPROTO_IPIP << 16),
		bpf_htonl(0x0afe0001),
		real->address_be[0],
	};
	__be32 *word = (__be32 *)outer;
	__u64 sum = 0;

	for (int i = 0; i < 5; i++) {
		word[i] = header[i];
		sum += header[i];
	}
	outer->check = ~fold(sum);
}

static __always_inline void write_ip6(struct ipv6hdr *outer, const struct lru_real *real,
				      __u16 length)
{
	__be32 *word = (__be32 *)outer;

	word[0] = bpf_htonl(6u << 28);
	word[1] = bpf_htonl(length << 16 | IPPROTO_IPV6 << 8 | 64);
	word[2] = bpf_htonl(0x20010db8);
	word[3] = word[4] = 0;
	word[5] = bpf_htonl(1);
	for (int i = 0; i < 4; i++)
		word[6 + i] = real->address_be[i];
}

static __always_inline int encapsulate(struct xdp_md *ctx, const struct lru_real *real, bool ip4,
				       __u16 length)
{
	int size = ip4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	unsigned char *data;

	if (bpf_xdp_adjust_head(ctx, -size) != 0)
		return -1;
	data = (unsigned char *)(long)ctx->data;
	if ((void *)(data + ETH_HLEN + size) > (void *)(long)ctx->data_end)
		return -1;
	for (int i = 0; i < 3; i++) {
		((__be16 *)data)[i] = real->mac_be[i];
		((__be16 *)data)[3 + i] = bpf_htons(0x0202);
	}
	((__be16 *)data)[6] = ip4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	if (ip4)
		write_ip4((void *)(data + ETH_HLEN), real, length);
	else
		write_ip6((void *)(data + ETH_HLEN), real, length);
	return 0;
}

/* Which slot of the ring: any good mix does. */
static __always_inline __u32 ring_slot(__be32 source_be, __be32 ports_be)
{
	__u64 hash = ((__u64)source_be << 32 | ports_be) * 0x9e3779b97f4a7c15ull;

	return (hash ^ hash >> 32) * 0xd6e8feb86659fd93ull >> 48;
}

/* The connection's backend; a new connection's from the ring. */
static __always_inline enum outcome choose(void *connections, const void *flow, bool syn,
					   __u32 slot, __u32 *ret_backend)
{
	const __u32 *found = syn ? NULL : bpf_map_lookup_elem(connections, flow);

	if (found) {
		*ret_backend = *found;
		return HIT;
	}
	found = bpf_map_lookup_elem(&ring, &slot);
	if (!found)
		return FAILED;
	*ret_backend = *found;
	bpf_map_update_elem(connections, flow, ret_backend, BPF_ANY);
	return MISS;
}

static __always_inline int leave(enum outcome outcome, __u32 bytes, int action)
{
	count(&outcomes, outcome, bytes);
	return action;
}

static __always_inline int forward(struct xdp_md *ctx, __u32 backend, enum outcome outcome,
				   bool ip4, __u16 length)
{
	__u32 bytes = ctx->data_end - ctx->data, number = ip4 ? backend : backend + LRU_BACKENDS;
	const struct lru_real *real = bpf_map_lookup_elem(&reals, &number);

	if (outcome == FAILED || !real || encapsulate(ctx, real, ip4, length) != 0)
		return leave(FAILED, bytes, XDP_DROP);
	count(&traffic, number, bytes);
	return leave(outcome, bytes, XDP_TX);
}

static __always_inline int balance_ip4(struct xdp_md *ctx, const struct iphdr *ip)
{
	const struct tcphdr *tcp = (const struct tcphdr *)(ip + 1);
	struct lru_vip4 vip;
	struct flow4 flow;
	enum outcome outcome;
	__u32 backend = 0;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x3fff))
		return leave(NOT_OURS, 0, XDP_PASS);
	vip = (struct lru_vip4){ip->daddr, LRU_PORT(tcp->dest)};
	if (!bpf_map_lookup_elem(&vips4, &vip))
		return leave(NOT_OURS, 0, XDP_PASS);
	flow = (struct flow4){ip->saddr, ip->daddr, *(const __be32 *)tcp, IPPROTO_TCP};
	outcome = choose(&connections4, &flow, tcp->syn, ring_slot(flow.source_be, flow.ports_be),
			 &backend);
	return forward(ctx, backend, outcome, true, bpf_ntohs(ip->tot_len));
}

static __always_inline int balance_ip6(struct xdp_md *ctx, const struct ipv6hdr *ip)
{
	const struct tcphdr *tcp = (const struct tcphdr *)(ip + 1);
	struct lru_vip6 vip;
	struct flow6 flow;
	enum outcome outcome;
	__u32 backend = 0;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end || ip->nexthdr != IPPROTO_TCP)
		return leave(NOT_OURS, 0, XDP_PASS);
	for (int i = 0; i < 4; i++) {
		flow.source_be[i] = ip->saddr.in6_u.u6_addr32[i];
		flow.destination_be[i] = ip->daddr.in6_u.u6_addr32[i];
		vip.address_be[i] = ip->daddr.in6_u.u6_addr32[i];
	}
	vip.port = LRU_PORT(tcp->dest);
	if (!bpf_map_lookup_elem(&vips6, &vip))
		return leave(NOT_OURS, 0, XDP_PASS);
	flow.ports_be = *(const __be32 *)tcp;
	flow.protocol = IPPROTO_TCP;
	outcome = choose(&connections6, &flow, tcp->syn,
			 ring_slot(flow.source_be[3], flow.ports_be), &backend);
	return forward(ctx, backend, outcome, false, sizeof(*ip) + bpf_ntohs(ip->payload_len));
}

SEC("xdp.frags")
int lru(struct xdp_md *ctx)
{
	const unsigned char *data = (const unsigned char *)(long)ctx->data;
	const __be16 *type_be = (const __be16 *)(data + 2 * ETH_ALEN);

	if (data + ETH_HLEN > (const unsigned char *)(long)ctx->data_end)
		return leave(NOT_OURS, 0, XDP_PASS);
	if (*type_be == bpf_htons(ETH_P_IP))
		return balance_ip4(ctx, (const struct iphdr *)(data + ETH_HLEN));
	if (*type_be == bpf_htons(ETH_P_IPV6))
		return balance_ip6(ctx, (const struct ipv6hdr *)(data + ETH_HLEN));
	return leave(NOT_OURS, 0, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
