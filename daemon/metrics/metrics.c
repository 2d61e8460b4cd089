/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/metrics.h"

#include "base/memory.h"
#include "metrics/collect.h"

#include <stdlib.h>

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
	{"sluice_table_entries", "gauge",
	 "Entries of the packet path's tables that are in use, or can't be given out again yet.",
	 "table", collect_tables},
	{"sluice_table_capacity_entries", "gauge", "Entries that the table has room for.", "table",
	 collect_tables_capacity},
	{"sluice_loop_lag_seconds", "histogram",
	 "How late the daemon's loop was, looked at ten times a second.", "", collect_loop_lag},
	{"sluice_commits_total", "counter",
	 "Configurations committed to the maps since the start, by how it ended.", "result",
	 collect_commits},
	{"sluice_commit_duration_seconds", "histogram", "How long a commit to the maps took.", "",
	 collect_commit_duration},
	{"sluice_events_total", "counter", "Events since the daemon's start.", "kind",
	 collect_events},
	{"sluice_events_lost_total", "counter", "Events that could not be written to the log.", "",
	 collect_events_lost},
	{"sluice_store_degraded", "gauge", "Whether the store can't write: 1 if so.", "",
	 collect_store_degraded},
	{"sluice_store_waiting", "gauge", "Changes and questions that wait for the disk.", "",
	 collect_store_waiting},
	{"sluice_api_requests_total", "counter", "Requests answered, by the status's first digit.",
	 "method, path, class", collect_requests},
	{"sluice_api_request_duration_seconds", "histogram",
	 "From a request's head to its answer.", "method, path", collect_request_duration},
	{"sluice_check_duration_seconds", "histogram",
	 "How long probes took, those that failed or timed out included.", "type",
	 collect_check_durations},
	{"process_cpu_seconds_total", "counter", "CPU time of the daemon's worker.", "",
	 collect_process_cpu},
	{"process_resident_memory_bytes", "gauge", "Memory of the worker.", "",
	 collect_process_memory},
	{"process_open_fds", "gauge", "Open descriptors of the worker.", "",
	 collect_process_descriptors},
	{"process_max_fds", "gauge", "Descriptors that the worker may have open.", "",
	 collect_process_descriptors_max},
	{"process_start_time_seconds", "gauge", "When the worker started, in Unix time.", "",
	 collect_process_start},
	{"sluice_packets_total", "counter", "Packets received, by what became of them.",
	 "verdict, action", collect_packets},
	{"sluice_bytes_total", "counter", "Bytes of frames received, by what became of them.",
	 "verdict, action", collect_bytes},
	{"sluice_flow_records", "gauge", "Records in the flow table, as of the last whole scan.",
	 "", collect_records},
	{"sluice_flow_records_capacity", "gauge", "Flows that the flow table is made for: capacity.flows.",
	 "", collect_capacity},
	{"sluice_flow_scans_total", "counter", "Whole scans of the flow table.", "", collect_scans},
	{"sluice_flow_events_total", "counter", "What the flow table did.", "event",
	 collect_flow_events},
	{"sluice_api_streams", "gauge", "Connections to the API that are told of changes.", "",
	 collect_streams},
	{"sluice_api_streams_dropped_total", "counter",
	 "Those that the daemon ended or refused, by why.", "reason", collect_streams_ended},
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
