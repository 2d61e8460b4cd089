/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fold.h - configuration, overlay and next hops folded into one target. Pure.
 */
#ifndef SLUICE_FOLD_H
#define SLUICE_FOLD_H

#include "engine/hops.h"
#include "engine/overlay.h"

/* Idle times of flow records; established ones live as long as the longest drain time. */
#define FOLD_IDLE_UNCONFIRMED_MS 60000
#define FOLD_IDLE_CLOSING_MS	 10000

/* `ret_target` borrows the names of `config`. */
void fold(const struct config *config, const struct overlay *overlay, const struct hops *hops,
	  struct target *ret_target);

#endif
