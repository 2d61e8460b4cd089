/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * packet.h - one packet on its way through the stages: where its headers are, what it says, and what
 * was decided about it.
 *
 * The struct holds offsets, never pointers: it is handed to global functions, which the verifier
 * checks apart from their callers, and a pointer into the frame would not survive that. Bytes of the
 * frame are reached through packet_at(), anew in each stage.
 *
 * All of this compiles for BPF and, over host.h, as plain C.
 */
#ifndef SLUICE_PACKET_H
#define SLUICE_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "sluice/abi.h"

#ifdef __bpf__
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#define FIXED_AT_LOAD const volatile
/* The verifier of 6.1 forgets a bound that was tested on a copy: test and use one register. */
#define ONE_REGISTER(variable) asm volatile("" : "+r"(variable))
/* Code off the hot path: a global function, which the verifier walks once, not once a call. */
#define COLD __noinline
#else
#include "host.h"
#endif

/*
 * Header offsets stay below this, or the verifier loses sight of them. Only IPv6 extension headers
 * reach that far.
 */
#define PACKET_OFFSET_MAX 0x3ff

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define ICMP4_ECHO_REPLY    0
#define ICMP4_UNREACHABLE   3
#define ICMP4_ECHO_REQUEST  8
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER	    12
#define ICMP6_UNREACHABLE   1
#define ICMP6_PARAMETER	    4 /* the last of the errors: 1 unreachable, 2 too big, 3 time exceeded */
#define ICMP6_ECHO_REQUEST  128
#define ICMP6_ECHO_REPLY    129

/* Any header, read as words. */
typedef __be16 __attribute__((__may_alias__)) any_be16;
typedef __be32 __attribute__((__may_alias__)) any_be32;

/* struct ethhdr is packed: BPF would read it byte by byte. Frames are even. */
struct ethernet {
	__be16 destination_be[3];
	__be16 source_be[3];
	__be16 type_be;
};

struct vlan_tag {
	__be16 control_be;
	__be16 type_be;
};

struct icmp {
	__u8 type;
	__u8 code;
	__be16 checksum_be;
	__be16 id_be;
	__be16 sequence_be;
};

/* No padding, and nothing unset: older verifiers refuse a global function uninitialised bytes. */
struct packet {
	/* What it says; from parse. */
	__u32 length;	     /* of the frame as it came */
	__u32 l3;	     /* offset of the IP header: 14, or 18 behind a VLAN tag */
	__u32 l4;	     /* offset of what follows IP's headers */
	__u32 l3_length;     /* of the IP packet by its own account: without Ethernet's padding */
	__be32 source_be[4]; /* IPv4: [0], the rest 0 */
	__be32 destination_be[4];
	__be16 source_port_be;
	__be16 destination_port_be;
	__be16 vlan_tpid_be; /* 0: no tag */
	__be16 vlan_control_be;
	__u8 family;	    /* 4 or 6 */
	__u8 protocol;	    /* what follows IP's headers */
	__u8 traffic_class; /* IPv4: TOS */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 fragment; /* not whole: no ports */

	/* What was decided. */
	__u8 new_flow; /* counts as one */
	__u8 would_be; /* enum verdict; from shadow */
	__u32 service;
	__u32 backend; /* SLOT_NONE: none */
	__u64 service_word;
	__u64 hash; /* of the flow; 0: not needed */
	__u32 slot;
	__u32 slot_word;
	__u32 entropy; /* of the flow, for outer headers; not secret, not the slot's bits */
	__u32 choice;  /* enum choice */

	/* The flow table's answer; from flow. */
	__u64 now_ns;
	__u64 record; /* of the flow, or 0 */
	__u64 victim; /* without a record: what stands in the place for a new one */
	__u32 place;  /* of the record, or for a new one; FLOW_NO_PLACE */
	__u32 zero2;
};

_Static_assert(sizeof(struct packet) == 136, "struct packet has padding");

/* The frame's bytes from offset on, or NULL where fewer than size are left in its linear part. */
static __always_inline void *packet_at(const struct xdp_md *ctx, __u32 offset, __u32 size)
{
	unsigned char *data = (unsigned char *)(long)ctx->data;
	const unsigned char *end = (const unsigned char *)(long)ctx->data_end;
	__u64 at = offset;

	if (!__builtin_constant_p(offset))
		ONE_REGISTER(at);
	if (at > PACKET_OFFSET_MAX)
		return NULL;
	data += at;
	return data + size <= end ? data : NULL;
}

/* The verdicts that promise an answer; reply makes it. */
static __always_inline bool packet_is_answered(enum verdict verdict)
{
	return verdict >= VERDICT_ECHO_REPLY && verdict <= VERDICT_NO_BACKEND_ICMP;
}

/* It was found a backend, and sent there, or would be but for shadow mode. */
static __always_inline bool packet_has_backend(enum verdict verdict)
{
	return verdict >= VERDICT_FORWARDED;
}

_Static_assert(VERDICT_ECHO_REPLY + 1 == VERDICT_NO_BACKEND_RESET, "answered");
_Static_assert(VERDICT_NO_BACKEND_RESET + 1 == VERDICT_NO_BACKEND_ICMP, "answered");
_Static_assert(VERDICT_FORWARDED + 1 == VERDICT_REDIRECTED, "sent");
_Static_assert(VERDICT_REDIRECTED + 1 == VERDICT_SHADOW_FORWARDED, "sent");
_Static_assert(VERDICT_SHADOW_FORWARDED + 1 == VERDICT_COUNT, "sent");

static __always_inline bool packet_is_syn(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

#endif
