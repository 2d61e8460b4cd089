/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.h - the store's side in its thread: keeps the database open, does tasks, and when the disk
 * fails closes it and tries again, waiting longer each time. Blocks; for one thread only.
 *
 * While degraded, tasks that write are answered STORE_UNKNOWN at once; those that only read are done
 * where the database still opens (a full disk).
 */
#ifndef SLUICE_STATE_KEEPER_H
#define SLUICE_STATE_KEEPER_H

#include "state/answer.h"
#include "state/db.h"

struct task;

/* As the thread sees it. */
struct keeper_status {
	bool degraded;
	int refusal;		    /* enum db_refusal, or 0 */
	char why[RECORD_TEXT_MAX];  /* it is degraded, or was last */
	uint32_t asides;	    /* corrupt databases that were moved aside */
	char notice[DB_NOTICE_MAX]; /* of the last of them */
};

struct keeper {
	const char *dir; /* borrowed, like the schema */
	const struct db_schema *schema;
	struct store_limits limits;
	unsigned retry_min_ms, retry_max_ms;
	struct db *db; /* owned; NULL: it doesn't open */
	struct keeper_status status;
	bool tried; /* to open it */
	unsigned retry_ms;
	uint64_t retry_at_ns; /* while degraded */
};

/* The rest zeroed, the upper members set by the caller. */
void keeper_deinit(struct keeper *keeper);

void keeper_run(struct keeper *keeper, struct task *task, uint64_t now_ns);
/* Opens, tries again, prunes, whatever is due; *ret_ms: when it wants to be called again, or -1. */
void keeper_idle(struct keeper *keeper, uint64_t now_ns, int *ret_ms);

#endif
