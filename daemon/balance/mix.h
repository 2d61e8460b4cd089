/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mix.h - a fixed 64-bit hash: the same on all nodes, machines and releases, since tables are built
 * from it. Not keyed: only what the operator configures goes in.
 */
#ifndef SLUICE_MIX_H
#define SLUICE_MIX_H

#include "base/address.h"

#include <endian.h>

/* Multiply and fold, twice: each bit of either argument reaches each bit of the result. */
static inline __u64 mix(__u64 state, __u64 value)
{
	state = (state ^ value) * 0x9e3779b97f4a7c15ull;
	state = (state ^ state >> 32) * 0xd6e8feb86659fd93ull;
	return state ^ state >> 32;
}

static inline __u64 mix_address(__u64 state, const struct address *address)
{
	state = mix(state, address->family);
	for (int i = 0; i < 4; i += 2)
		state = mix(state, (__u64)be32toh(address->word_be[i]) << 32 |
					   be32toh(address->word_be[i + 1]));
	return state;
}

#endif
