/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/map.h"

#include <stdint.h>
#include <string.h>

struct map_entry {
	const char *key;
	void *value;
};

/* FNV-1a. */
static uint64_t hash(const char *key)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (; *key; key++)
		value = (value ^ (unsigned char)*key) * 0x100000001b3u;
	return value ^ value >> 32;
}

static struct map_entry *find(const struct map *map, const char *key)
{
	size_t i = hash(key) & (map->size - 1);

	while (map->entries[i].key && strcmp(map->entries[i].key, key))
		i = (i + 1) & (map->size - 1);
	return &map->entries[i];
}

static void enlarge(struct arena *arena, struct map *map)
{
	struct map larger = {.size = map->size ? 4 * map->size : 16, .count = map->count};

	larger.entries = arena_alloc(arena, larger.size * sizeof(*larger.entries));
	for (size_t i = 0; i < map->size; i++)
		if (map->entries[i].key)
			*find(&larger, map->entries[i].key) = map->entries[i];
	*map = larger;
}

void **map_at(struct arena *arena, struct map *map, const char *key)
{
	struct map_entry *entry;

	if (2 * map->count >= map->size)
		enlarge(arena, map);
	entry = find(map, key);
	if (!entry->key) {
		entry->key = arena_copy(arena, key, strlen(key));
		map->count++;
	}
	return &entry->value;
}
