/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/twins.h"

#include "base/memory.h"

#include <stdlib.h>

static int compare(const void *left, const void *right, void *context)
{
	const struct twins *twins = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = twins->compare(twins->context, a, b);

	return order ? order : (a > b) - (a < b);
}

void twins_find(const struct twins *twins, size_t count)
{
	_cleanup_free_ size_t *sorted = sl_calloc(count, sizeof(*sorted));
	size_t first = 0;

	for (size_t i = 0; i < count; i++)
		sorted[i] = i;
	qsort_r(sorted, count, sizeof(*sorted), compare, (void *)twins);
	for (size_t i = 1; i < count; i++) {
		if (twins->compare(twins->context, sorted[first], sorted[i]))
			first = i;
		else
			twins->tell(twins->context, sorted[first], sorted[i]);
	}
}
