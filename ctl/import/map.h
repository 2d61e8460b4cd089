/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map.h - from texts to pointers; in an arena, so nothing is to be freed. {} is an empty one.
 */
#ifndef SLUICECTL_MAP_H
#define SLUICECTL_MAP_H

#include "import/arena.h"

struct map {
	struct map_entry *entries; /* a power of two of them */
	size_t size, count;
};

/* Where the value of `key` stands: NULL until it is set. Valid until the next call. */
void **map_at(struct arena *arena, struct map *map, const char *key);

#endif
