/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random.h - a small generator (splitmix64) for tests with random histories: a seed is a history.
 */
#ifndef SLUICE_TESTS_RANDOM_H
#define SLUICE_TESTS_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* 0 to n - 1 */
static inline uint32_t random_below(struct random *random, uint32_t n)
{
	return (random_next(random) >> 32) * n >> 32;
}

/* True once in `n` */
static inline int random_one_in(struct random *random, uint32_t n)
{
	return !random_below(random, n);
}

#endif
