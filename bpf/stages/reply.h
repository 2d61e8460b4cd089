/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * reply.h - the balancer's own answers: echo replies, TCP resets (RFC 9293, 3.10.7.1), ICMP and ICMPv6
 * unreachable (RFC 792, RFC 4443). Each is made in the frame that asked and goes back the way it came.
 *
 * `when-empty: reset` closes the port: a reset, and for UDP "port unreachable". `when-empty: icmp` says
 * "host unreachable" (IPv6: "address unreachable"), since the service exists and its hosts are away. An
 * error quotes the packet's headers and the first eight bytes behind them, not as much as fits: that is
 * what senders look at, and the checksum stays bounded.
 */
#ifndef SLUICE_STAGES_REPLY_H
#define SLUICE_STAGES_REPLY_H

#include "maps.h"
#include "packet.h"
#include "stages/checksum.h"
#include "stages/shadow.h"

#define REPLY_TTL	      64
#define REPLY_QUOTE_WORDS_MAX 32

/* Codes of "unreachable". */
#define REPLY_HOST4    1
#define REPLY_PORT4    3
#define REPLY_ADDRESS6 3
#define REPLY_PORT6    4

static __always_inline __u32 reply_ip_size(const struct packet *p)
{
	return p->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static __always_inline void reply_swap_macs(struct ethernet *ethernet)
{
	for (int i = 0; i < 3; i++) {
		__be16 was_be = ethernet->destination_be[i];

		ethernet->destination_be[i] = ethernet->source_be[i];
		ethernet->source_be[i] = was_be;
	}
}

/* From the packet's destination to its source. */
static __always_inline void reply_address_ip6(struct ipv6hdr *ip, const struct packet *p)
{
	for (int i = 0; i < 4; i++) {
		ip->saddr.in6_u.u6_addr32[i] = p->destination_be[i];
		ip->daddr.in6_u.u6_addr32[i] = p->source_be[i];
	}
}

static __always_inline void reply_write_ip4(struct iphdr *ip, const struct packet *p, __u8 protocol,
					    __u32 payload)
{
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = 0;
	ip->tot_len = bpf_htons(sizeof(*ip) + payload);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = REPLY_TTL;
	ip->protocol = protocol;
	ip->check = 0;
	ip->saddr = p->destination_be[0];
	ip->daddr = p->source_be[0];
	ip->check = checksum_ip4(ip);
}

static __always_inline void reply_write_ip6(struct ipv6hdr *ip, const struct packet *p,
					    __u8 protocol, __u32 payload)
{
	*(any_be32 *)ip = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons(payload);
	ip->nexthdr = protocol;
	ip->hop_limit = REPLY_TTL;
	reply_address_ip6(ip, p);
}

/* A new IP header where the packet's was. False: no room, which the caller has made sure of. */
static __always_inline bool reply_write_ip(struct xdp_md *ctx, const struct packet *p,
					   __u8 protocol, __u32 payload)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip4;

	if (p->family == 4) {
		ip4 = packet_at(ctx, p->l3, sizeof(*ip4));
		if (ip4)
			reply_write_ip4(ip4, p, protocol, payload);
		return ip4 != NULL;
	}
	ip6 = packet_at(ctx, p->l3, sizeof(*ip6));
	if (ip6)
		reply_write_ip6(ip6, p, protocol, payload);
	return ip6 != NULL;
}

/* What TCP and ICMPv6 add to their sums: addresses (in either order), protocol, length. */
static __always_inline __u64 reply_pseudo_header(const struct packet *p, __u8 protocol,
						 __u32 length)
{
	return checksum_words(p->source_be, 4) + checksum_words(p->destination_be, 4) +
	       bpf_htonl(protocol) + bpf_htonl(length);
}

/*
 * Can the packet's source have sent it? Not "this host", loopback, multicast, what is reserved, nor the
 * VIP itself (RFC 1122, 3.2.1.3 and 3.2.2; RFC 4291, 2.5.2 and 2.5.3; RFC 4443, 2.4 (e)). An answer to
 * one would go to many, or come back as a packet for the VIP, for ever.
 */
static __always_inline bool reply_may_have_sent(const struct packet *p)
{
	const __be32 *from = p->source_be, *to = p->destination_be;
	__u8 first = *(const __u8 *)from;

	if (((from[0] ^ to[0]) | (from[1] ^ to[1]) | (from[2] ^ to[2]) | (from[3] ^ to[3])) == 0)
		return false;
	if (p->family == 4)
		return first != 0 && first != 127 && first < 224;
	return first != 0xff && (from[0] | from[1] | from[2] | (from[3] & ~bpf_htonl(1))) != 0;
}

/* ---- echo -------------------------------------------------------------------------------------- */

/*
 * Type and sum of the ICMP message. One case needs care: an ICMP reply of nothing but zeros has the sum
 * 0xffff, and only there RFC 1624's equation is wrong and says 0.
 */
static __always_inline void reply_turn_echo(struct icmp *icmp, const struct packet *p)
{
	__be16 was_be = *(any_be16 *)icmp;

	icmp->type = p->family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	icmp->checksum_be = checksum_update(icmp->checksum_be, was_be, *(any_be16 *)icmp);
	if (p->family == 4 && !icmp->checksum_be && !icmp->id_be && !icmp->sequence_be)
		icmp->checksum_be = 0xffff;
}

/* An echo request becomes its reply where it lies; no sum notices that addresses are swapped. */
COLD int reply_echo(struct xdp_md *ctx, const struct packet *p)
{
	struct ethernet *ethernet = packet_at(ctx, 0, sizeof(*ethernet));
	struct ipv6hdr *ip6;
	struct iphdr *ip4;
	struct icmp *icmp;
	__be16 was_be;

	if (!p || !ethernet)
		return VERDICT_INTERNAL;
	icmp = packet_at(ctx, p->l4, sizeof(*icmp));
	if (!icmp)
		return VERDICT_INTERNAL;
	reply_turn_echo(icmp, p);
	reply_swap_macs(ethernet);
	if (p->family == 4) {
		ip4 = packet_at(ctx, p->l3, sizeof(*ip4));
		if (!ip4)
			return VERDICT_INTERNAL;
		was_be = *(any_be16 *)&ip4->ttl;
		ip4->ttl = REPLY_TTL;
		ip4->check = checksum_update(ip4->check, was_be, *(any_be16 *)&ip4->ttl);
		ip4->saddr = p->destination_be[0];
		ip4->daddr = p->source_be[0];
		return VERDICT_ECHO_REPLY;
	}
	ip6 = packet_at(ctx, p->l3, sizeof(*ip6));
	if (!ip6)
		return VERDICT_INTERNAL;
	ip6->hop_limit = REPLY_TTL;
	reply_address_ip6(ip6, p);
	return VERDICT_ECHO_REPLY;
}

/* ---- reset ------------------------------------------------------------------------------------- */

/* Cuts the frame to `size` bytes. */
static __always_inline bool reply_trim(struct xdp_md *ctx, const struct packet *p, __u32 size)
{
	return size <= p->length && bpf_xdp_adjust_tail(ctx, (int)size - (int)p->length) == 0;
}

/* Bytes of sequence space that the packet takes: its data, SYN and FIN. */
static __always_inline __u32 reply_sequence_length(const struct packet *p, const struct tcphdr *tcp)
{
	return p->l3 + p->l3_length - p->l4 - tcp->doff * 4 + tcp->syn + tcp->fin;
}

COLD int reply_reset(struct xdp_md *ctx, const struct packet *p)
{
	struct ethernet *ethernet;
	struct tcphdr *tcp, reset = {};
	__u32 at;

	if (!p)
		return VERDICT_INTERNAL;
	tcp = packet_at(ctx, p->l4, sizeof(*tcp));
	if (!tcp)
		return VERDICT_INTERNAL;
	reset.source = tcp->dest;
	reset.dest = tcp->source;
	reset.doff = sizeof(reset) / 4;
	reset.rst = 1;
	reset.ack = !tcp->ack;
	if (tcp->ack)
		reset.seq = tcp->ack_seq;
	else
		reset.ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + reply_sequence_length(p, tcp));
	reset.check = ~checksum_fold(reply_pseudo_header(p, IPPROTO_TCP, sizeof(reset)) +
				     checksum_words((const any_be32 *)&reset, sizeof(reset) / 4));

	at = p->l3 + reply_ip_size(p);
	if (!reply_trim(ctx, p, at + sizeof(reset)))
		return VERDICT_INTERNAL;
	ethernet = packet_at(ctx, 0, sizeof(*ethernet));
	tcp = packet_at(ctx, at, sizeof(*tcp));
	if (!ethernet || !tcp || !reply_write_ip(ctx, p, IPPROTO_TCP, sizeof(reset)))
		return VERDICT_INTERNAL;
	*tcp = reset;
	reply_swap_macs(ethernet);
	return VERDICT_NO_BACKEND_RESET;
}

/* ---- unreachable ------------------------------------------------------------------------------- */

static __always_inline __u32 reply_quote_words(const struct packet *p)
{
	__u32 words = (p->l4 - p->l3 + 8) / 4;

	return words < REPLY_QUOTE_WORDS_MAX ? words : REPLY_QUOTE_WORDS_MAX;
}

/* Sum of `words` words of the frame from `offset` on, folded; apart, so that it is verified once. */
COLD int reply_sum(struct xdp_md *ctx, __u32 offset, __u32 words)
{
	const any_be32 *word;
	__u64 sum = 0;
	__u32 i;

	for (i = 0; i < REPLY_QUOTE_WORDS_MAX + sizeof(struct icmp) / 4 && i < words; i++) {
		word = packet_at(ctx, offset + i * 4, 4);
		if (!word)
			break;
		sum += *word;
	}
	return checksum_fold(sum);
}

static __always_inline void reply_write_icmp(struct icmp *icmp, const struct packet *p, bool port)
{
	icmp->type = p->family == 4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
	if (p->family == 4)
		icmp->code = port ? REPLY_PORT4 : REPLY_HOST4;
	else
		icmp->code = port ? REPLY_PORT6 : REPLY_ADDRESS6;
	icmp->checksum_be = 0;
	icmp->id_be = 0;
	icmp->sequence_be = 0;
}

/* The link header at the frame's new start, from where it was. */
static __always_inline bool reply_move_link(struct xdp_md *ctx, const struct packet *p, __u32 by)
{
	const any_be16 *from =
		packet_at(ctx, by, sizeof(struct ethernet) + sizeof(struct vlan_tag));
	any_be16 *to = packet_at(ctx, 0, sizeof(struct ethernet) + sizeof(struct vlan_tag));

	if (!from || !to)
		return false;
	for (int i = 0; i < 7; i++)
		to[i] = from[i];
	if (p->vlan_tpid_be) {
		to[7] = from[7];
		to[8] = from[8];
	}
	reply_swap_macs((struct ethernet *)to);
	return true;
}

/* `port`: is it the port that is unreachable, or the host? */
COLD int reply_unreachable(struct xdp_md *ctx, const struct packet *p, bool port)
{
	__u32 words, ip_size, length, at;
	struct icmp *icmp;
	__u8 protocol;
	__u64 sum = 0;

	if (!p)
		return VERDICT_INTERNAL;
	words = reply_quote_words(p);
	ip_size = reply_ip_size(p);
	length = sizeof(*icmp) + words * 4;
	at = p->l3 + ip_size;
	protocol = p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (!reply_trim(ctx, p, p->l3 + words * 4))
		return VERDICT_INTERNAL;
	if (bpf_xdp_adjust_head(ctx, -(int)(ip_size + sizeof(*icmp))) != 0)
		return VERDICT_NO_HEADROOM;
	icmp = packet_at(ctx, at, sizeof(*icmp));
	if (!icmp || !reply_move_link(ctx, p, ip_size + sizeof(*icmp)) ||
	    !reply_write_ip(ctx, p, protocol, length))
		return VERDICT_INTERNAL;
	icmp = packet_at(ctx, at, sizeof(*icmp));
	if (!icmp)
		return VERDICT_INTERNAL;
	reply_write_icmp(icmp, p, port);
	if (p->family == 6)
		sum = reply_pseudo_header(p, protocol, length);
	icmp->checksum_be = ~checksum_fold(sum + reply_sum(ctx, at, length / 4));
	return port ? VERDICT_NO_BACKEND_RESET : VERDICT_NO_BACKEND_ICMP;
}

/*
 * Was the frame sent by one host to one host? An answer has its MACs the other way round, and no frame
 * comes from a group; nor does a host answer what was sent to many with an error (RFC 1122, 3.2.2).
 */
static __always_inline bool reply_is_one_to_one(const struct ethernet *ethernet)
{
	return ((ethernet->destination_be[0] | ethernet->source_be[0]) & bpf_htons(0x0100)) == 0;
}

/* The verdict, or what stands in the way of the answer that it promises. */
static __always_inline __u32 reply_judge(const struct packet *p, const struct ethernet *ethernet,
					 __u32 verdict)
{
	if (!reply_is_one_to_one(ethernet))
		return VERDICT_LINK_GROUP;
	return reply_may_have_sent(p) ? verdict : VERDICT_MARTIAN_SOURCE;
}

COLD int reply_make(struct xdp_md *ctx, struct packet *p, __u32 promised)
{
	const struct ethernet *ethernet = packet_at(ctx, 0, sizeof(*ethernet));
	__u32 verdict;

	if (!p || !ethernet)
		return VERDICT_INTERNAL;
	verdict = reply_judge(p, ethernet, promised);
	if (shadow_is(p))
		return shadow_turn(p, verdict);
	switch (verdict) {
	case VERDICT_ECHO_REPLY: return reply_echo(ctx, p);
	case VERDICT_NO_BACKEND_RESET:
		return p->protocol == IPPROTO_TCP ? reply_reset(ctx, p)
						  : reply_unreachable(ctx, p, true);
	case VERDICT_NO_BACKEND_ICMP: return reply_unreachable(ctx, p, false);
	default: return verdict;
	}
}

/* Makes the answer that a verdict promises; the verdict stands unless it can't be made. */
static __always_inline enum verdict stage_reply(struct xdp_md *ctx, struct packet *p,
						enum verdict verdict)
{
	return packet_is_answered(verdict) ? reply_make(ctx, p, verdict) : verdict;
}

#endif
