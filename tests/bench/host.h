/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.h - what the daemon's heavy steps cost: a Maglev table, a plan, a scan of the flow table.
 */
#ifndef SLUICE_BENCH_HOST_H
#define SLUICE_BENCH_HOST_H

#include "bench/bench.h"

/* As packet_path_measure(). */
size_t host_measure(const struct bench_effort *effort, struct bench_result **ret_results);

#endif
