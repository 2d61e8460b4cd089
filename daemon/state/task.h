/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * task.h - a question or a change on its way through the thread, with copies of all it needs.
 */
#ifndef SLUICE_STATE_TASK_H
#define SLUICE_STATE_TASK_H

#include "state/jobs.h"
#include "state/store.h"
#include "state/tables.h"

struct task {
	struct job job;
	enum store_result (*ask)(struct db *db, struct task *task);
	bool writes;

	/* what `ask` takes of these */
	uint64_t number;
	uint64_t deadline_ms;
	size_t limit;
	enum table_move move;
	char error[RECORD_TEXT_MAX];
	struct generation generation;
	struct override override;
	struct event_query query;
	struct event_record event;   /* of the change; id 0: none */
	struct event_record *events; /* owned */
	size_t n_events;
	struct last_health *health; /* owned */
	size_t n_health;

	struct store_answer answer;
	store_done_fn *done; /* may be NULL */
	void *context;
};

void task_free(struct task *task);

/* `event` may be NULL. */
struct task *task_new(enum store_result (*ask)(struct db *db, struct task *task), bool writes,
		      const struct event_record *event, store_done_fn *done, void *context);

static inline const struct event_record *task_event(const struct task *task)
{
	return task->event.id ? &task->event : NULL;
}

#endif
