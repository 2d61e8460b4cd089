/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse.h - from Ethernet to the ports: where the headers are and what they say.
 *
 * Whatever can't be read is the kernel's to judge: every verdict here passes the packet. Lengths are
 * believed only as far as the frame goes, counting a jumbo's fragments, which data_end leaves out.
 * Sources: IEEE 802.1Q, RFC 791, RFC 8200, RFC 9293.
 */
#ifndef SLUICE_STAGES_PARSE_H
#define SLUICE_STAGES_PARSE_H

#include "maps.h"
#include "packet.h"

#define PARSE_IP4_FRAGMENT 0x3fff /* more fragments, or an offset */
#define PARSE_IP6_FRAGMENT 0xfff9 /* the same in a fragment header */
#define PARSE_HEADERS_MAX  6

/* A header at `offset`, if both the frame and the IP packet hold it. */
static __always_inline void *parse_header(const struct xdp_md *ctx, const struct packet *p,
					  __u32 offset, __u32 size)
{
	return offset + size <= p->l3 + p->l3_length ? packet_at(ctx, offset, size) : NULL;
}

static __always_inline enum verdict parse_tcp(const struct xdp_md *ctx, struct packet *p)
{
	const struct tcphdr *tcp = parse_header(ctx, p, p->l4, sizeof(*tcp));

	if (!tcp)
		return VERDICT_TRUNCATED;
	if (tcp->doff < 5)
		return VERDICT_MALFORMED;
	if (p->l4 + tcp->doff * 4 > p->l3 + p->l3_length)
		return VERDICT_TRUNCATED;
	p->source_port_be = tcp->source;
	p->destination_port_be = tcp->dest;
	p->tcp_flags = ((const __u8 *)tcp)[13];
	return VERDICT_CONTINUE;
}

static __always_inline enum verdict parse_transport(const struct xdp_md *ctx, struct packet *p)
{
	const any_be16 *ports;
	const struct icmp *icmp;

	if (p->protocol == IPPROTO_TCP)
		return parse_tcp(ctx, p);
	if (p->protocol == IPPROTO_UDP) {
		ports = parse_header(ctx, p, p->l4, 8);
		if (!ports)
			return VERDICT_TRUNCATED;
		p->source_port_be = ports[0];
		p->destination_port_be = ports[1];
	} else if (p->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		icmp = parse_header(ctx, p, p->l4, sizeof(*icmp));
		if (!icmp)
			return VERDICT_TRUNCATED;
		p->icmp_type = icmp->type;
	}
	return VERDICT_CONTINUE;
}

static __always_inline enum verdict parse_ip4(struct xdp_md *ctx, struct packet *p)
{
	const struct iphdr *ip = packet_at(ctx, p->l3, sizeof(*ip));
	__u32 header;

	if (!ip)
		return VERDICT_TRUNCATED;
	header = ip->ihl * 4;
	p->l3_length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || p->l3_length < header)
		return VERDICT_MALFORMED;
	if (p->l3 + p->l3_length > p->length)
		return VERDICT_TRUNCATED;
	p->family = 4;
	p->l4 = p->l3 + header;
	p->traffic_class = ip->tos;
	p->protocol = ip->protocol;
	p->source_be[0] = ip->saddr;
	p->destination_be[0] = ip->daddr;
	p->fragment = (ip->frag_off & bpf_htons(PARSE_IP4_FRAGMENT)) != 0;
	return p->fragment ? VERDICT_CONTINUE : parse_transport(ctx, p);
}

/*
 * Steps over one extension header. A fragment header that fragments nothing (RFC 6946) is stepped over
 * like any; a routing header with addresses still to visit is not: the VIP isn't where it ends.
 */
static __always_inline bool parse_is_extension(const struct xdp_md *ctx, struct packet *p,
					       enum verdict *ret_verdict)
{
	const __u8 *header;
	__u32 length;

	if (p->protocol != IPPROTO_HOPOPTS && p->protocol != IPPROTO_ROUTING &&
	    p->protocol != IPPROTO_DSTOPTS && p->protocol != IPPROTO_FRAGMENT &&
	    p->protocol != IPPROTO_AH)
		return false;
	header = parse_header(ctx, p, p->l4, 8);
	if (!header) {
		*ret_verdict =
			p->l4 > PACKET_OFFSET_MAX ? VERDICT_TOO_MANY_HEADERS : VERDICT_TRUNCATED;
		return false;
	}
	length = (header[1] + 1) * 8;
	if (p->protocol == IPPROTO_FRAGMENT) {
		length = 8;
		p->fragment = ((header[2] << 8 | header[3]) & PARSE_IP6_FRAGMENT) != 0;
	} else if (p->protocol == IPPROTO_AH) {
		length = (header[1] + 2) * 4;
	} else if (p->protocol == IPPROTO_ROUTING && header[3] != 0) {
		return false;
	}
	p->protocol = header[0];
	p->l4 += length;
	return !p->fragment;
}

/* The chain of extension headers; a function of its own, since few packets have one. */
COLD int parse_extensions(struct xdp_md *ctx, struct packet *p)
{
	enum verdict verdict = VERDICT_CONTINUE;
	int i;

	if (!p)
		return VERDICT_INTERNAL;
	for (i = 0; i < PARSE_HEADERS_MAX; i++)
		if (!parse_is_extension(ctx, p, &verdict))
			break;
	if (verdict != VERDICT_CONTINUE)
		return verdict;
	if (i == PARSE_HEADERS_MAX || p->l4 > PACKET_OFFSET_MAX)
		return VERDICT_TOO_MANY_HEADERS;
	return p->fragment ? VERDICT_CONTINUE : parse_transport(ctx, p);
}

static __always_inline enum verdict parse_ip6(struct xdp_md *ctx, struct packet *p)
{
	const struct ipv6hdr *ip = packet_at(ctx, p->l3, sizeof(*ip));

	if (!ip)
		return VERDICT_TRUNCATED;
	if (ip->version != 6)
		return VERDICT_MALFORMED;
	p->l3_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (p->l3 + p->l3_length > p->length)
		return VERDICT_TRUNCATED;
	p->family = 6;
	p->l4 = p->l3 + sizeof(*ip);
	p->traffic_class = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	p->protocol = ip->nexthdr;
	for (int i = 0; i < 4; i++) {
		p->source_be[i] = ip->saddr.in6_u.u6_addr32[i];
		p->destination_be[i] = ip->daddr.in6_u.u6_addr32[i];
	}
	if (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP)
		return parse_transport(ctx, p);
	return parse_extensions(ctx, p);
}

static __always_inline enum verdict stage_parse(struct xdp_md *ctx, struct packet *p)
{
	const struct ethernet *ethernet = packet_at(ctx, 0, sizeof(*ethernet));
	const struct vlan_tag *tag;
	__be16 type_be;

	p->length = bpf_xdp_get_buff_len(ctx);
	p->l3 = sizeof(*ethernet);
	if (!ethernet)
		return VERDICT_TRUNCATED;
	type_be = ethernet->type_be;
	if (type_be == bpf_htons(ETH_P_8021Q) || type_be == bpf_htons(ETH_P_8021AD)) {
		tag = packet_at(ctx, sizeof(*ethernet), sizeof(*tag));
		if (!tag)
			return VERDICT_TRUNCATED;
		p->vlan_tpid_be = type_be;
		p->vlan_control_be = tag->control_be;
		p->l3 += sizeof(*tag);
		type_be = tag->type_be;
	}
	if (type_be == bpf_htons(ETH_P_IP))
		return FEATURE(IPV4) ? parse_ip4(ctx, p) : VERDICT_NOT_SERVICE;
	if (type_be == bpf_htons(ETH_P_IPV6))
		return FEATURE(IPV6) ? parse_ip6(ctx, p) : VERDICT_NOT_SERVICE;
	return VERDICT_NOT_IP;
}

#endif
