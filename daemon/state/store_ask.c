// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's changes and questions, each as a task and what the thread does with it.
 */
#include "state/store.h"

#include "base/memory.h"
#include "state/put.h"
#include "state/task.h"

#include <string.h>

/* ---- generations ---------------------------------------------------------------------------------- */

static enum store_result ask_begin(struct db *db, struct task *task)
{
	return table_begin(db, &task->generation, task_event(task), &task->answer);
}

int store_begin(struct store *store, const struct generation *generation,
		const struct event_record *event, store_done_fn *done, void *context,
		struct sl_errors *errors)
{
	struct task *task = task_new(ask_begin, true, event, done, context);

	task->generation = *generation;
	task->generation.config = sl_strdup(generation->config);
	task->job.bytes += strlen(generation->config);
	return store_put(store, task, errors);
}

static enum store_result ask_move(struct db *db, struct task *task)
{
	return table_move(db, task->move, task->number, task->deadline_ms, task->error,
			  task_event(task), &task->answer);
}

static struct task *new_move(enum table_move move, uint64_t number, const char *error,
			     const struct event_record *event, store_done_fn *done, void *context)
{
	struct task *task = task_new(ask_move, true, event, done, context);

	task->move = move;
	task->number = number;
	record_set(task->error, error);
	return task;
}

int store_finish(struct store *store, uint64_t number, uint64_t deadline_ms,
		 const struct event_record *event, store_done_fn *done, void *context,
		 struct sl_errors *errors)
{
	struct task *task =
		new_move(deadline_ms ? MOVE_TRY : MOVE_FINISH, number, NULL, event, done, context);

	task->deadline_ms = deadline_ms;
	return store_put(store, task, errors);
}

int store_fail(struct store *store, uint64_t number, const char *why,
	       const struct event_record *event, store_done_fn *done, void *context,
	       struct sl_errors *errors)
{
	return store_put(store, new_move(MOVE_FAIL, number, why, event, done, context), errors);
}

int store_confirm(struct store *store, uint64_t number, const struct event_record *event,
		  store_done_fn *done, void *context, struct sl_errors *errors)
{
	return store_put(store, new_move(MOVE_CONFIRM, number, NULL, event, done, context), errors);
}

int store_undo(struct store *store, uint64_t number, const char *why,
	       const struct event_record *event, store_done_fn *done, void *context,
	       struct sl_errors *errors)
{
	return store_put(store, new_move(MOVE_UNDO, number, why, event, done, context), errors);
}

static enum store_result ask_get(struct db *db, struct task *task)
{
	return table_get(db, task->number, &task->answer);
}

int store_get(struct store *store, uint64_t number, store_done_fn *done, void *context,
	      struct sl_errors *errors)
{
	struct task *task = task_new(ask_get, false, NULL, done, context);

	task->number = number;
	return store_put(store, task, errors);
}

static enum store_result ask_list(struct db *db, struct task *task)
{
	return table_list(db, task->number, task->limit, &task->answer);
}

int store_list(struct store *store, uint64_t before, size_t limit, store_done_fn *done,
	       void *context, struct sl_errors *errors)
{
	struct task *task = task_new(ask_list, false, NULL, done, context);

	task->number = before;
	task->limit = limit;
	return store_put(store, task, errors);
}

static enum store_result ask_recall(struct db *db, struct task *task)
{
	return table_recall(db, &task->answer);
}

int store_recall(struct store *store, store_done_fn *done, void *context, struct sl_errors *errors)
{
	return store_put(store, task_new(ask_recall, false, NULL, done, context), errors);
}

/* ---- overrides ------------------------------------------------------------------------------------ */

static enum store_result ask_put_override(struct db *db, struct task *task)
{
	return table_put_override(db, &task->override, task_event(task), &task->answer);
}

int store_put_override(struct store *store, const struct override *override,
		       const struct event_record *event, store_done_fn *done, void *context,
		       struct sl_errors *errors)
{
	struct task *task = task_new(ask_put_override, true, event, done, context);

	task->override = *override;
	return store_put(store, task, errors);
}

static enum store_result ask_remove_override(struct db *db, struct task *task)
{
	return table_remove_override(db, task->override.pool, task->override.backend,
				     task_event(task), &task->answer);
}

int store_remove_override(struct store *store, const char *pool, const char *backend,
			  const struct event_record *event, store_done_fn *done, void *context,
			  struct sl_errors *errors)
{
	struct task *task = task_new(ask_remove_override, true, event, done, context);

	record_set(task->override.pool, pool);
	record_set(task->override.backend, backend);
	return store_put(store, task, errors);
}

static enum store_result ask_overrides(struct db *db, struct task *task)
{
	return table_overrides(db, &task->answer);
}

int store_overrides(struct store *store, store_done_fn *done, void *context,
		    struct sl_errors *errors)
{
	return store_put(store, task_new(ask_overrides, false, NULL, done, context), errors);
}

/* ---- events --------------------------------------------------------------------------------------- */

static enum store_result ask_put_events(struct db *db, struct task *task)
{
	return table_put_events(db, task->events, task->n_events, &task->answer);
}

int store_put_events(struct store *store, const struct event_record *events, size_t count,
		     store_done_fn *done, void *context, struct sl_errors *errors)
{
	struct task *task = task_new(ask_put_events, true, NULL, done, context);

	task->events = sl_calloc(count, sizeof(*events));
	memcpy(task->events, events, count * sizeof(*events));
	task->n_events = count;
	task->job.bytes += count * sizeof(*events);
	return store_put(store, task, errors);
}

static enum store_result ask_events(struct db *db, struct task *task)
{
	return table_events(db, &task->query, &task->answer);
}

int store_events(struct store *store, const struct event_query *query, store_done_fn *done,
		 void *context, struct sl_errors *errors)
{
	struct task *task = task_new(ask_events, false, NULL, done, context);

	task->query = *query;
	return store_put(store, task, errors);
}
