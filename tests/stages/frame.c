// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages/frame.h"

#include <arpa/inet.h>
#include <string.h>

__u16 frame_be16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

__u32 frame_be32(const unsigned char *at)
{
	return (__u32)frame_be16(at) << 16 | frame_be16(at + 2);
}

static void put16(unsigned char *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(unsigned char *at, __u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

__u16 frame_checksum(const void *data, __u32 length, __u32 sum)
{
	const unsigned char *bytes = data;

	for (__u32 i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

__u32 frame_pseudo_sum(const unsigned char *ip, int protocol, __u32 length)
{
	__u32 from = ip[0] >> 4 == 4 ? 12 : 8, to = ip[0] >> 4 == 4 ? 20 : 40;
	__u32 sum = protocol + length;

	for (__u32 i = from; i < to; i += 2)
		sum += frame_be16(ip + i);
	return sum;
}

static unsigned char *append(struct frame *f, __u32 size)
{
	unsigned char *at = f->bytes + f->length;

	memset(at, 0, size);
	f->length += size;
	return at;
}

static void append_link(struct frame *f, const struct frame_spec *s)
{
	static const unsigned char macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	int type = s->family == 6 ? 0x86dd : 0x0800;
	unsigned char *link = append(f, sizeof(macs));

	memcpy(link, macs, sizeof(macs));
	link[0] |= s->to_group;
	link[6] |= s->from_group;
	if (s->vlan) {
		put16(append(f, 2), s->vlan_tpid ? s->vlan_tpid : 0x8100);
		put16(append(f, 2), s->vlan);
	}
	put16(append(f, 2), type);
	f->l3 = f->length;
}

static void append_ip4(struct frame *f, const struct frame_spec *s)
{
	unsigned char *ip = append(f, 20);

	ip[0] = 0x40 | (5 + s->options / 4);
	ip[1] = s->traffic_class;
	put16(ip + 4, 0x1234);
	put16(ip + 6, s->fragment);
	ip[8] = s->ttl ? s->ttl : 63;
	ip[9] = s->protocol;
	inet_pton(AF_INET, s->source ? s->source : FRAME_CLIENT4, ip + 12);
	inet_pton(AF_INET, s->destination ? s->destination : FRAME_VIP4, ip + 16);
	memset(append(f, s->options), 1, s->options);
}

static void append_ip6(struct frame *f, const struct frame_spec *s)
{
	unsigned char *ip = append(f, 40), *next = ip + 6, *header;

	put32(ip, 6u << 28 | s->traffic_class << 20 | 0x12345);
	ip[7] = s->ttl ? s->ttl : 63;
	inet_pton(AF_INET6, s->source ? s->source : FRAME_CLIENT6, ip + 8);
	inet_pton(AF_INET6, s->destination ? s->destination : FRAME_VIP6, ip + 24);
	for (const int *e = s->extensions; *e; e++) {
		*next = *e & 0xff;
		header = append(f, *e == IPPROTO_AH ? 12 : *e == IPPROTO_DSTOPTS ? 16 : 8);
		next = header;
		if (*e == IPPROTO_AH || *e == IPPROTO_DSTOPTS)
			header[1] = 1;
		if (*e == IPPROTO_FRAGMENT)
			put16(header + 2, s->fragment);
		if (*e == IPPROTO_ROUTING)
			header[3] = s->segments_left;
	}
	*next = s->protocol;
}

static void append_transport(struct frame *f, const struct frame_spec *s)
{
	unsigned char *at;

	if (s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP) {
		at = append(f, s->protocol == IPPROTO_TCP ? 20 : 8);
		put16(at, s->source_port ? s->source_port : 40000);
		put16(at + 2, s->destination_port	   ? s->destination_port
			      : s->protocol == IPPROTO_TCP ? 80
							   : 53);
		if (s->protocol == IPPROTO_UDP) {
			put16(at + 4, 8 + s->payload);
			return;
		}
		put32(at + 4, s->sequence);
		put32(at + 8, s->acknowledged);
		at[12] = 0x50;
		at[13] = s->tcp_flags ? s->tcp_flags : ACK;
	} else if (s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6) {
		at = append(f, 8);
		at[0] = s->icmp_type;
		put16(at + 4, s->id);
		put16(at + 6, s->number);
	}
}

static void finish_sums(struct frame *f, const struct frame_spec *s)
{
	static const int offsets[256] = {
		[IPPROTO_TCP] = 16,
		[IPPROTO_UDP] = 6,
		[IPPROTO_ICMP] = 2,
		[IPPROTO_ICMPV6] = 2,
	};
	unsigned char *ip = f->bytes + f->l3, *at = f->bytes + f->l4;
	__u32 size = f->length - f->l4;
	__u32 sum = s->protocol == IPPROTO_ICMP ? 0 : frame_pseudo_sum(ip, s->protocol, size);

	if (offsets[s->protocol])
		put16(at + offsets[s->protocol], frame_checksum(at, size, sum));
	if (s->family == 6) {
		put16(ip + 4, f->length - f->l3 - 40);
		return;
	}
	put16(ip + 2, f->length - f->l3);
	put16(ip + 10, frame_checksum(ip, 20 + s->options, 0));
}

void frame_build(struct frame *f, struct frame_spec spec)
{
	unsigned char *payload;

	if (!spec.protocol)
		spec.protocol = IPPROTO_TCP;
	f->length = 0;
	append_link(f, &spec);
	if (spec.family == 6)
		append_ip6(f, &spec);
	else
		append_ip4(f, &spec);
	f->l4 = f->length;
	append_transport(f, &spec);
	payload = append(f, spec.payload);
	for (int i = 0; i < spec.payload && !spec.zero_payload; i++)
		payload[i] = i * 7 + 1;
	finish_sums(f, &spec);
	memset(append(f, spec.padding), 0xee, spec.padding);
}

bool frame_is_sound(const struct frame *f, __u32 offset)
{
	const unsigned char *ip = f->bytes + offset;
	bool is4 = ip[0] >> 4 == 4;
	__u32 header = is4 ? (ip[0] & 15) * 4 : 40;
	__u32 size = is4 ? frame_be16(ip + 2) - header : frame_be16(ip + 4);
	int protocol = is4 ? ip[9] : ip[6];
	__u32 sum = 0;

	if (offset + header + size > f->length || (is4 && frame_checksum(ip, header, 0) != 0))
		return false;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6)
		return true;
	if (protocol != IPPROTO_ICMP)
		sum = frame_pseudo_sum(ip, protocol, size);
	return frame_checksum(ip + header, size, sum) == 0;
}
