/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine asks for, done: by the engine at once, by the store later.
 */
#include "change/internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "state/events.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

static void on_stored(void *context, struct store_answer *answer)
{
	struct change *change = context;
	struct machine_event event = {
		.kind = MACHINE_STORED,
		.result = answer->result,
		.number = answer->number,
	};

	if (answer->result != STORE_OK && !change->failure.count) {
		change->failure = answer->errors;
		memset(&answer->errors, 0, sizeof(answer->errors));
	}
	change_go_on(change, &event);
}

static bool is_text(const struct text *text, const struct generation *generation)
{
	return generation->number && text->text && !strcmp(text->hash, generation->hash);
}

static void on_recalled(void *context, struct store_answer *answer)
{
	struct change *change = context;
	const struct recall *recall = &answer->recall;
	struct machine_event event = {
		.kind = MACHINE_RECALLED,
		.result = answer->result,
		.recall =
			{
				.active = recall->active.number,
				.pending = recall->pending.number,
				.unconfirmed = recall->unconfirmed.number,
				.same = is_text(&change->settled, &recall->active),
				.pending_same = is_text(&change->settled, &recall->pending),
			},
	};

	if (answer->result == STORE_OK)
		change->previous = recall->active.parent;
	change_go_on(change, &event);
}

/* Too much is waiting, or the disk is gone: the machine goes on as with a store that doesn't answer. */
static bool not_taken(struct machine_event *ret_event, enum machine_event_kind kind)
{
	*ret_event = (struct machine_event){.kind = kind, .result = STORE_UNKNOWN};
	return true;
}

/* ---- events -------------------------------------------------------------------------------------- */

static struct event_record note(enum event_kind kind, uint64_t number, const struct text *text,
				const char *format, const char *why)
{
	struct event_record event = {.kind = kind, .generation = number};
	_cleanup_free_ char *said = sl_printf(format, (unsigned long long)number, why);

	record_set(event.actor, text->author[0] ? text->author : "sluiced");
	record_set(event.trace, text->trace);
	record_set(event.text, said);
	return event;
}

static const struct change_request *request_of(const struct change *change)
{
	return change->n_queue && change->machine.request ? &change->queue[0]->request : NULL;
}

/* Who asked for it; the daemon itself if nobody did. */
static struct text asker(const struct change *change)
{
	const struct change_request *request = request_of(change);
	struct text who = {0};

	if (request)
		text_describe(&who, request);
	return who;
}

static struct event_record note_in_force(struct change *change, uint64_t number,
					 const struct text *text)
{
	struct event_record event =
		note(text->kind, number, text, "generation %llu is in force: %s", text->source);

	if (text->reason[0]) {
		_cleanup_free_ char *more = sl_printf("%s (%s)", event.text, text->reason);

		record_set(event.text, more);
	}
	events_note(change->options.events, &event);
	return event;
}

/* ---- the store ----------------------------------------------------------------------------------- */

static bool begin(struct change *change, const struct text *text, uint64_t number,
		  struct machine_event *ret_event)
{
	struct generation generation = {.number = number, .config = text->text};

	record_set(generation.author, text->author);
	record_set(generation.reason, text->reason);
	record_set(generation.source, text->source);
	if (store_begin(change->options.store, &generation, NULL, on_stored, change,
			&change->failure))
		return not_taken(ret_event, MACHINE_STORED);
	return false;
}

/* Of the change under way, or of what is settled and only has to be written down. */
static bool finish(struct change *change, const struct machine_step *step,
		   struct machine_event *ret_event)
{
	bool mending = change->machine.phase == MACHINE_MENDING;
	struct event_record event =
		note_in_force(change, step->number, mending ? &change->settled : &change->next);

	change->deadline_ms = step->trial ? record_now_ms() + change->machine.confirm_ms : 0;
	if (store_finish(change->options.store, step->number, change->deadline_ms, &event,
			 on_stored, change, &change->failure))
		return not_taken(ret_event, MACHINE_STORED);
	return false;
}

static bool give_up(struct change *change, const struct machine_step *step,
		    struct machine_event *ret_event)
{
	bool mending = change->machine.phase == MACHINE_MENDING;
	const char *why = mending ? "the daemon ended meanwhile" : change->why;
	struct text who = asker(change);
	struct event_record event =
		note(EVENT_COMMIT_FAILED, step->number, &who, "generation %llu failed: %s", why);

	events_note(change->options.events, &event);
	if (store_fail(change->options.store, step->number, why, &event, on_stored, change, NULL))
		return not_taken(ret_event, MACHINE_STORED);
	return false;
}

static bool confirm(struct change *change, const struct machine_step *step,
		    struct machine_event *ret_event)
{
	struct text who = asker(change);
	struct event_record event =
		note(EVENT_CONFIRM, step->number, &who, "generation %llu is confirmed%s", "");

	events_note(change->options.events, &event);
	if (store_confirm(change->options.store, step->number, &event, on_stored, change,
			  &change->failure))
		return not_taken(ret_event, MACHINE_STORED);
	return false;
}

static const char *why_undone(const struct change *change)
{
	if (change->machine.phase == MACHINE_MENDING)
		return "the daemon ended before it was confirmed";
	switch (change->machine.request) {
	case MACHINE_UNDO: return "as it was asked for";
	case MACHINE_CHANGE: return "it could not be written down";
	default: return "not confirmed in time";
	}
}

static bool undo(struct change *change, const struct machine_step *step,
		 struct machine_event *ret_event)
{
	const char *why = why_undone(change);
	struct text who = asker(change);
	struct event_record event =
		note(EVENT_UNDO, step->number, &who, "generation %llu is undone: %s", why);

	events_note(change->options.events, &event);
	if (store_undo(change->options.store, step->number, why, &event, on_stored, change, NULL))
		return not_taken(ret_event, MACHINE_STORED);
	return false;
}

/* ---- the maps ------------------------------------------------------------------------------------ */

int change_commit(struct change *change, struct config *config, uint64_t number,
		  enum change_commit well, struct sl_errors *errors)
{
	uint64_t begun_us = clock_fine_us();
	int err = engine_commit(change->options.engine, config, number, errors);

	histogram_add(&change->counts.duration, clock_fine_us() - begun_us);
	change->counts.commits[err ? CHANGE_COMMIT_FAILED : well]++;
	return err;
}

static bool commit(struct change *change, const struct machine_step *step,
		   struct machine_event *ret_event)
{
	struct change_request *request = &change->queue[0]->request;
	struct event_record event;

	ret_event->ok = !change_commit(change, request->desired, step->number, CHANGE_COMMIT_DONE,
				       &change->failure);
	if (ret_event->ok)
		request->desired = NULL;
	else if (change->failure.count)
		record_set(change->why, change->failure.list[0].what);
	if (!change->machine.unrecorded)
		return true;
	/* No transaction will hold the event: it goes its own way, once the store takes it. */
	event = ret_event->ok ? note(change->next.kind, step->number, &change->next,
				     "generation %llu is in force: %s", change->next.source)
			      : note(EVENT_COMMIT_FAILED, step->number, &change->next,
				     "generation %llu failed: %s", change->why);
	events_append(change->options.events, &event);
	return true;
}

static bool revert(struct change *change, const struct machine_step *step,
		   struct machine_event *ret_event)
{
	struct sl_errors errors = {0};
	struct config *config = text_read(&change->settled, &errors);

	ret_event->ok = config &&
			!change_commit(change, config, step->number, CHANGE_COMMIT_UNDONE, &errors);
	if (!ret_event->ok) {
		config_free(config);
		change_log("undoing failed and is tried again", &errors);
		sl_errors_deinit(&change->failure);
		change->failure = errors;
		return true;
	}
	sl_errors_deinit(&errors);
	return true;
}

static bool recall(struct change *change, struct machine_event *ret_event)
{
	if (store_recall(change->options.store, on_recalled, change, NULL))
		return not_taken(ret_event, MACHINE_RECALLED);
	return false;
}

bool change_act(struct change *change, const struct machine_step *step,
		struct machine_event *ret_event)
{
	*ret_event = (struct machine_event){.kind = MACHINE_APPLIED};
	switch (step->action) {
	case MACHINE_DO_BEGIN: return begin(change, &change->next, 0, ret_event);
	case MACHINE_DO_RECORD: return begin(change, &change->settled, step->number, ret_event);
	case MACHINE_DO_COMMIT: return commit(change, step, ret_event);
	case MACHINE_DO_REVERT: return revert(change, step, ret_event);
	case MACHINE_DO_FINISH: return finish(change, step, ret_event);
	case MACHINE_DO_FAIL: return give_up(change, step, ret_event);
	case MACHINE_DO_CONFIRM: return confirm(change, step, ret_event);
	case MACHINE_DO_UNDO: return undo(change, step, ret_event);
	case MACHINE_DO_RECALL: return recall(change, ret_event);
	case MACHINE_NOTHING: break;
	}
	return false;
}
