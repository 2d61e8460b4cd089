/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/collect.h"

#define STRING(value)  STRING_(value)
#define STRING_(value) #value

void collect_build(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, LABELS({"version", SLUICE_VERSION}, {"abi", STRING(SLUICE_ABI)}), 1);
}

void collect_generation(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, engine_generation(from->source->engine));
}

void collect_committed(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, engine_committed_at(from->source->engine));
}

void collect_attached(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < from->source->n_interfaces; i++)
		writer_count(to, LABELS({"interface", from->source->interfaces[i].name}),
			     from->modes[i] != CONFIG_MODE_COUNT);
}

void collect_mode(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < from->source->n_interfaces; i++)
		for (enum config_mode mode = CONFIG_MODE_NATIVE; mode < CONFIG_MODE_COUNT; mode++)
			writer_count(to,
				     LABELS({"interface", from->source->interfaces[i].name},
					    {"mode", config_mode_word(mode)}),
				     from->modes[i] == mode);
}

static const struct {
	const char *word, *action;
} verdicts[] = {
#define X(name, action, word, help) [VERDICT_##name] = {word, #action},
	SLUICE_VERDICTS(X)
#undef X
};

void collect_packets(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (int i = VERDICT_CONTINUE + 1; i < VERDICT_COUNT; i++)
		writer_count(to,
			     LABELS({"verdict", verdicts[i].word}, {"action", verdicts[i].action}),
			     from->verdicts[i].packets);
}

void collect_bytes(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (int i = VERDICT_CONTINUE + 1; i < VERDICT_COUNT; i++)
		writer_count(to,
			     LABELS({"verdict", verdicts[i].word}, {"action", verdicts[i].action}),
			     from->verdicts[i].bytes);
}

/* ---- flows --------------------------------------------------------------------------------------------- */

static struct engine_flows flows(const struct metrics_snapshot *from)
{
	struct engine_flows view;

	engine_flows(from->source->engine, &view);
	return view;
}

void collect_records(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).records);
}

void collect_capacity(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).capacity);
}

void collect_scans(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).scans);
}

void collect_flow_events(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	static const char *const words[] = {
#define X(name, word, help) word,
		SLUICE_FLOW_EVENTS(X)
#undef X
	};

	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		writer_count(to, LABELS({"event", words[i]}), from->flow_events[i]);
}

/* ---- api ----------------------------------------------------------------------------------------------- */

void collect_streams(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, from->source->streams->open);
}

void collect_streams_ended(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	static const char *const words[] = {
#define X(name) #name,
		METRICS_STREAM_ENDS(X)
#undef X
	};

	for (size_t i = 0; i < METRICS_STREAM_END_COUNT; i++)
		writer_count(to, LABELS({"reason", words[i]}), from->source->streams->ended[i]);
}
