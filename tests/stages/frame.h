/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - frames to put through the packet path, and what to look for in those that come out.
 *
 * A frame is described by what differs from the plain case: an Ethernet frame from a client to a VIP.
 * Lengths and checksums are worked out byte by byte here, apart from the code under test.
 */
#ifndef SLUICE_TESTS_FRAME_H
#define SLUICE_TESTS_FRAME_H

#include <stdbool.h>

#include <linux/types.h>

#define FRAME_MAX     9216
#define FRAME_CLIENT4 "192.0.2.10"
#define FRAME_CLIENT6 "2001:db8:c::10"
#define FRAME_VIP4    "198.51.100.1"
#define FRAME_VIP6    "2001:db8::1"

#define SYN 0x02
#define ACK 0x10
#define FIN 0x01
#define RST 0x04

struct frame {
	__u32 length;
	__u32 l3; /* offsets of the IP header and of what follows it and its extensions */
	__u32 l4;
	unsigned char bytes[FRAME_MAX];
};

struct frame_spec {
	int family;		 /* 4 (0 too) or 6 */
	const char *source;	 /* NULL: the client */
	const char *destination; /* NULL: the VIP */
	int protocol;		 /* 0: TCP */
	int source_port;	 /* 0: 40000 */
	int destination_port;	 /* 0: 80, UDP: 53 */
	int tcp_flags;		 /* 0: ACK */
	__u32 sequence, acknowledged;
	int vlan;	   /* tag control; 0: no tag */
	int vlan_tpid;	   /* 0: 0x8100 */
	int options;	   /* bytes of IPv4 options (no-operations), a multiple of four */
	int extensions[8]; /* IPv6 header numbers; hop-by-hop (0) is written as 256 */
	int segments_left; /* of a routing header */
	int fragment;	   /* IPv4: flags and offset; IPv6: what a fragment header holds */
	int traffic_class;
	int ttl;	/* 0: 63 */
	int icmp_type;	/* ICMP and ICMPv6 */
	int id, number; /* of an echo */
	bool zero_payload;
	bool to_group, from_group; /* by MAC address */
	int payload;		   /* bytes */
	int padding;		   /* bytes behind the IP packet */
};

void frame_build(struct frame *f, struct frame_spec spec);

/* Every checksum that is computed anew. */
__u16 frame_checksum(const void *data, __u32 length, __u32 sum);
__u32 frame_pseudo_sum(const unsigned char *ip, int protocol, __u32 length);

__u16 frame_be16(const unsigned char *at);
__u32 frame_be32(const unsigned char *at);

/* Are the IP header at `offset`, and for ICMP, TCP what it carries, right to the checksum? */
bool frame_is_sound(const struct frame *f, __u32 offset);

#endif
