/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - all that is counted, in Prometheus' text format 0.0.4 (docs/metrics.md).
 *
 * One table of metrics; base units; labels are names from the configuration and words of abi.h, never
 * a client's address. A scrape writes METRICS_SERIES_MAX series at most, the whole's before the
 * services' before the backends', and says how many it left out.
 */
#ifndef SLUICE_METRICS_H
#define SLUICE_METRICS_H

#include "base/error.h"
#include "base/histogram.h"
#include "config/config.h"

#include <stddef.h>
#include <stdint.h>

struct change;
struct engine;
struct events;
struct health;
struct loader;
struct metrics_snapshot;
struct metrics_writer;
struct store;

#define METRICS_SERIES_MAX 10000

/* What one route of the API has answered. */
struct metrics_requests {
	const char *method, *path; /* borrowed */
	uint64_t answers[6];	   /* by the first digit of the status */
	struct histogram duration; /* from the head to the last byte handed to the library */
};

/* X(name, help): why a stream was ended that its client had not ended. */
#define METRICS_STREAM_ENDS(X)                                                                     \
	X(gone)	   /* the client went away without a word */                                       \
	X(slow)	   /* it took nothing for too long */                                              \
	X(refused) /* there were too many to begin with */

#define X(name) METRICS_STREAM_##name,
enum metrics_stream_end { METRICS_STREAM_ENDS(X) METRICS_STREAM_END_COUNT };
#undef X

/* Of the API's, which counts them. */
struct metrics_streams {
	uint64_t open;
	uint64_t ended[METRICS_STREAM_END_COUNT];
};

struct metrics_source { /* all borrowed */
	struct engine *engine;
	struct health *health;
	struct loader *loader;
	struct store *store;
	struct events *events;
	struct change *change;
	const struct config_interface *interfaces;
	size_t n_interfaces;
	const struct metrics_requests *requests;
	size_t n_requests;
	const struct histogram *lag; /* of the loop */
	const struct metrics_streams *streams;
};

struct metric {
	const char *name;
	const char *type; /* "counter", "gauge" or "histogram" */
	const char *help;
	const char *labels; /* as documented: "service, state" */
	void (*collect)(const struct metrics_snapshot *snapshot, struct metrics_writer *writer);
};

/* All of them, ended by one without a name. */
extern const struct metric metrics_table[];

/* Caller frees *ret_text. -errno with an error if the counters can't be read. */
int metrics_write(const struct metrics_source *source, char **ret_text, struct sl_errors *errors);

#endif
