/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - the results as a table with targets beside them, and as JSON.
 */
#ifndef SLUICE_BENCH_REPORT_H
#define SLUICE_BENCH_REPORT_H

#include "bench/bench.h"
#include "bench/site.h"

/* CPU, kernel, what else runs. */
void report_machine(void);
void report_size(const char *name, const struct site_size *size);
/* Three flow sets a scenario. */
void report_packet_path(const struct bench_result *results, size_t count);
void report_live(const struct bench_result *results, size_t count);
void report_host(const struct bench_result *results, size_t count);

/* Several lists become one in the file. Ends the program on failure. */
struct report_list {
	const struct bench_result *results;
	size_t count;
};
void report_json(const char *path, const struct report_list *lists, size_t count);

#endif
