// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/health_batch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

/* By backend; of one backend by the place in the list, which keeps their order. */
static int by_backend(const void *left, const void *right)
{
	const struct last_health *a = *(const struct last_health *const *)left;
	const struct last_health *b = *(const struct last_health *const *)right;
	int order = strcmp(a->pool, b->pool);

	if (!order)
		order = strcmp(a->backend, b->backend);
	return order ? order : (a > b) - (a < b);
}

static bool same_backend(const struct last_health *a, const struct last_health *b)
{
	return !strcmp(a->pool, b->pool) && !strcmp(a->backend, b->backend);
}

/* Leaves the last of each backend. */
static void compact(struct health_batch *batch)
{
	_cleanup_free_ const struct last_health **sorted = sl_calloc(batch->count, sizeof(*sorted));
	struct last_health *list = sl_calloc(batch->room, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		sorted[i] = &batch->list[i];
	qsort(sorted, batch->count, sizeof(*sorted), by_backend);
	for (size_t i = 0; i < batch->count; i++)
		if (i + 1 == batch->count || !same_backend(sorted[i], sorted[i + 1]))
			list[count++] = *sorted[i];
	free(batch->list);
	batch->list = list;
	batch->count = count;
}

/* Compacting before growing, and growing when that gained little, costs little in sum. */
static bool make_room(struct health_batch *batch)
{
	if (batch->full)
		return false;
	if (batch->count < batch->room)
		return true;
	if (batch->count)
		compact(batch);
	if (batch->count <= batch->room / 2 && batch->room)
		return true;
	if (batch->room < HEALTH_BATCH_MAX) {
		batch->room = batch->room ? 2 * batch->room : FIRST_ROOM;
		batch->list = sl_realloc_array(batch->list, batch->room, sizeof(*batch->list));
	}
	batch->full = batch->count == batch->room;
	return !batch->full;
}

void health_batch_add(struct health_batch *batch, const struct last_health *health)
{
	if (make_room(batch))
		batch->list[batch->count++] = *health;
	else
		batch->lost++;
}

struct last_health *health_batch_take(struct health_batch *batch, size_t *ret_count)
{
	if (!batch->count)
		return NULL;
	compact(batch);
	*ret_count = batch->count;
	batch->count = batch->room = 0;
	batch->full = false;
	return steal(&batch->list);
}

void health_batch_return(struct health_batch *batch, const struct last_health *list, size_t count)
{
	struct health_batch later = *batch;

	memset(batch, 0, sizeof(*batch));
	batch->lost = later.lost;
	for (size_t i = 0; i < count; i++)
		health_batch_add(batch, &list[i]);
	for (size_t i = 0; i < later.count; i++)
		health_batch_add(batch, &later.list[i]);
	free(later.list);
}

void health_batch_deinit(struct health_batch *batch)
{
	free(batch->list);
	memset(batch, 0, sizeof(*batch));
}
