/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fold.h - configuration, overlay and next hops folded into one target. Pure.
 */
#ifndef SLUICE_FOLD_H
#define SLUICE_FOLD_H

#include "engine/hops.h"
#include "engine/overlay.h"

/*
 * When an idle record is over. An unconfirmed one lives as long as an established one: a live flow
 * may have spoken only once since its slot moved; what a flood leaves behind gives way to others
 * anyway. A closing one as long as IPVS lets half-closed connections be.
 */
#define FOLD_IDLE_CLOSING_MS 120000

/*
 * `ret_target` borrows the names of `config`. A service waits while the first result of a backend that
 * might get its flows is due.
 */
void fold(const struct config *config, const struct overlay *overlay, const struct hops *hops,
	  uint64_t now_ns, struct target *ret_target);

#endif
