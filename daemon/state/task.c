// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/task.h"

#include "base/memory.h"

#include <stdlib.h>

void task_free(struct task *task)
{
	generation_deinit(&task->generation);
	free(task->events);
	free(task->health);
	store_answer_deinit(&task->answer);
	free(task);
}

struct task *task_new(enum store_result (*ask)(struct db *db, struct task *task), bool writes,
		      const struct event_record *event, store_done_fn *done, void *context)
{
	struct task *task = sl_calloc(1, sizeof(*task));

	task->ask = ask;
	task->writes = writes;
	if (event)
		task->event = *event;
	task->done = done;
	task->context = context;
	task->job.bytes = sizeof(*task);
	return task;
}
