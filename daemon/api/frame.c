/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/frame.h"

#include "base/memory.h"

#include <netinet/in.h>
#include <string.h>

#define ETHERNET_SIZE 14
#define TTL	      64

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

/* Of the Internet (RFC 1071), continued from `sum`. */
static uint32_t add_words(uint32_t sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static size_t put_ethernet(uint8_t *at, uint8_t family)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	memcpy(at, macs, sizeof(macs));
	put16(at + 12, family == 4 ? 0x0800 : 0x86dd);
	return ETHERNET_SIZE;
}

static size_t put_ip4(uint8_t *at, const struct body_explain *flow, size_t payload)
{
	at[0] = 0x45;
	put16(at + 2, 20 + payload);
	at[6] = 0x40; /* don't fragment */
	at[8] = TTL;
	at[9] = flow->protocol;
	memcpy(at + 12, flow->source.word_be, 4);
	memcpy(at + 16, flow->destination.word_be, 4);
	put16(at + 10, fold(add_words(0, at, 20)));
	return 20;
}

static size_t put_ip6(uint8_t *at, const struct body_explain *flow, size_t payload)
{
	at[0] = 0x60;
	put16(at + 4, payload);
	at[6] = flow->protocol;
	at[7] = TTL;
	memcpy(at + 8, flow->source.word_be, 16);
	memcpy(at + 24, flow->destination.word_be, 16);
	return 40;
}

static void put_ports(uint8_t *at, const struct body_explain *flow)
{
	put16(at, flow->source_port);
	put16(at + 2, flow->destination_port);
}

static size_t put_tcp(uint8_t *at, const struct body_explain *flow)
{
	put_ports(at, flow);
	at[12] = 5 << 4; /* words of header */
	at[13] = flow->tcp_flags;
	put16(at + 14, 0xffff);
	return 20;
}

static size_t put_udp(uint8_t *at, const struct body_explain *flow)
{
	put_ports(at, flow);
	put16(at + 4, 8);
	return 8;
}

/* Over the pseudo header, too; 0 would mean "none" for UDP. */
static void put_checksum(uint8_t *at, size_t size, const struct body_explain *flow)
{
	size_t address = flow->source.family == 4 ? 4 : 16;
	uint32_t sum = flow->protocol + size;
	uint16_t checksum;

	sum = add_words(sum, flow->source.word_be, address);
	sum = add_words(sum, flow->destination.word_be, address);
	checksum = fold(add_words(sum, at, size));
	if (flow->protocol == IPPROTO_TCP)
		put16(at + 16, checksum);
	else
		put16(at + 6, checksum ? checksum : 0xffff);
}

size_t frame_of_flow(const struct body_explain *flow, uint8_t frame[FRAME_FLOW_MAX])
{
	bool is_ip4 = flow->source.family == 4, is_tcp = flow->protocol == IPPROTO_TCP;
	size_t payload = is_tcp ? 20 : 8, size;

	memset(frame, 0, FRAME_FLOW_MAX);
	size = put_ethernet(frame, flow->source.family);
	size += (is_ip4 ? put_ip4 : put_ip6)(frame + size, flow, payload);
	(is_tcp ? put_tcp : put_udp)(frame + size, flow);
	put_checksum(frame + size, payload, flow);
	return size + payload;
}

char *frame_hex(const uint8_t *frame, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = sl_calloc(2 * size + 1, 1);

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[frame[i] >> 4];
		text[2 * i + 1] = digits[frame[i] & 15];
	}
	return text;
}
