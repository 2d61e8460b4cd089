/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/arena.h"

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (64u << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block = grow(NULL, sizeof(*block) + room);

	*block = (struct arena_block){.next = arena->blocks, .size = room};
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t unit = sizeof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *memory;

	size = (size + unit - 1) / unit * unit;
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	memory = (char *)block->bytes + block->used;
	block->used += size;
	return memset(memory, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	memcpy(copy, text, size);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	text = arena_alloc(arena, size + 1);
	vsnprintf(text, size + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void *arena_extend(struct arena *arena, void *array, size_t count, size_t size)
{
	size_t room = count ? 2 * count : 4;
	void *larger;

	if (count && (count < 4 || (count & (count - 1))))
		return array;
	larger = arena_alloc(arena, room * size);
	if (count)
		memcpy(larger, array, count * size);
	return larger;
}

void arena_deinit(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}
