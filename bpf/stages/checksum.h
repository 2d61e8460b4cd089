/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * checksum.h - the Internet checksum (RFC 1071, RFC 1624), over words as they stand in memory: its sum
 * doesn't care about byte order.
 */
#ifndef SLUICE_STAGES_CHECKSUM_H
#define SLUICE_STAGES_CHECKSUM_H

#include "packet.h"

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u64 checksum_words(const any_be32 *words, __u32 count)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* Of an IPv4 header without options whose own checksum is 0. */
static __always_inline __u16 checksum_ip4(const struct iphdr *ip)
{
	return ~checksum_fold(checksum_words((const any_be32 *)ip, sizeof(*ip) / 4));
}

/* After one 16-bit word has changed (RFC 1624, equation 3). */
static __always_inline __u16 checksum_update(__u16 checksum, __be16 from, __be16 to)
{
	return ~checksum_fold((__u64)(__u16)~checksum + (__u16)~from + to);
}

#endif
