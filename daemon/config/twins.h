/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * twins.h - finds the elements of an array that are equal, without comparing each with each.
 */
#ifndef SLUICE_CONFIG_TWINS_H
#define SLUICE_CONFIG_TWINS_H

#include <stddef.h>

struct twins {
	/* Orders two elements by their indexes; 0: equal. */
	int (*compare)(const void *context, size_t a, size_t b);
	/* Told of each element that equals an earlier one; `first` is the earliest. */
	void (*tell)(const void *context, size_t first, size_t again);
	const void *context; /* borrowed */
};

void twins_find(const struct twins *twins, size_t count);

#endif
