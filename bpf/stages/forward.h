/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * forward.h - the way to the backend: next hop, outer header, out.
 *
 * The packet itself is carried untouched, TTL and all: the client's packet ends at the VIP, and where
 * the balancer stands in between is nobody's hop. The outer header is new (RFC 2003, RFC 2473): hop
 * limit 64; TOS or traffic class as the packet's; don't-fragment always set, which RFC 2003 leaves open
 * where the inner header doesn't ask for it, and with it identification 0 (RFC 6864): packets that
 * would have to be fragmented are refused here. The source is a configured prefix filled with the flow's
 * entropy, as is the IPv6 flow label (RFC 6438), so that receivers spread flows over their queues.
 */
#ifndef SLUICE_STAGES_FORWARD_H
#define SLUICE_STAGES_FORWARD_H

#include "hash.h"
#include "maps.h"
#include "packet.h"
#include "stages/checksum.h"
#include "stages/shadow.h"

#define FORWARD_TTL 64

/* How a packet leaves. No padding: it is handed to a global function. */
struct way {
	__be16 destination_be[3];
	__be16 source_be[3];
	__u32 ifindex;
	__u32 mtu; /* of IP packets */
};

static __always_inline __u32 forward_overhead(const struct backend_entry *backend)
{
	if (!FEATURE(IPIP) || (FEATURE(L2) && backend->forward == FORWARD_L2))
		return 0;
	return backend->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/*
 * The daemon has not resolved the next hop: the kernel is asked. It answers only where forwarding is on
 * for the interface that the packet came in by.
 */
COLD int forward_ask_kernel(struct xdp_md *ctx, const struct packet *p, struct way *way)
{
	struct bpf_fib_lookup fib = {};
	const struct backend_entry *backend;
	__u32 id;
	long found;

	if (!p || !way)
		return VERDICT_INTERNAL;
	id = p->backend;
	backend = bpf_map_lookup_elem(&backends, &id);
	if (!backend)
		return VERDICT_INTERNAL;
	fib.ifindex = ctx->ingress_ifindex;
	fib.tot_len = p->l3_length + forward_overhead(backend);
	fib.family = backend->family == 4 ? 2 : 10; /* AF_INET, AF_INET6 */
	__builtin_memcpy(fib.ipv6_dst, backend->addr_be, sizeof(fib.ipv6_dst));
	found = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (found == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return VERDICT_TOO_BIG;
	if (found != BPF_FIB_LKUP_RET_SUCCESS)
		return VERDICT_NO_NEXT_HOP;
	__builtin_memcpy(way->destination_be, fib.dmac, sizeof(way->destination_be));
	__builtin_memcpy(way->source_be, fib.smac, sizeof(way->source_be));
	way->ifindex = fib.ifindex;
	way->mtu = 65535;
	return VERDICT_CONTINUE;
}

/* The next hop is read as the daemon writes it: in one word. */
static __always_inline enum verdict forward_find_way(struct xdp_md *ctx, const struct packet *p,
						     const struct backend_entry *backend,
						     struct way *way)
{
	union next_hop hop = {.word = *(const volatile __u64 *)&backend->next_hop.word};
	const struct egress_entry *out;
	__u32 number = hop.egress;

	if (number == 0)
		return forward_ask_kernel(ctx, p, way);
	out = bpf_map_lookup_elem(&egress, &number);
	if (!out || !out->ifindex)
		return VERDICT_NO_NEXT_HOP;
	for (int i = 0; i < 3; i++)
		way->destination_be[i] = hop.mac_be[i];
	__builtin_memcpy(way->source_be, out->mac, sizeof(way->source_be));
	way->ifindex = out->ifindex;
	way->mtu = out->mtu;
	return VERDICT_CONTINUE;
}

/* Word `number` of the outer source: the prefix's bits, and the flow's where the prefix has none. */
static __always_inline __be32 forward_fill(__be32 prefix_be, __u32 bits, __u32 number,
					   const struct packet *p)
{
	return prefix_be | (bpf_htonl(p->entropy) & ~hash_mask(bits, number));
}

/* In words, for the sum: to read back what was just written in bytes would cost 4 ns. */
static __always_inline enum verdict forward_write_ip4(struct xdp_md *ctx, const struct packet *p,
						      __be32 to_be)
{
	struct iphdr *outer = packet_at(ctx, p->l3, sizeof(*outer));
	__u32 protocol = p->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	const __be32 header[] = {
		bpf_htonl(0x45000000 | p->traffic_class << 16 | (p->l3_length + sizeof(*outer))),
		bpf_htonl(0x4000),
		bpf_htonl(FORWARD_TTL << 24 | protocol << 16),
		forward_fill(config.outer4_be, config.outer4_bits, 0, p),
		to_be,
	};
	const __u32 words = sizeof(header) / sizeof(*header);

	if (!outer)
		return VERDICT_INTERNAL;
	for (__u32 i = 0; i < words; i++)
		((any_be32 *)outer)[i] = header[i];
	outer->check = ~checksum_fold(checksum_words(header, words));
	return VERDICT_CONTINUE;
}

static __always_inline enum verdict forward_write_ip6(struct xdp_md *ctx, const struct packet *p,
						      const __be32 *to_be)
{
	struct ipv6hdr *outer = packet_at(ctx, p->l3, sizeof(*outer));

	if (!outer)
		return VERDICT_INTERNAL;
	*(any_be32 *)outer = bpf_htonl(6u << 28 | p->traffic_class << 20 | (p->entropy & 0xfffff));
	outer->payload_len = bpf_htons(p->l3_length);
	outer->nexthdr = p->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	outer->hop_limit = FORWARD_TTL;
	for (__u32 i = 0; i < 4; i++) {
		outer->saddr.in6_u.u6_addr32[i] =
			forward_fill(config.outer6_be[i], config.outer6_bits, i, p);
		outer->daddr.in6_u.u6_addr32[i] = to_be[i];
	}
	return VERDICT_CONTINUE;
}

/* The type, and the tag if there was one, where the link header is now. The MACs come last. */
static __always_inline enum verdict forward_write_link(struct xdp_md *ctx, const struct packet *p,
						       __be16 type_be)
{
	struct ethernet *ethernet = packet_at(ctx, 0, sizeof(*ethernet) + sizeof(struct vlan_tag));
	struct vlan_tag *tag;

	if (!ethernet)
		return VERDICT_INTERNAL;
	ethernet->type_be = p->vlan_tpid_be ? p->vlan_tpid_be : type_be;
	if (!p->vlan_tpid_be)
		return VERDICT_CONTINUE;
	tag = (struct vlan_tag *)(ethernet + 1);
	tag->control_be = p->vlan_control_be;
	tag->type_be = type_be;
	return VERDICT_CONTINUE;
}

/* Room for the outer header, the link header in front of it again, and the outer header. */
static __always_inline enum verdict forward_encapsulate(struct xdp_md *ctx, const struct packet *p,
							const struct backend_entry *backend,
							__u32 overhead)
{
	if (bpf_xdp_adjust_head(ctx, -(int)overhead) != 0)
		return VERDICT_NO_HEADROOM;
	if (backend->family == 4)
		return forward_write_link(ctx, p, bpf_htons(ETH_P_IP))
			       ?: forward_write_ip4(ctx, p, backend->addr_be[0]);
	return forward_write_link(ctx, p, bpf_htons(ETH_P_IPV6))
		       ?: forward_write_ip6(ctx, p, backend->addr_be);
}

/* Out by the interface the packet came in by, or by another. */
static __always_inline enum verdict forward_verdict(const struct xdp_md *ctx, const struct way *way)
{
	return way->ifindex == ctx->ingress_ifindex ? VERDICT_FORWARDED : VERDICT_REDIRECTED;
}

static __always_inline enum verdict forward_leave(struct xdp_md *ctx, const struct way *way)
{
	struct ethernet *ethernet = packet_at(ctx, 0, sizeof(*ethernet));

	if (!ethernet)
		return VERDICT_INTERNAL;
	for (int i = 0; i < 3; i++) {
		ethernet->destination_be[i] = way->destination_be[i];
		ethernet->source_be[i] = way->source_be[i];
	}
	if (forward_verdict(ctx, way) == VERDICT_FORWARDED)
		return VERDICT_FORWARDED;
	if (!read_only)
		bpf_redirect(way->ifindex, 0);
	return VERDICT_REDIRECTED;
}

static __always_inline enum verdict stage_forward(struct xdp_md *ctx, const struct packet *p)
{
	const struct backend_entry *backend = bpf_map_lookup_elem(&backends, &p->backend);
	struct way way = {};
	enum verdict verdict;
	__u32 overhead;

	if (!backend)
		return VERDICT_INTERNAL;
	overhead = forward_overhead(backend);
	verdict = forward_find_way(ctx, p, backend, &way);
	if (verdict != VERDICT_CONTINUE)
		return verdict;
	if (p->l3_length + overhead > way.mtu)
		return VERDICT_TOO_BIG;
	if (shadow_is(p))
		return forward_verdict(ctx, &way);
	if (overhead != 0) {
		verdict = forward_encapsulate(ctx, p, backend, overhead);
		if (verdict != VERDICT_CONTINUE)
			return verdict;
	}
	return forward_leave(ctx, &way);
}

#endif
