/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena.h - memory that is given back all at once. What an import makes lives as long as the import.
 */
#ifndef SLUICECTL_ARENA_H
#define SLUICECTL_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* owned */
};

/* Zeroed, never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* With a NUL behind. */
char *arena_copy(struct arena *arena, const char *text, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for one more in an array that has `count` of `size` bytes each; doubles, from 4. */
void *arena_extend(struct arena *arena, void *array, size_t count, size_t size);
void arena_deinit(struct arena *arena);

#endif
