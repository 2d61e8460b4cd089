// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop's side: starts the thread, passes tasks and answers, and tells of the thread's state.
 */
#include "state/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "state/health_batch.h"
#include "state/keeper.h"
#include "state/put.h"
#include "state/task.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
	struct jobs *jobs;	   /* owned */
	struct keeper keeper;	   /* the thread's */
	pthread_mutex_t lock;	   /* for `seen` */
	struct keeper_status seen; /* by the thread */
	struct store_status status;
	uint32_t spells; /* that the watchers know of */
	struct {
		store_watch_fn *watch;
		void *context;
	} watchers[STORE_WATCHERS_MAX];
	size_t n_watchers;
	struct health_batch health;
	struct event *health_due; /* owned */
	bool health_under_way;
	bool ending;
};

/* ---- the thread ----------------------------------------------------------------------------------- */

static void publish(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->seen = store->keeper.status;
	pthread_mutex_unlock(&store->lock);
}

static void on_run(void *context, struct job *job)
{
	struct store *store = context;

	keeper_run(&store->keeper, (struct task *)job, clock_now_ns());
}

/* Follows every job, so a status that a job changed is told here. */
static int on_idle(void *context, bool *ret_news)
{
	struct store *store = context;
	int ms;

	keeper_idle(&store->keeper, clock_now_ns(), &ms);
	*ret_news = memcmp(&store->seen, &store->keeper.status, sizeof(store->seen)) != 0;
	if (*ret_news)
		publish(store);
	return ms;
}

/* ---- the loop ------------------------------------------------------------------------------------- */

static void count_answer(struct store *store, const struct task *task)
{
	if (task->answer.result != STORE_UNKNOWN)
		return;
	store->status.unknown++;
	store->status.events_lost += task->event.id != 0;
}

static void on_done(void *context, struct job *job)
{
	struct task *task = (struct task *)job;

	count_answer(context, task);
	if (task->done)
		task->done(task->context, &task->answer);
	task_free(task);
}

/* The rest is an event, and so a line (events.h). */
static void log_change(const struct store_status *before, const struct store_status *after)
{
	if (after->degraded && before->degraded && strcmp(before->why, after->why) != 0)
		log_warning("still degraded: %s", after->why);
}

static void take_status(struct store *store, const struct keeper_status *seen, bool degraded)
{
	struct store_status before = store->status, now;

	store->status.degraded = degraded;
	store->status.asides = seen->asides;
	if (seen->why[0])
		record_set(store->status.why, seen->why);
	record_set(store->status.notice, seen->notice);
	if (before.degraded != degraded)
		store->status.since_ms = record_now_ms();
	log_change(&before, &store->status);
	if (before.degraded == degraded && before.asides == seen->asides)
		return;
	store_status(store, &now);
	for (size_t i = 0; i < store->n_watchers; i++)
		store->watchers[i].watch(store->watchers[i].context, &now);
}

static void on_news(void *context)
{
	struct store *store = context;
	struct keeper_status seen;
	bool missed;

	pthread_mutex_lock(&store->lock);
	seen = store->seen;
	pthread_mutex_unlock(&store->lock);
	/* Failed and back between two looks: changes were lost all the same. */
	missed = seen.spells != store->spells && !store->status.degraded;
	store->spells = seen.spells;
	if (missed && !seen.degraded)
		take_status(store, &seen, true);
	take_status(store, &seen, seen.degraded);
}

static const struct jobs_client client = {
	.run = on_run,
	.idle = on_idle,
	.done = on_done,
	.news = on_news,
};

int store_put(struct store *store, struct task *task, struct sl_errors *errors)
{
	if (jobs_put(store->jobs, &task->job))
		return 0;
	store->status.refused++;
	store->status.events_lost += task->event.id != 0;
	task_free(task);
	return sl_fail(errors, EAGAIN, "store", "too much is waiting for the disk: try again");
}

void store_status(const struct store *store, struct store_status *ret_status)
{
	*ret_status = store->status;
	ret_status->waiting = jobs_waiting(store->jobs);
	ret_status->health_lost = store->health.lost;
}

void store_watch(struct store *store, store_watch_fn *watch, void *context)
{
	if (store->n_watchers == STORE_WATCHERS_MAX)
		abort();
	store->watchers[store->n_watchers].watch = watch;
	store->watchers[store->n_watchers++].context = context;
}

/* ---- health --------------------------------------------------------------------------------------- */

static void schedule_health(struct store *store)
{
	static const struct timeval second = {.tv_sec = 1};

	if (!store->ending && store->health.count &&
	    !event_pending(store->health_due, EV_TIMEOUT, NULL))
		event_add(store->health_due, &second);
}

struct health_trip {
	struct store *store;
	struct last_health *list; /* owned */
	size_t count;
};

static void on_health_written(void *context, struct store_answer *answer)
{
	struct health_trip *trip = context;
	struct store *store = trip->store;

	store->health_under_way = false;
	if (answer->result)
		health_batch_return(&store->health, trip->list, trip->count);
	schedule_health(store);
	free(trip->list);
	free(trip);
}

static enum store_result put_health(struct db *db, struct task *task)
{
	const struct health_trip *trip = task->context;

	return table_put_health(db, trip->list, trip->count, &task->answer);
}

static void flush_health(struct store *store)
{
	struct health_trip *trip;
	struct task *task;

	if (store->health_under_way || !store->health.count)
		return;
	trip = sl_calloc(1, sizeof(*trip));
	trip->store = store;
	trip->list = health_batch_take(&store->health, &trip->count);
	task = task_new(put_health, true, NULL, on_health_written, trip);
	store->health_under_way = true;
	if (store_put(store, task, NULL))
		on_health_written(trip, &(struct store_answer){.result = STORE_UNKNOWN});
}

static void on_health_due(evutil_socket_t fd, short what, void *context)
{
	flush_health(context);
}

void store_note_health(struct store *store, const struct last_health *health)
{
	health_batch_add(&store->health, health);
	schedule_health(store);
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

/* Where the answer to the first question goes: nowhere once nobody waits for it any more. */
struct first {
	struct store_answer *to;
};

static void on_first(void *context, struct store_answer *answer)
{
	struct first *first = context;

	if (first->to) {
		*first->to = *answer;
		memset(answer, 0, sizeof(*answer));
	}
	free(first);
}

static void recall_first(struct store *store, unsigned wait_ms, struct store_answer *ret_recall)
{
	struct first *first = sl_calloc(1, sizeof(*first));

	memset(ret_recall, 0, sizeof(*ret_recall));
	first->to = ret_recall;
	(void)store_recall(store, on_first, first, NULL); /* nothing waits before it */
	if (jobs_wait(store->jobs, wait_ms))
		return;
	first->to = NULL;
	ret_recall->result = STORE_UNKNOWN;
	snprintf(store->status.why, sizeof(store->status.why), "%.200s: the disk doesn't answer",
		 store->keeper.dir);
	sl_fail(&ret_recall->errors, 0, "store", "degraded: %s", store->status.why);
	log_error("degraded: %s; going on without persistence", store->status.why);
}

static void release(struct store *store)
{
	keeper_deinit(&store->keeper);
	health_batch_deinit(&store->health);
	if (store->health_due)
		event_free(store->health_due);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

static void set_up(struct store *store, const struct store_options *options)
{
	store->keeper.dir = options->dir;
	store->keeper.schema = &tables_schema;
	store->keeper.limits = options->limits;
	store->keeper.retry_min_ms = options->retry_min_ms;
	store->keeper.retry_max_ms = options->retry_max_ms;
	/* Until the thread has opened it. */
	store->keeper.status.degraded = store->seen.degraded = store->status.degraded = true;
	store->status.since_ms = record_now_ms();
	pthread_mutex_init(&store->lock, NULL);
}

int store_new(struct event_base *base, const struct store_options *options,
	      struct store **ret_store, struct store_answer *ret_recall, struct sl_errors *errors)
{
	struct store *store = sl_calloc(1, sizeof(*store));
	int err;

	set_up(store, options);
	store->health_due = evtimer_new(base, on_health_due, store);
	if (!store->health_due)
		sl_out_of_memory();
	err = jobs_new(base, &client, store, &store->jobs, errors);
	if (err) {
		release(store);
		return err;
	}
	recall_first(store, options->start_wait_ms, ret_recall);
	pthread_mutex_lock(&store->lock);
	err = store->seen.refusal ? -EPROTO : 0;
	if (err)
		sl_fail(errors, 0, "store", "%s", store->seen.why);
	pthread_mutex_unlock(&store->lock);
	if (err) {
		store_answer_deinit(ret_recall);
		store_free(store);
		return err;
	}
	*ret_store = store;
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	store->ending = true;
	/* What is under way may come back unwritten, and is tried once more. */
	flush_health(store);
	jobs_wait(store->jobs, UINT16_MAX);
	flush_health(store);
	jobs_free(store->jobs);
	store->jobs = NULL;
	release(store);
}
