/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hash.h - the keyed hash that chooses slots and buckets.
 *
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) over a flow's
 * addresses, ports and protocol as bytes in network order: 13 bytes for IPv4, 37 for IPv6. An outsider
 * chooses those bytes, so the function must be a keyed pseudo-random one, or he aims all his flows at
 * one slot or one bucket. Cheaper keyed mixes (multiply and fold) save 8 ns of some 36 a packet, and
 * their key can be found by who sees where flows go; SipHash-2-4 costs twice the rounds for a margin
 * that a table needs less than a signature does.
 *
 * Words are read in host order, so hosts of one cluster must be of one byte order (all we support are
 * little-endian).
 */
#ifndef SLUICE_HASH_H
#define SLUICE_HASH_H

#include "maps.h"
#include "packet.h"

struct siphash {
	__u64 v0, v1, v2, v3;
};

#define HASH_ROTATE(x, by) ((x) << (by) | (x) >> (64 - (by)))

static __always_inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = HASH_ROTATE(s->v1, 13) ^ s->v0;
	s->v3 = HASH_ROTATE(s->v3, 16) ^ s->v2;
	s->v0 = HASH_ROTATE(s->v0, 32) + s->v3;
	s->v2 += s->v1;
	s->v1 = HASH_ROTATE(s->v1, 17) ^ s->v2;
	s->v3 = HASH_ROTATE(s->v3, 21) ^ s->v0;
	s->v2 = HASH_ROTATE(s->v2, 32);
}

static __always_inline void siphash_start(struct siphash *s)
{
	__u64 k0 = hash_key.word[0], k1 = hash_key.word[1];

	s->v0 = k0 ^ 0x736f6d6570736575ull;
	s->v1 = k1 ^ 0x646f72616e646f6dull;
	s->v2 = k0 ^ 0x6c7967656e657261ull;
	s->v3 = k1 ^ 0x7465646279746573ull;
}

static __always_inline void siphash_add(struct siphash *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	s->v0 ^= word;
}

/* The last word carries the bytes left over and, in its top byte, the length of all. */
static __always_inline __u64 siphash_end(struct siphash *s, __u64 rest, __u64 length)
{
	siphash_add(s, rest | length << 56);
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static __always_inline __u64 hash_pair(__be32 first, __be32 second)
{
	return (__u64)first | (__u64)second << 32;
}

/* Of source, destination, ports and protocol. */
static __always_inline __u64 hash_flow(const struct packet *p)
{
	__u64 rest = (__u64)p->source_port_be | (__u64)p->destination_port_be << 16 |
		     (__u64)p->protocol << 32;
	struct siphash s;

	siphash_start(&s);
	if (p->family == 4) {
		siphash_add(&s, hash_pair(p->source_be[0], p->destination_be[0]));
		return siphash_end(&s, rest, 13);
	}
	siphash_add(&s, hash_pair(p->source_be[0], p->source_be[1]));
	siphash_add(&s, hash_pair(p->source_be[2], p->source_be[3]));
	siphash_add(&s, hash_pair(p->destination_be[0], p->destination_be[1]));
	siphash_add(&s, hash_pair(p->destination_be[2], p->destination_be[3]));
	return siphash_end(&s, rest, 37);
}

/* The leading bits of word number i of an address. */
static __always_inline __be32 hash_mask(__u32 bits, __u32 i)
{
	__u32 left = bits > 32 * i ? bits - 32 * i : 0;

	return left >= 32 ? ~0u : left ? bpf_htonl(~0u << (32 - left)) : 0;
}

/* Of the leading bits of the source address: 4 bytes for IPv4, 16 for IPv6. */
static __always_inline __u64 hash_source(const struct packet *p, __u32 bits)
{
	const __be32 *from = p->source_be;
	struct siphash s;

	siphash_start(&s);
	if (p->family == 4)
		return siphash_end(&s, from[0] & hash_mask(bits, 0), 4);
	siphash_add(&s, hash_pair(from[0] & hash_mask(bits, 0), from[1] & hash_mask(bits, 1)));
	siphash_add(&s, hash_pair(from[2] & hash_mask(bits, 2), from[3] & hash_mask(bits, 3)));
	return siphash_end(&s, 0, 16);
}

#endif
