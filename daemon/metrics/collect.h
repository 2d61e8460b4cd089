/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collect.h - one function a metric: writes its series from a snapshot.
 */
#ifndef SLUICE_METRICS_COLLECT_H
#define SLUICE_METRICS_COLLECT_H

#include "metrics/snapshot.h"
#include "metrics/writer.h"

#define METRICS_COLLECTED(X)                                                                       \
	X(build)                                                                                   \
	X(generation)                                                                              \
	X(committed)                                                                               \
	X(attached)                                                                                \
	X(mode)                                                                                    \
	X(tables)                                                                                  \
	X(tables_capacity)                                                                         \
	X(loop_lag)                                                                                \
	X(requests)                                                                                \
	X(request_duration)                                                                        \
	X(process_cpu)                                                                             \
	X(process_memory)                                                                          \
	X(process_descriptors)                                                                     \
	X(process_descriptors_max)                                                                 \
	X(process_start)                                                                           \
	X(check_durations)                                                                         \
	X(packets)                                                                                 \
	X(bytes)                                                                                   \
	X(records)                                                                                 \
	X(capacity)                                                                                \
	X(scans)                                                                                   \
	X(events)                                                                                  \
	X(events_lost)                                                                             \
	X(store_degraded)                                                                          \
	X(store_waiting)                                                                           \
	X(commits)                                                                                 \
	X(commit_duration)                                                                         \
	X(streams)                                                                                 \
	X(streams_ended)                                                                           \
	X(flow_events)                                                                             \
	X(service_packets)                                                                         \
	X(service_bytes)                                                                           \
	X(service_flows)                                                                           \
	X(service_slots)                                                                           \
	X(service_usable)                                                                          \
	X(backend_state)                                                                           \
	X(backend_weight)                                                                          \
	X(backend_resolved)                                                                        \
	X(backend_packets)                                                                         \
	X(backend_bytes)                                                                           \
	X(backend_flows)                                                                           \
	X(backend_slots)                                                                           \
	X(backend_records)                                                                         \
	X(check_up)                                                                                \
	X(check_successes)                                                                         \
	X(check_failures)                                                                          \
	X(check_duration)

#define X(what) void collect_##what(const struct metrics_snapshot *from, struct metrics_writer *to);
METRICS_COLLECTED(X)
#undef X

#endif
