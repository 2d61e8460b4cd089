/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver: requests in a row, what is looked at before one is begun, and the machine in the loop.
 */
#include "change/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/own.h"
#include "state/events.h"
#include "state/store.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / NS_PER_MS;
}

void change_log(const char *what, const struct sl_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		log_error("%s: %s: %s", what, errors->list[i].where, errors->list[i].what);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void job_end(struct change *change, struct job *job)
{
	change_explain(change, job);
	job->answer.generation = engine_generation(change->options.engine);
	if (change->machine.unconfirmed)
		job->answer.deadline_ms = change->deadline_ms;
	job->done(job->context, &job->answer);
	impact_deinit(&job->answer.impact);
	sl_errors_deinit(&job->answer.errors);
	config_free(job->request.desired);
	free(job);
}

static void answer_first(struct change *change, enum change_result result)
{
	struct job *job = change->queue[0];

	change->n_queue--;
	memmove(change->queue, change->queue + 1, change->n_queue * sizeof(*change->queue));
	job->answer.result = result;
	job_end(change, job);
	sl_errors_deinit(&change->failure);
}

/* ---- what is looked at before -------------------------------------------------------------------- */

int change_preview(const struct change *change, const struct config *desired,
		   struct impact *ret_impact, struct sl_errors *errors)
{
	size_t count;
	_cleanup_free_ struct address *own = net_own_addresses(&count);

	return impact_find(change->options.engine, desired, own, count, ret_impact, errors);
}

static enum change_result look(struct change *change, struct job *job)
{
	const struct change_request *request = &job->request;
	struct change_answer *answer = &job->answer;
	uint64_t generation = engine_generation(change->options.engine);

	if (request->if_generation && request->if_generation != generation) {
		sl_fail(&answer->errors, 0, "If-Match", "the generation is %llu now",
			(unsigned long long)generation);
		return CHANGE_STALE;
	}
	if (change->machine.unconfirmed && !request->dry_run)
		return CHANGE_IN_TRIAL;
	if (change_preview(change, request->desired, &answer->impact, &answer->errors) ||
	    impact_check_restart(&answer->impact, &answer->errors))
		return CHANGE_INVALID;
	if (impact_check_moves(&answer->impact, request->max_move_ppm, &answer->errors))
		return CHANGE_TOO_LARGE;
	answer->same = !answer->impact.changes.count;
	return CHANGE_DONE;
}

/* False: it has been answered. */
static bool look_at_desired(struct change *change, struct job *job, struct machine_event *ret_event)
{
	enum change_result result = look(change, job);

	if (result || job->request.dry_run || job->answer.same) {
		answer_first(change, result);
		return false;
	}
	text_set(&change->next, job->request.desired);
	text_describe(&change->next, &job->request);
	ret_event->request = MACHINE_CHANGE;
	ret_event->confirm_ms = job->request.confirm_ms;
	return true;
}

/* ---- generations from the store ------------------------------------------------------------------ */

static void on_fetched(void *context, struct store_answer *stored)
{
	struct change *change = context;
	struct job *job = change->queue[0];
	struct sl_errors *errors = &job->answer.errors;
	_cleanup_free_ char *name =
		sl_printf("generation %llu", (unsigned long long)stored->number);

	change->fetching = false;
	if (change->closed)
		sl_fail(errors, 0, "change", "the daemon is ending");
	else if (stored->result == STORE_OK)
		job->request.desired = text_fit(name, stored->generation.config,
						engine_config(change->options.engine), errors);
	else if (!errors->count) {
		*errors = stored->errors;
		memset(&stored->errors, 0, sizeof(stored->errors));
	}
	if (!job->request.desired)
		answer_first(change, stored->result == STORE_NOT_FOUND ? CHANGE_NOT_FOUND
				     : stored->result == STORE_OK && !change->closed
					     ? CHANGE_INVALID
					     : CHANGE_UNAVAILABLE);
	change_go_on(change, NULL);
}

static void fetch(struct change *change, struct job *job)
{
	uint64_t number = job->request.number ? job->request.number : change->previous;

	if (!number) {
		sl_fail(&job->answer.errors, 0, "rollback",
			"there is no generation before %llu; see `sluicectl history`",
			(unsigned long long)change->machine.settled);
		answer_first(change, CHANGE_NOT_FOUND);
		return;
	}
	snprintf(job->request.source, sizeof(job->request.source), "rollback to %llu",
		 (unsigned long long)number);
	change->fetching = true;
	if (store_get(change->options.store, number, on_fetched, change, &job->answer.errors)) {
		change->fetching = false;
		answer_first(change, CHANGE_UNAVAILABLE);
	}
}

/* ---- what comes next ----------------------------------------------------------------------------- */

static bool is_undo(const struct change *change, const struct change_request *request)
{
	return request->kind == CHANGE_ROLLBACK && change->machine.unconfirmed &&
	       (!request->number || request->number == change->machine.settled);
}

/* The first in the row, looked at. False: it has been answered, or waits for the store. */
static bool take_first(struct change *change, struct machine_event *ret_event)
{
	struct job *job = change->queue[0];
	const struct change_request *request = &job->request;
	uint64_t trial = change->machine.unconfirmed;

	*ret_event = (struct machine_event){.kind = MACHINE_ASKED};
	if (request->kind == CHANGE_CONFIRM && request->number && request->number != trial) {
		answer_first(change, CHANGE_NO_TRIAL);
		return false;
	}
	if (request->kind == CHANGE_CONFIRM || (is_undo(change, request) && !request->dry_run)) {
		ret_event->request =
			request->kind == CHANGE_CONFIRM ? MACHINE_CONFIRM : MACHINE_UNDO;
		return true;
	}
	if (is_undo(change, request) && !request->desired)
		job->request.desired = text_read(&change->settled, &job->answer.errors);
	if (request->desired)
		return look_at_desired(change, job, ret_event);
	fetch(change, job);
	return false;
}

/* The store comes first: what it doesn't know yet could be lost. */
static bool next_event(struct change *change, struct machine_event *ret_event)
{
	while (machine_is_idle(&change->machine)) {
		if (machine_wake(&change->machine) <= now_ms()) {
			*ret_event = (struct machine_event){.kind = MACHINE_TIME};
			return true;
		}
		if (change->closed || change->fetching || !change->n_queue)
			return false;
		if (take_first(change, ret_event))
			return true;
	}
	return false;
}

/* ---- the machine in the loop --------------------------------------------------------------------- */

/* Texts follow the numbers. */
static void keep_texts(struct change *change, enum machine_texts texts, uint64_t settled_before)
{
	switch (texts) {
	case MACHINE_TEXTS_SETTLE: text_move(&change->settled, &change->next); break;
	case MACHINE_TEXTS_TRY: text_move(&change->trial, &change->next); break;
	case MACHINE_TEXTS_CONFIRM: text_move(&change->settled, &change->trial); break;
	case MACHINE_TEXTS_UNDO: text_deinit(&change->trial); return;
	case MACHINE_TEXTS_STAY: return;
	}
	change->withheld = 0;
	if (texts != MACHINE_TEXTS_TRY)
		change->previous = settled_before;
}

static void set_timer(struct change *change)
{
	uint64_t wake = machine_wake(&change->machine), now = now_ms(), left = 0;
	struct timeval pause;

	if (wake == UINT64_MAX || change->closed) {
		event_del(change->timer);
		return;
	}
	if (wake > now)
		left = wake - now;
	pause = (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	if (event_add(change->timer, &pause))
		sl_out_of_memory();
}

/* False: the store will say how it goes on. */
static bool step(struct change *change, struct machine_event *event)
{
	uint64_t settled_before = change->machine.settled;
	struct machine_step step;

	event->now_ms = now_ms();
	step = machine_step(&change->machine, event);
	keep_texts(change, step.texts, settled_before);
	if (step.action != MACHINE_DO_COMMIT && step.action != MACHINE_DO_REVERT)
		engine_renumber(change->options.engine, change->machine.in_force);
	if (step.answer)
		answer_first(change, step.result);
	if (step.action == MACHINE_NOTHING)
		return next_event(change, event);
	return change_act(change, &step, event);
}

void change_go_on(struct change *change, struct machine_event *event)
{
	struct machine_event next;
	bool more;

	if (change->busy)
		return;
	change->busy = true;
	if (event)
		next = *event;
	more = event || next_event(change, &next);
	while (more)
		more = step(change, &next);
	change->busy = false;
	set_timer(change);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	change_go_on(context, NULL);
}

static void on_store(void *context, const struct store_status *status)
{
	struct change *change = context;
	struct machine_event event = {.kind = MACHINE_RECOVERED};

	if (!status->degraded)
		change_go_on(change, &event);
}

/* ---- from outside -------------------------------------------------------------------------------- */

void change_submit(struct change *change, struct change_request *request, change_done_fn *done,
		   void *context)
{
	struct job *job = sl_calloc(1, sizeof(*job));

	job->request = *request;
	request->desired = NULL;
	job->done = done;
	job->context = context;
	if (change->closed || change->n_queue == CHANGE_QUEUE) {
		sl_fail(&job->answer.errors, 0, "change",
			change->closed ? "the daemon is ending"
				       : "too many changes wait already: try again");
		job->answer.result = CHANGE_UNAVAILABLE;
		job_end(change, job);
		return;
	}
	change->queue[change->n_queue++] = job;
	change_go_on(change, NULL);
}

void change_view(const struct change *change, struct change_view *ret_view)
{
	struct store_status status;

	store_status(change->options.store, &status);
	*ret_view = (struct change_view){
		.store_is_truth = change->options.store_is_truth,
		.unconfirmed = change->machine.unconfirmed,
		.deadline_ms = change->machine.unconfirmed ? change->deadline_ms : 0,
		.settled = change->machine.settled,
		.withheld = change->withheld,
		.why = change->withheld_why,
		.unrecorded = change->machine.stale && status.degraded,
	};
}

const struct change_counts *change_counts(const struct change *change)
{
	return &change->counts;
}

/* ---- beginning and end --------------------------------------------------------------------------- */

int change_new(struct event_base *base, const struct change_options *options, struct config *file,
	       const struct store_answer *recall, struct change **ret_change,
	       struct sl_errors *errors)
{
	struct change *change = sl_calloc(1, sizeof(*change));
	int err;

	change->options = *options;
	change->timer = evtimer_new(base, on_time, change);
	if (!change->timer)
		sl_out_of_memory();
	err = change_begin(change, file, recall, errors);
	if (err) {
		change_free(change);
		return err;
	}
	store_watch(options->store, on_store, change);
	set_timer(change);
	*ret_change = change;
	return 0;
}

void change_close(struct change *change)
{
	size_t kept = change->fetching || change->machine.request ? 1 : 0;

	change->closed = true;
	event_del(change->timer);
	while (change->n_queue > kept) {
		struct job *job = change->queue[--change->n_queue];

		sl_fail(&job->answer.errors, 0, "change", "the daemon is ending");
		job->answer.result = CHANGE_UNAVAILABLE;
		job_end(change, job);
	}
}

void change_free(struct change *change)
{
	if (!change)
		return;
	event_free(change->timer);
	text_deinit(&change->next);
	text_deinit(&change->settled);
	text_deinit(&change->trial);
	sl_errors_deinit(&change->failure);
	free(change);
}
