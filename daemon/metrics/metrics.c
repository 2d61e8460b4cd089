/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/metrics.h"

#include "base/memory.h"
#include "health/health.h"
#include "metrics/snapshot.h"
#include "metrics/writer.h"

#include <stdlib.h>

#define STRING(value)  STRING_(value)
#define STRING_(value) #value

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void collect_build(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, LABELS({"version", SLUICE_VERSION}, {"abi", STRING(SLUICE_ABI)}), 1);
}

static void collect_generation(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, engine_generation(from->source->engine));
}

static void collect_committed(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, engine_committed_at(from->source->engine));
}

static void collect_attached(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < from->source->n_interfaces; i++)
		writer_count(to, LABELS({"interface", from->source->interfaces[i].name}),
			     from->modes[i] != CONFIG_MODE_COUNT);
}

static void collect_mode(const struct metrics_snapshot *from, struct metrics_writer *to)
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

static void collect_packets(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (int i = VERDICT_CONTINUE + 1; i < VERDICT_COUNT; i++)
		writer_count(to,
			     LABELS({"verdict", verdicts[i].word}, {"action", verdicts[i].action}),
			     from->verdicts[i].packets);
}

static void collect_bytes(const struct metrics_snapshot *from, struct metrics_writer *to)
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

static void collect_records(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).records);
}

static void collect_capacity(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).capacity);
}

static void collect_scans(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	writer_count(to, NULL, flows(from).scans);
}

static void collect_flow_events(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	static const char *const words[] = {
#define X(name, word, help) word,
		SLUICE_FLOW_EVENTS(X)
#undef X
	};

	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		writer_count(to, LABELS({"event", words[i]}), from->flow_events[i]);
}

/* ---- services ------------------------------------------------------------------------------------------ */

typedef uint64_t traffic_field_fn(const struct traffic_counter *traffic);

static uint64_t packets(const struct traffic_counter *traffic)
{
	return traffic->packets;
}

static uint64_t bytes(const struct traffic_counter *traffic)
{
	return traffic->bytes;
}

static uint64_t new_flows(const struct traffic_counter *traffic)
{
	return traffic->new_flows;
}

static size_t count_services(const struct metrics_snapshot *from)
{
	return from->config ? from->config->n_services : 0;
}

static struct engine_service service(const struct metrics_snapshot *from, size_t i)
{
	struct engine_service view;

	engine_service(from->source->engine, i, &view);
	return view;
}

static void write_services(const struct metrics_snapshot *from, struct metrics_writer *to,
			   traffic_field_fn *field)
{
	for (size_t i = 0; i < count_services(from); i++)
		writer_count(to, LABELS({"service", from->config->services[i].name}),
			     field(&from->services[service(from, i).id]));
}

static void collect_service_packets(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, packets);
}

static void collect_service_bytes(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, bytes);
}

static void collect_service_flows(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	write_services(from, to, new_flows);
}

static void collect_service_slots(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < count_services(from); i++) {
		const char *name = from->config->services[i].name;
		struct engine_service view = service(from, i);

		writer_count(to, LABELS({"service", name}, {"state", "settled"}), view.settled);
		writer_count(to, LABELS({"service", name}, {"state", "moving"}), view.moving);
		writer_count(to, LABELS({"service", name}, {"state", "tail"}), view.tail);
	}
}

static void collect_service_usable(const struct metrics_snapshot *from, struct metrics_writer *to)
{
	for (size_t i = 0; i < count_services(from); i++)
		writer_count(to, LABELS({"service", from->config->services[i].name}),
			     service(from, i).usable);
}

/* ---- backends ------------------------------------------------------------------------------------------ */

/* A backend in a service. */
struct place {
	const struct config_service *service;
	const struct config_pool *pool;
	const struct config_backend *backend;
	struct engine_backend view;
	struct traffic_counter traffic;
};

#define PLACE_LABELS(place, ...)                                                                   \
	LABELS({"service", (place)->service->name}, {"pool", (place)->pool->name},                 \
	       {"backend", (place)->backend->name}, ##__VA_ARGS__)

typedef void place_fn(const struct place *place, struct metrics_writer *to);

static void each_place(const struct metrics_snapshot *from, struct metrics_writer *to,
		       place_fn *write)
{
	for (size_t i = 0; i < count_services(from); i++) {
		struct place place = {.service = &from->config->services[i]};

		place.pool = &from->config->pools[place.service->pool];
		for (size_t j = 0; j < place.pool->n_backends; j++) {
			place.backend = &place.pool->backends[j];
			engine_backend(from->source->engine, i, j, &place.view);
			place.traffic = place.view.id < 0 ? (struct traffic_counter){0}
							  : from->backends[place.view.id];
			write(&place, to);
		}
	}
}

static void write_packets(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.packets);
}

static void write_bytes(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.bytes);
}

static void write_flows(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->traffic.new_flows);
}

static void write_state(const struct place *place, struct metrics_writer *to)
{
	static const char *const words[] = {
		[BACKEND_FREE] = "none",
		[BACKEND_DOWN] = "down",
		[BACKEND_DRAINING] = "draining",
		[BACKEND_UP] = "up",
	};

	for (enum backend_state state = BACKEND_DOWN; state <= BACKEND_UP; state++)
		writer_count(to, PLACE_LABELS(place, {"state", words[state]}),
			     place->view.state == state);
}

static void write_weight(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.weight);
}

static void write_resolved(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.resolved);
}

static void write_slots(const struct place *place, struct metrics_writer *to)
{
	writer_count(to, PLACE_LABELS(place), place->view.slots);
}

static void write_records(const struct place *place, struct metrics_writer *to)
{
	const struct scan_counts *counts = &place->view.flows;

	writer_count(to, PLACE_LABELS(place, {"state", "unconfirmed"}), counts->unconfirmed);
	writer_count(to, PLACE_LABELS(place, {"state", "established"}), counts->established);
	writer_count(to, PLACE_LABELS(place, {"state", "closing"}), counts->closing);
}

#define X(what)                                                                                    \
	static void collect_backend_##what(const struct metrics_snapshot *from,                    \
					   struct metrics_writer *to)                              \
	{                                                                                          \
		each_place(from, to, write_##what);                                                \
	}
X(packets) X(bytes) X(flows) X(state) X(weight) X(resolved) X(slots) X(records)
#undef X

/* ---- checks -------------------------------------------------------------------------------------------- */

typedef void check_fn(const struct health_view *view, const struct label *labels,
		      struct metrics_writer *to);

static void each_check(const struct metrics_snapshot *from, struct metrics_writer *to,
		       check_fn *write)
{
	struct health_view view;

	for (size_t i = 0; from->config && i < from->config->n_pools; i++) {
		const struct config_pool *pool = &from->config->pools[i];

		for (size_t j = 0; j < pool->n_backends; j++)
			if (health_view(from->source->health, pool->name, pool->backends[j].name,
					&view))
				write(&view,
				      LABELS({"pool", pool->name},
					     {"backend", pool->backends[j].name}),
				      to);
	}
}

static void write_up(const struct health_view *view, const struct label *labels,
		     struct metrics_writer *to)
{
	writer_count(to, labels, view->check->state == CHECK_UP);
}

static void write_successes(const struct health_view *view, const struct label *labels,
			    struct metrics_writer *to)
{
	writer_count(to, labels, view->check->successes);
}

static void write_failures(const struct health_view *view, const struct label *labels,
			   struct metrics_writer *to)
{
	writer_count(to, labels, view->check->failures);
}

static void write_duration(const struct health_view *view, const struct label *labels,
			   struct metrics_writer *to)
{
	writer_seconds(to, labels, view->last_ms);
}

#define X(what)                                                                                    \
	static void collect_check_##what(const struct metrics_snapshot *from,                      \
					 struct metrics_writer *to)                                \
	{                                                                                          \
		each_check(from, to, write_##what);                                                \
	}
X(up) X(successes) X(failures) X(duration)
#undef X

/* ---- the table ----------------------------------------------------------------------------------------- */

/* clang-format off */
#define PLACE "service, pool, backend"
const struct metric metrics_table[] = {
	{"sluice_build_info", "gauge", "Version of the daemon and of its maps; always 1.",
	 "version, abi", collect_build},
	{"sluice_config_generation", "gauge",
	 "Commits of a configuration since the daemon started.", "", collect_generation},
	{"sluice_config_commit_timestamp_seconds", "gauge",
	 "When the configuration was committed, in Unix time.", "", collect_committed},
	{"sluice_interface_attached", "gauge", "Whether packets of the interface pass the program.",
	 "interface", collect_attached},
	{"sluice_interface_mode", "gauge", "How the interface is attached: 1 for the mode that is.",
	 "interface, mode", collect_mode},
	{"sluice_packets_total", "counter", "Packets received, by what became of them.",
	 "verdict, action", collect_packets},
	{"sluice_bytes_total", "counter", "Bytes of frames received, by what became of them.",
	 "verdict, action", collect_bytes},
	{"sluice_flow_records", "gauge", "Records in the flow table, as of the last whole scan.",
	 "", collect_records},
	{"sluice_flow_records_capacity", "gauge", "Records that the flow table has room for.",
	 "", collect_capacity},
	{"sluice_flow_scans_total", "counter", "Whole scans of the flow table.", "", collect_scans},
	{"sluice_flow_events_total", "counter", "What the flow table did.", "event",
	 collect_flow_events},
	{"sluice_service_packets_total", "counter", "Packets for the service.", "service",
	 collect_service_packets},
	{"sluice_service_bytes_total", "counter", "Bytes of frames for the service.", "service",
	 collect_service_bytes},
	{"sluice_service_new_flows_total", "counter",
	 "TCP SYNs, and first packets of recorded UDP flows.", "service", collect_service_flows},
	{"sluice_service_slots", "gauge", "Slots of the service by state.", "service, state",
	 collect_service_slots},
	{"sluice_service_usable_backends", "gauge", "Backends that get new flows.", "service",
	 collect_service_usable},
	{"sluice_backend_state", "gauge", "State in the packet path: 1 for the one it has.",
	 PLACE ", state", collect_backend_state},
	{"sluice_backend_weight", "gauge", "Effective weight; 0 when it gets no new flows.",
	 PLACE, collect_backend_weight},
	{"sluice_backend_next_hop_resolved", "gauge", "Whether the MAC of the next hop is known.",
	 PLACE, collect_backend_resolved},
	{"sluice_backend_packets_total", "counter", "Packets sent to the backend.", PLACE,
	 collect_backend_packets},
	{"sluice_backend_bytes_total", "counter",
	 "Bytes of frames sent to the backend, as they were received.", PLACE,
	 collect_backend_bytes},
	{"sluice_backend_new_flows_total", "counter",
	 "TCP SYNs, and first packets of recorded UDP flows.", PLACE, collect_backend_flows},
	{"sluice_backend_slots", "gauge", "Slots that belong to the backend.", PLACE,
	 collect_backend_slots},
	{"sluice_backend_flow_records", "gauge",
	 "Flow records that name the backend, as of the last whole scan.", PLACE ", state",
	 collect_backend_records},
	{"sluice_check_up", "gauge", "Whether the check says that the backend is up.",
	 "pool, backend", collect_check_up},
	{"sluice_check_successes_total", "counter", "Probes that succeeded.", "pool, backend",
	 collect_check_successes},
	{"sluice_check_failures_total", "counter", "Probes that failed.", "pool, backend",
	 collect_check_failures},
	{"sluice_check_last_duration_seconds", "gauge", "How long the last probe took.",
	 "pool, backend", collect_check_duration},
	{NULL, NULL, NULL, NULL, NULL},
};
/* clang-format on */

static void write_all(const struct metrics_snapshot *snapshot, FILE *out)
{
	struct metrics_writer writer = {.out = out, .left = METRICS_SERIES_MAX};

	for (const struct metric *metric = metrics_table; metric->name; metric++) {
		writer_begin(&writer, metric->name, metric->type, metric->help);
		metric->collect(snapshot, &writer);
	}
	/* Not in the table: it is only known at the end, and always written. */
	writer.left = 1;
	writer_begin(&writer, "sluice_scrape_dropped_series", "gauge",
		     "Series left out of this scrape, which writes 10000 at most.");
	writer_count(&writer, NULL, writer.dropped);
}

int metrics_write(const struct metrics_source *source, char **ret_text, struct sl_errors *errors)
{
	struct metrics_snapshot snapshot;
	size_t size;
	FILE *out;
	int result = snapshot_take(source, &snapshot, errors);

	if (result)
		return result;
	out = open_memstream(ret_text, &size);
	if (!out)
		sl_out_of_memory();
	write_all(&snapshot, out);
	if (fclose(out))
		sl_out_of_memory();
	snapshot_deinit(&snapshot);
	return 0;
}
