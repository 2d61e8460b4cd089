/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * service.h - whose packet is it? Only what belongs to a service, or to a VIP's address, goes further;
 * all else is the host's own.
 *
 * TCP and UDP cost one look-up, two where a service takes any port. Only packets without ports ask for
 * the address itself, so a TCP packet to a port of a VIP that no service has counts as not for a
 * service: a third look-up would be paid by everything that isn't ours.
 */
#ifndef SLUICE_STAGES_SERVICE_H
#define SLUICE_STAGES_SERVICE_H

#include "maps.h"
#include "packet.h"

/* Port and protocol as they stand in a key. */
static __always_inline __u32 service_key_end(__be16 port_be, __u8 protocol)
{
	const struct vip4_key key = {.port_be = port_be, .protocol = protocol};
	__u32 word;

	__builtin_memcpy(&word, &key.port_be, sizeof(word));
	return word;
}

/*
 * The entry for the packet's destination with this port and protocol, or NULL. Keys are written in the
 * words that the map reads them in: a load that spans two fresh stores waits until both have reached
 * the cache, which costs 4 ns.
 */
static __always_inline const __u32 *service_find(const struct packet *p, __be16 port_be,
						 __u8 protocol)
{
	const __be32 *to = p->destination_be;

	if (FEATURE(IPV4) && p->family == 4) {
		const __u32 key[] = {to[0], service_key_end(port_be, protocol)};

		_Static_assert(sizeof(key) == sizeof(struct vip4_key), "vip4_key");
		return bpf_map_lookup_elem(&vips4, key);
	}
	if (FEATURE(IPV6)) {
		const __u32 key[] = {to[0], to[1], to[2], to[3],
				     service_key_end(port_be, protocol)};

		_Static_assert(sizeof(key) == sizeof(struct vip6_key), "vip6_key");
		return bpf_map_lookup_elem(&vips6, key);
	}
	return NULL;
}

/* Errors about packets that a VIP sent, or rather its backends did. */
static __always_inline bool service_is_icmp_error(const struct packet *p)
{
	if (p->protocol == IPPROTO_ICMPV6)
		return p->icmp_type >= ICMP6_UNREACHABLE && p->icmp_type <= ICMP6_PARAMETER;
	return p->icmp_type == ICMP4_UNREACHABLE || p->icmp_type == ICMP4_TIME_EXCEEDED ||
	       p->icmp_type == ICMP4_PARAMETER;
}

/*
 * A packet without ports. What isn't named here passes, and must: a VIP's IPv6 address needs the
 * kernel to answer neighbour discovery.
 */
COLD int service_without_ports(const struct packet *p)
{
	__u8 icmp, echo_request;

	if (!p)
		return VERDICT_INTERNAL;
	icmp = p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	echo_request = p->family == 4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST;
	if (!service_find(p, 0, icmp))
		return VERDICT_NOT_SERVICE;
	if (p->fragment)
		return VERDICT_FRAGMENT;
	if (p->protocol != icmp)
		return VERDICT_VIP_OTHER;
	if (p->icmp_type == echo_request)
		return VERDICT_ECHO_REPLY;
	return service_is_icmp_error(p) ? VERDICT_ICMP_ERROR : VERDICT_VIP_OTHER;
}

static __always_inline enum verdict stage_service(struct packet *p)
{
	const struct service_entry *entry;
	const __u32 *service;

	if (p->fragment || (p->protocol != IPPROTO_TCP && p->protocol != IPPROTO_UDP))
		return service_without_ports(p);
	service = service_find(p, p->destination_port_be, p->protocol);
	if (!service && FEATURE(ANY_PORT))
		service = service_find(p, 0, p->protocol);
	if (!service)
		return VERDICT_NOT_SERVICE;
	p->service = *service;
	entry = bpf_map_lookup_elem(&services, &p->service);
	if (!entry)
		return VERDICT_NOT_SERVICE;
	p->service_word = *(const volatile __u64 *)&entry->word;
	if (!(p->service_word & SERVICE_WORD_LIVE)) {
		p->service = SERVICE_NONE;
		return VERDICT_NOT_SERVICE;
	}
	p->new_flow = packet_is_syn(p);
	return VERDICT_CONTINUE;
}

#endif
