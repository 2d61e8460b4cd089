/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grace.h - waits, in a thread of its own, until every packet that was under way has left the program.
 *
 * membarrier(MEMBARRIER_CMD_GLOBAL) is an RCU grace period, and XDP programs run under RCU. It blocks
 * for up to 0.1 s, so never on the loop. Where the kernel refuses it (nohz_full), a wait of
 * GRACE_FALLBACK_S stands in: no packet is in the program that long.
 */
#ifndef SLUICE_GRACE_H
#define SLUICE_GRACE_H

#include "base/error.h"

#include <stdbool.h>

#define GRACE_FALLBACK_S 10

struct event_base;
struct grace;

/* Called from the loop when a period that was begun is over. */
typedef void grace_over_fn(void *context);

int grace_new(struct event_base *base, grace_over_fn *over, void *context, struct grace **ret_grace,
	      struct sl_errors *errors);
void grace_free(struct grace *grace);

/* Begins a period; false if one is under way, and nothing is begun. */
bool grace_begin(struct grace *grace);

#endif
