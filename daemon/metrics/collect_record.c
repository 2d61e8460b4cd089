/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells of the record: commits, events, and the store that keeps them.
 */
#include "metrics/collect.h"

#include "change/change.h"
#include "state/events.h"
#include "state/store.h"

void collect_commits(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	static const char *const words[] = {
#define X(name, word) word,
		CHANGE_COMMITS(X)
#undef X
	};
	const struct change_counts *counts = change_counts(from->source->change);

	for (int i = 0; i < CHANGE_COMMIT_COUNT; i++)
		writer_count(to, LABELS({"result", words[i]}), counts->commits[i]);
}

void collect_commit_duration(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_histogram(to, NULL, &change_counts(from->source->change)->duration);
}

void collect_events(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	struct events_counts counts;

	events_counts(from->source->events, &counts);
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		writer_count(to, LABELS({"kind", event_kind_word(kind)}), counts.kinds[kind]);
}

void collect_events_lost(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, events_lost(from->source->events));
}

static struct store_status status_of(const struct metrics_snapshot *from)
{
	struct store_status status;

	store_status(from->source->store, &status);
	return status;
}

void collect_store_degraded(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, status_of(from).degraded);
}

void collect_store_waiting(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, status_of(from).waiting);
}
