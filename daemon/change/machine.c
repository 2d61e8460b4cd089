/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/machine.h"

#include <string.h>

enum { RETRY_MS = 5000, MENDED_MAX = 8 };
#define NEVER UINT64_MAX

static struct machine_step act(struct machine *machine, enum machine_phase phase,
			       enum machine_action action, uint64_t number)
{
	machine->phase = phase;
	return (struct machine_step){.action = action, .number = number};
}

/* The end of what was under way; a request is answered. */
static struct machine_step rest(struct machine *machine, enum change_result result)
{
	struct machine_step step = {
		.answer = machine->request != MACHINE_NO_REQUEST,
		.result = result,
	};

	machine->phase = MACHINE_IDLE;
	machine->request = MACHINE_NO_REQUEST;
	machine->unrecorded = false;
	return step;
}

/* The store is asked at once if it answers, else when it has recovered, and now and then. */
static void suspect(struct machine *machine, const struct machine_event *event)
{
	machine->stale = true;
	machine->retry_ms = event->result == STORE_UNKNOWN ? event->now_ms + RETRY_MS : 0;
}

static void settle(struct machine *machine, uint64_t number)
{
	machine->in_force = machine->settled = number;
	machine->unconfirmed = 0;
}

static struct machine_step with(struct machine_step step, enum machine_texts texts)
{
	step.texts = texts;
	return step;
}

/* ---- a change ---------------------------------------------------------------------------------- */

static struct machine_step revert(struct machine *machine)
{
	return act(machine, MACHINE_REVERTING, MACHINE_DO_REVERT, machine->settled);
}

static struct machine_step asked(struct machine *machine, const struct machine_event *event)
{
	machine->request = event->request;
	machine->confirm_ms = event->confirm_ms;
	machine->outcome = CHANGE_DONE;
	if (event->request == MACHINE_CHANGE)
		return machine->unconfirmed ? rest(machine, CHANGE_IN_TRIAL)
					    : act(machine, MACHINE_BEGINNING, MACHINE_DO_BEGIN, 0);
	if (!machine->unconfirmed)
		return rest(machine, CHANGE_NO_TRIAL);
	if (event->request == MACHINE_UNDO)
		return revert(machine);
	return act(machine, MACHINE_CONFIRMING, MACHINE_DO_CONFIRM, machine->unconfirmed);
}

static struct machine_step begun(struct machine *machine, const struct machine_event *event)
{
	machine->begun = event->number;
	if (event->result == STORE_OK)
		return act(machine, MACHINE_COMMITTING, MACHINE_DO_COMMIT, event->number);
	if (event->result == STORE_INVALID)
		return rest(machine, CHANGE_INVALID);
	suspect(machine, event);
	if (machine->store_is_truth || machine->confirm_ms)
		return rest(machine, CHANGE_UNAVAILABLE);
	machine->unrecorded = true;
	machine->begun = machine->in_force + 1;
	return act(machine, MACHINE_COMMITTING, MACHINE_DO_COMMIT, machine->begun);
}

static struct machine_step committed(struct machine *machine, const struct machine_event *event)
{
	struct machine_step step;

	if (!event->ok)
		return machine->unrecorded
			       ? rest(machine, CHANGE_FAILED)
			       : act(machine, MACHINE_FAILING, MACHINE_DO_FAIL, machine->begun);
	if (machine->unrecorded) {
		settle(machine, machine->begun);
		return with(rest(machine, CHANGE_UNRECORDED), MACHINE_TEXTS_SETTLE);
	}
	machine->in_force = machine->begun;
	step = act(machine, MACHINE_FINISHING, MACHINE_DO_FINISH, machine->begun);
	step.trial = machine->confirm_ms != 0;
	return step;
}

static void begin_trial(struct machine *machine, uint64_t deadline_ms)
{
	machine->unconfirmed = machine->begun;
	machine->deadline_ms = deadline_ms;
}

static struct machine_step finished(struct machine *machine, const struct machine_event *event)
{
	bool good = event->result == STORE_OK;

	if (!good)
		suspect(machine, event);
	if (machine->confirm_ms) {
		begin_trial(machine, event->now_ms + machine->confirm_ms);
		machine->outcome = CHANGE_UNAVAILABLE;
		return with(good ? rest(machine, CHANGE_DONE) : revert(machine), MACHINE_TEXTS_TRY);
	}
	settle(machine, machine->begun);
	return with(rest(machine, good			    ? CHANGE_DONE
				  : machine->store_is_truth ? CHANGE_UNSURE
							    : CHANGE_UNRECORDED),
		    MACHINE_TEXTS_SETTLE);
}

static struct machine_step confirmed(struct machine *machine, const struct machine_event *event)
{
	if (event->result == STORE_OK) {
		settle(machine, machine->unconfirmed);
		return with(rest(machine, CHANGE_DONE), MACHINE_TEXTS_CONFIRM);
	}
	suspect(machine, event);
	return rest(machine, CHANGE_UNAVAILABLE);
}

static struct machine_step reverted(struct machine *machine, const struct machine_event *event)
{
	uint64_t number = machine->unconfirmed;

	if (!event->ok) {
		machine->deadline_ms = event->now_ms + RETRY_MS;
		return rest(machine, CHANGE_FAILED);
	}
	settle(machine, machine->settled);
	return with(act(machine, MACHINE_UNDOING, MACHINE_DO_UNDO, number), MACHINE_TEXTS_UNDO);
}

static struct machine_step undone(struct machine *machine, const struct machine_event *event)
{
	if (event->result == STORE_OK)
		return rest(machine, machine->outcome);
	suspect(machine, event);
	return rest(machine, machine->outcome ? machine->outcome : CHANGE_UNRECORDED);
}

/* ---- the store is brought up to date ----------------------------------------------------------- */

static struct machine_step recall(struct machine *machine)
{
	return act(machine, MACHINE_RECALLING, MACHINE_DO_RECALL, 0);
}

static struct machine_step put_off(struct machine *machine, const struct machine_event *event)
{
	machine->retry_ms = event->now_ms + RETRY_MS;
	machine->mended = 0;
	return rest(machine, CHANGE_DONE);
}

/* A trial of which the store knows nothing could not be undone after a crash. */
static struct machine_step mend_trial(struct machine *machine, const struct machine_recall *found)
{
	if (found->active == machine->unconfirmed) {
		settle(machine, found->active);
		return with(recall(machine), MACHINE_TEXTS_CONFIRM);
	}
	if (found->unconfirmed != machine->unconfirmed || found->active != machine->settled)
		return revert(machine);
	machine->stale = false;
	return rest(machine, CHANGE_DONE);
}

static struct machine_step mend(struct machine *machine, const struct machine_recall *found)
{
	if (machine->unconfirmed)
		return mend_trial(machine, found);
	if (found->pending && found->pending == machine->settled && found->pending_same)
		return act(machine, MACHINE_MENDING, MACHINE_DO_FINISH, found->pending);
	if (found->pending)
		return act(machine, MACHINE_MENDING, MACHINE_DO_FAIL, found->pending);
	if (found->unconfirmed)
		return act(machine, MACHINE_MENDING, MACHINE_DO_UNDO, found->unconfirmed);
	if (!found->active || !found->same)
		return act(machine, MACHINE_RECORDING, MACHINE_DO_RECORD, machine->settled);
	settle(machine, found->active);
	machine->stale = false;
	return rest(machine, CHANGE_DONE);
}

static struct machine_step recalled(struct machine *machine, const struct machine_event *event)
{
	if (event->result != STORE_OK || machine->mended++ >= MENDED_MAX)
		return put_off(machine, event);
	return mend(machine, &event->recall);
}

static struct machine_step mended(struct machine *machine, const struct machine_event *event)
{
	return event->result == STORE_UNKNOWN ? put_off(machine, event) : recall(machine);
}

static struct machine_step recorded(struct machine *machine, const struct machine_event *event)
{
	if (event->result != STORE_OK)
		return mended(machine, event);
	settle(machine, event->number);
	return act(machine, MACHINE_MENDING, MACHINE_DO_FINISH, event->number);
}

/* ---- what happens ------------------------------------------------------------------------------ */

static struct machine_step stored(struct machine *machine, const struct machine_event *event)
{
	switch (machine->phase) {
	case MACHINE_BEGINNING: return begun(machine, event);
	case MACHINE_FINISHING: return finished(machine, event);
	case MACHINE_CONFIRMING: return confirmed(machine, event);
	case MACHINE_UNDOING: return undone(machine, event);
	case MACHINE_RECORDING: return recorded(machine, event);
	case MACHINE_MENDING: return mended(machine, event);
	default: break; /* FAILING */
	}
	if (event->result != STORE_OK)
		suspect(machine, event);
	return rest(machine, CHANGE_FAILED);
}

static struct machine_step look_at_time(struct machine *machine, uint64_t now_ms)
{
	if (machine->phase != MACHINE_IDLE)
		return (struct machine_step){0};
	if (machine->unconfirmed && now_ms >= machine->deadline_ms) {
		machine->outcome = CHANGE_DONE;
		return revert(machine);
	}
	if (!machine->stale || now_ms < machine->retry_ms)
		return (struct machine_step){0};
	machine->mended = 0;
	return recall(machine);
}

void machine_init(struct machine *machine, bool store_is_truth, uint64_t in_force)
{
	memset(machine, 0, sizeof(*machine));
	machine->store_is_truth = store_is_truth;
	machine->stale = true;
	settle(machine, in_force);
}

struct machine_step machine_step(struct machine *machine, const struct machine_event *event)
{
	switch (event->kind) {
	case MACHINE_ASKED: return asked(machine, event);
	case MACHINE_STORED: return stored(machine, event);
	case MACHINE_RECALLED: return recalled(machine, event);
	case MACHINE_APPLIED:
		return machine->phase == MACHINE_REVERTING ? reverted(machine, event)
							   : committed(machine, event);
	case MACHINE_RECOVERED: suspect(machine, event); break;
	case MACHINE_TIME: break;
	}
	return look_at_time(machine, event->now_ms);
}

uint64_t machine_wake(const struct machine *machine)
{
	uint64_t wake_ms = machine->unconfirmed ? machine->deadline_ms : NEVER;

	if (machine->phase != MACHINE_IDLE)
		return NEVER;
	return machine->stale && machine->retry_ms < wake_ms ? machine->retry_ms : wake_ms;
}
