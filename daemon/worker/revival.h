/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revival.h - whether a worker that ended is started anew, and after how long. Pure.
 *
 * One that a signal ended has crashed, or was killed, and is started anew: traffic goes on by
 * itself, but checks and changes need a worker. One that ended by itself said why, and would again.
 * So does, in effect, one that crashes again and again: then it is the service manager's turn.
 */
#ifndef SLUICE_REVIVAL_H
#define SLUICE_REVIVAL_H

#include <stdint.h>

#define REVIVAL_PAUSE_MS 100 /* after the first crash in a row; doubled with each further */
#define REVIVAL_CRASHES	 6   /* as many in a row are the end */
#define REVIVAL_WELL_S	 60  /* who lived that long begins a new row */

struct revival {
	unsigned crashes; /* in a row */
};

/* `status` as of loader_serve(). The pause in ms, or -1: no other worker. */
int revival_pause_ms(struct revival *revival, int status, uint64_t lived_ns);

#endif
