/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer.h - Prometheus' text exposition format 0.0.4, series by series.
 */
#ifndef SLUICE_METRICS_WRITER_H
#define SLUICE_METRICS_WRITER_H

#include "base/histogram.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct metrics_writer {
	FILE *out;	  /* borrowed */
	const char *name; /* of the metric whose series come */
	size_t left;	  /* series that may still be written */
	size_t dropped;	  /* that were not */
};

struct label {
	const char *name, *value;
};
#define LABELS(...) ((const struct label[]){__VA_ARGS__, {NULL, NULL}})

void writer_begin(struct metrics_writer *writer, const char *name, const char *type,
		  const char *help);
/* labels: ended by one without a name; NULL: none. Values are escaped. */
void writer_count(struct metrics_writer *writer, const struct label *labels, uint64_t value);
void writer_seconds(struct metrics_writer *writer, const struct label *labels, uint64_t value_ms);
/* NAME_bucket, NAME_sum and NAME_count: all of them or, where there is no room, none. */
void writer_histogram(struct metrics_writer *writer, const struct label *labels,
		      const struct histogram *histogram);

#endif
