// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * lru.bpf.c - the reference: a balancer that keeps every connection in an LRU hash, as most XDP
 * balancers do, written for this comparison and as lean as that design allows.
 *
 * Parse, VIP hash, connection table by 5-tuple; on a miss the Maglev ring, and an insert; then IPIP
 * and counters. IPv4 and TCP only, one service, no drain, no health: less than sluice does.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define RING_SIZE   65536
#define BACKENDS    128
#define CONNECTIONS (4 << 20)

enum outcome { HIT, MISS, NOT_OURS, FAILED, OUTCOMES };

/* Keys are made of words: sluice's are written in words, too, for the same reason. */
struct vip_key {
	__be32 address_be;
	__u32 port_and_protocol; /* as in reference.c */
};

struct connection_key {
	__be32 source_be;
	__be32 destination_be;
	__be32 ports_be;
	__u32 protocol;
};

struct real {
	__be32 address_be;
	__be16 mac_be[3];
	__u16 zero;
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct vip_key);
	__type(value, __u32);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTIONS);
	__type(key, struct connection_key);
	__type(value, __u32);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING_SIZE);
	__type(key, __u32);
	__type(value, __u32);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct real);
} reals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OUTCOMES);
	__type(key, __u32);
	__type(value, struct counter);
} outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct counter);
} traffic SEC(".maps");

static __always_inline void count(void *map, __u32 index, __u32 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(map, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

static __always_inline int leave(__u32 outcome, __u32 bytes, int action)
{
	count(&outcomes, outcome, bytes);
	return action;
}

/* Which slot of the ring: any good mix does. */
static __always_inline __u32 ring_slot(const struct connection_key *key)
{
	__u64 hash = ((__u64)key->source_be << 32 | key->destination_be) * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ hash >> 32 ^ key->ports_be) * 0xd6e8feb86659fd93ull;
	return hash >> 48;
}

/* Returns its checksum. */
static __always_inline __u16 write_outer(__be32 *outer, __be32 to_be, __u16 length)
{
	const __be32 header[] = {
		bpf_htonl(0x45000000 | length),
		bpf_htonl(0x4000),
		bpf_htonl(64 << 24 | IPPROTO_IPIP << 16),
		bpf_htonl(0x0afe0001),
		to_be,
	};
	__u64 sum = 0;

	for (int i = 0; i < 5; i++) {
		outer[i] = header[i];
		sum += header[i];
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static __always_inline int encapsulate(struct xdp_md *ctx, const struct real *real, __u16 length)
{
	unsigned char *data;
	struct iphdr *ip;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)) != 0)
		return -1;
	data = (unsigned char *)(long)ctx->data;
	ip = (struct iphdr *)(data + ETH_HLEN);
	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return -1;
	for (int i = 0; i < 3; i++) {
		((__be16 *)data)[i] = real->mac_be[i];
		((__be16 *)data)[3 + i] = bpf_htons(0x0202);
	}
	*(__be16 *)(data + 2 * ETH_ALEN) = bpf_htons(ETH_P_IP);
	ip->check = write_outer((__be32 *)ip, real->address_be, length + sizeof(*ip));
	return 0;
}

SEC("xdp.frags")
int lru(struct xdp_md *ctx)
{
	const unsigned char *data = (const unsigned char *)(long)ctx->data;
	const unsigned char *end = (const unsigned char *)(long)ctx->data_end;
	const struct iphdr *ip = (const struct iphdr *)(data + ETH_HLEN);
	const struct tcphdr *tcp = (const struct tcphdr *)(ip + 1);
	__u32 bytes = end - data, outcome = HIT, slot, number, *found;
	struct connection_key connection = {};
	struct vip_key vip = {};
	struct real *real;

	if ((const unsigned char *)(tcp + 1) > end ||
	    *(const __be16 *)(data + 2 * ETH_ALEN) != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x3fff))
		return leave(NOT_OURS, bytes, XDP_PASS);
	vip.address_be = ip->daddr;
	vip.port_and_protocol = tcp->dest | (__u32)ip->protocol << 16;
	if (!bpf_map_lookup_elem(&vips, &vip))
		return leave(NOT_OURS, bytes, XDP_PASS);
	connection.source_be = ip->saddr;
	connection.destination_be = ip->daddr;
	connection.ports_be = *(const __be32 *)tcp;
	connection.protocol = ip->protocol;
	found = tcp->syn ? NULL : bpf_map_lookup_elem(&connections, &connection);
	if (!found) {
		slot = ring_slot(&connection);
		found = bpf_map_lookup_elem(&ring, &slot);
		if (!found)
			return leave(FAILED, bytes, XDP_DROP);
		number = *found;
		bpf_map_update_elem(&connections, &connection, &number, BPF_ANY);
		outcome = MISS;
	} else {
		number = *found;
	}
	real = bpf_map_lookup_elem(&reals, &number);
	if (!real || encapsulate(ctx, real, bpf_ntohs(ip->tot_len)) != 0)
		return leave(FAILED, bytes, XDP_DROP);
	count(&traffic, number, bytes);
	return leave(outcome, bytes, XDP_TX);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
