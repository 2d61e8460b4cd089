/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health_batch.h - changes of health that wait to be written: the last one of each backend. Pure.
 */
#ifndef SLUICE_STATE_HEALTH_BATCH_H
#define SLUICE_STATE_HEALTH_BATCH_H

#include "state/record.h"

#define HEALTH_BATCH_MAX 65536 /* backends */

/* Zeroed is empty. */
struct health_batch {
	struct last_health *list; /* owned; later ones stand behind */
	size_t count;
	size_t room;
	bool full;     /* of backends that differ: until it is taken, what comes is lost */
	uint64_t lost; /* for want of room */
};

void health_batch_deinit(struct health_batch *batch);
void health_batch_add(struct health_batch *batch, const struct last_health *health);
/* Takes all out; NULL when there are none. The caller frees. */
struct last_health *health_batch_take(struct health_batch *batch, size_t *ret_count);
/* Puts back what couldn't be written: before what was added meanwhile. */
void health_batch_return(struct health_batch *batch, const struct last_health *list, size_t count);

#endif
