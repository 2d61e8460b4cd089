// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * agent.bpf.c - the backend's end of the tunnel: takes the outer header off an IPIP packet that is
 * for an address of this host, and hands the inner packet to the kernel as if it had come alone.
 *
 * Outer IPv4 or IPv6 around inner IPv4 or IPv6, behind at most one VLAN tag. The outer hop limit is
 * not looked at: nothing is forwarded, and the inner one stays as it was. Extension headers between
 * outer IPv6 and the inner packet are not walked: the balancer writes none.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "sluice/abi.h"

/* One writer: sluice-agent, before the program is attached. A new attach brings a new map. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AGENT_ADDRESSES_MAX);
	__type(key, struct agent_address);
	__type(value, __u8);
} addresses SEC(".maps");

/* One writer: the program. Pinned, so that a new program goes on counting. Index: agent_verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AGENT_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, struct verdict_counter);
} counters SEC(".maps");

/* An Ethernet header with room for one tag. Shorter than any frame with an IP header in it. */
struct link_header {
	__u8 macs[2 * ETH_ALEN];
	__be16 protocol;
	__be16 tag;
	__be16 tagged_protocol;
};

/*
 * What is in front of the inner packet. Lengths are bytes in size too, which bounds them for the
 * verifier wherever it forgets what was stored.
 */
struct tunnel {
	__u8 link_len;
	__u8 outer_len;
	__u8 inner_protocol; /* IPPROTO_IPIP or IPPROTO_IPV6 */
	bool fragment;
	struct agent_address destination;
};

#define FRAGMENT_MASK 0x3fff /* more fragments, or an offset */

static __always_inline bool parse_outer4(void *at, void *end, struct tunnel *tunnel)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return false;
	tunnel->outer_len = ip->ihl * 4;
	tunnel->inner_protocol = ip->protocol;
	tunnel->fragment = ip->frag_off & bpf_htons(FRAGMENT_MASK);
	tunnel->destination.addr_be[2] = bpf_htonl(0xffff);
	tunnel->destination.addr_be[3] = ip->daddr;
	return true;
}

static __always_inline bool parse_outer6(void *at, void *end, struct tunnel *tunnel)
{
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return false;
	tunnel->outer_len = sizeof(*ip);
	tunnel->inner_protocol = ip->nexthdr;
	__builtin_memcpy(&tunnel->destination, &ip->daddr, sizeof(tunnel->destination));
	return true;
}

/* False: not IP, or cut off within a header; the kernel knows what to do with it. */
static __always_inline bool parse_outer(struct xdp_md *ctx, struct tunnel *tunnel)
{
	void *end = (void *)(long)ctx->data_end;
	struct link_header *link = (void *)(long)ctx->data;
	void *at = (void *)link + ETH_HLEN;
	__be16 protocol;

	if ((void *)(link + 1) > end)
		return false;
	protocol = link->protocol;
	tunnel->link_len = ETH_HLEN;
	if (protocol == bpf_htons(ETH_P_8021Q)) {
		protocol = link->tagged_protocol;
		tunnel->link_len = sizeof(*link);
		at = link + 1;
	}
	if (protocol == bpf_htons(ETH_P_IP))
		return parse_outer4(at, end, tunnel);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return parse_outer6(at, end, tunnel);
	return false;
}

/* Whether the inner packet is what the outer header says, and complete. left: bytes that remain. */
static __always_inline bool inner_is_whole(void *inner, void *end, __u32 left, __u8 protocol)
{
	struct iphdr *ip4 = inner;
	struct ipv6hdr *ip6 = inner;

	if (protocol == IPPROTO_IPIP) {
		if ((void *)(ip4 + 1) > end || ip4->version != 4 || ip4->ihl < 5)
			return false;
		return bpf_ntohs(ip4->tot_len) >= ip4->ihl * 4 && bpf_ntohs(ip4->tot_len) <= left;
	}
	if ((void *)(ip6 + 1) > end || ip6->version != 6)
		return false;
	return bpf_ntohs(ip6->payload_len) + sizeof(*ip6) <= left;
}

/* Moves the Ethernet header up to the inner packet and cuts off what is before it. */
static __always_inline enum agent_verdict remove_outer(struct xdp_md *ctx, struct tunnel *tunnel)
{
	void *end = (void *)(long)ctx->data_end;
	struct link_header *link = (void *)(long)ctx->data;
	__be16 protocol = bpf_htons(tunnel->inner_protocol == IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6);
	bool tagged = tunnel->link_len == sizeof(*link);
	__u32 before = tunnel->link_len + tunnel->outer_len;
	__u32 left = bpf_xdp_get_buff_len(ctx) - before;
	struct link_header saved;

	if ((void *)(link + 1) > end ||
	    !inner_is_whole((void *)link + before, end, left, tunnel->inner_protocol))
		return AGENT_MALFORMED;
	saved = *link;
	if (bpf_xdp_adjust_head(ctx, tunnel->outer_len))
		return AGENT_MALFORMED;
	end = (void *)(long)ctx->data_end;
	link = (void *)(long)ctx->data;
	if ((void *)(link + 1) > end)
		return AGENT_MALFORMED;
	if (tagged) {
		saved.tagged_protocol = protocol;
		*link = saved;
	} else {
		saved.protocol = protocol;
		__builtin_memcpy(link, &saved, ETH_HLEN);
	}
	return AGENT_DECAPSULATED;
}

static __always_inline enum agent_verdict decapsulate(struct xdp_md *ctx)
{
	struct tunnel tunnel = {};

	if (!parse_outer(ctx, &tunnel))
		return AGENT_NOT_TUNNEL;
	if (tunnel.inner_protocol != IPPROTO_IPIP && tunnel.inner_protocol != IPPROTO_IPV6)
		return AGENT_NOT_TUNNEL;
	if (!bpf_map_lookup_elem(&addresses, &tunnel.destination))
		return AGENT_NOT_OURS;
	if (tunnel.fragment)
		return AGENT_FRAGMENT;
	return remove_outer(ctx, &tunnel);
}

static __always_inline int conclude(enum agent_verdict verdict, __u32 frame_len)
{
	__u32 key = verdict;
	struct verdict_counter *counter = bpf_map_lookup_elem(&counters, &key);

	if (counter) {
		counter->packets++;
		counter->bytes += frame_len;
	}
	switch (verdict) {
#define X(name, action, word, help)                                                                \
	case AGENT_##name:                                                                         \
		return action;
		SLUICE_AGENT_VERDICTS(X)
#undef X
	default:
		return XDP_PASS;
	}
}

SEC("xdp.frags") int sluice_agent(struct xdp_md *ctx)
{
	__u32 frame_len = bpf_xdp_get_buff_len(ctx);

	return conclude(decapsulate(ctx), frame_len);
}

char _license[] SEC("license") = "Dual BSD/GPL";
