// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the store has to know, and how it is brought up to date.
 */
#include "override/internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "state/events.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

void record_answer(struct job *job)
{
	if (job->waiting)
		return;
	if (job->unrecorded && job->answer.result == OVERRIDE_DONE)
		job->answer.result = OVERRIDE_UNRECORDED;
	if (job->done)
		job->done(job->context, &job->answer);
	sl_errors_deinit(&job->answer.errors);
	free(job);
}

/* A word that the store has not is no failure of taking it back. */
static void on_written(void *context, struct store_answer *answer)
{
	struct write *write = context;
	struct job *job = write->job;

	job->waiting--;
	if (answer->result != STORE_OK) {
		job->unrecorded |= answer->result != STORE_NOT_FOUND;
		events_return(write->overrides->options.events, write->event);
	}
	free(write);
	record_answer(job);
}

static struct write *write_new(struct overrides *overrides, struct job *job,
			       struct event_record *event)
{
	struct write *write = sl_calloc(1, sizeof(*write));

	events_note(overrides->options.events, event);
	*write = (struct write){overrides, job, event->id};
	job->waiting++;
	return write;
}

static void not_taken(struct write *write)
{
	write->job->waiting--;
	write->job->unrecorded = true;
	events_return(write->overrides->options.events, write->event);
	free(write);
}

/* True: the event has gone its own way, and the word waits for the store's recovery. */
static bool is_degraded(struct overrides *overrides, struct job *job,
			const struct event_record *event)
{
	struct store_status status;

	store_status(overrides->options.store, &status);
	if (!status.degraded)
		return false;
	events_append(overrides->options.events, event);
	job->unrecorded = true;
	return true;
}

void record_put(struct overrides *overrides, struct job *job, const struct override *word,
		struct event_record *event)
{
	struct write *write;

	if (is_degraded(overrides, job, event))
		return;
	write = write_new(overrides, job, event);
	if (store_put_override(overrides->options.store, word, event, on_written, write, NULL))
		not_taken(write);
}

void record_remove(struct overrides *overrides, struct job *job, const struct override *word,
		   struct event_record *event)
{
	struct write *write;

	if (is_degraded(overrides, job, event))
		return;
	write = write_new(overrides, job, event);
	if (store_remove_override(overrides->options.store, word->pool, word->backend, event,
				  on_written, write, NULL))
		not_taken(write);
}

/* ---- bringing it up to date ------------------------------------------------------------------------ */

static const struct override *find_stored(const struct recall *recall, const struct override *word)
{
	for (size_t i = 0; i < recall->n_overrides; i++)
		if (!strcmp(recall->overrides[i].pool, word->pool) &&
		    !strcmp(recall->overrides[i].backend, word->backend))
			return &recall->overrides[i];
	return NULL;
}

/* The store did not answer at the start: what it has is in force from now on. */
static void adopt(struct overrides *overrides, const struct override *word)
{
	struct sl_errors errors = {0};
	char *text;

	override_list_put(&overrides->list, word);
	if (!override_apply(overrides, word->pool, word->backend, word, &errors))
		return;
	text = sl_errors_text(&errors);
	log_error("an override of %s could not be carried out: %s", word->pool, text);
	free(text);
	sl_errors_deinit(&errors);
}

static void refresh_stored(struct overrides *overrides, const struct override *stored)
{
	const struct override_entry *entry =
		override_list_find(&overrides->list, stored->pool, stored->backend);
	struct address address;
	enum override_subject subject;

	if (entry && !entry->taken_back)
		return;
	if (!override_read_key(stored->backend, &address, &subject))
		return;
	if (!entry && !overrides->known)
		adopt(overrides, stored);
	else
		(void)store_remove_override(overrides->options.store, stored->pool, stored->backend,
					    NULL, NULL, NULL, NULL);
}

static void on_listed(void *context, struct store_answer *answer)
{
	struct overrides *overrides = context;
	const struct recall *recall = &answer->recall;

	overrides->listing = false;
	if (answer->result || overrides->closed)
		return; /* the next recovery asks again */
	for (size_t i = 0; i < recall->n_overrides; i++)
		refresh_stored(overrides, &recall->overrides[i]);
	overrides->known = true;
	for (size_t i = overrides->list.count; i-- > 0;) {
		struct override_entry *entry = &overrides->list.list[i];
		const struct override *stored = find_stored(recall, &entry->word);

		if (entry->taken_back)
			override_list_drop(&overrides->list, entry);
		else if (!stored || !override_equal(stored, &entry->word))
			(void)store_put_override(overrides->options.store, &entry->word, NULL, NULL,
						 NULL, NULL);
	}
	override_set_timer(overrides);
}

void record_refresh(struct overrides *overrides)
{
	if (overrides->listing || overrides->closed)
		return;
	overrides->listing = !store_overrides(overrides->options.store, on_listed, overrides, NULL);
}
