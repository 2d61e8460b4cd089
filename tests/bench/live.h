/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h - whole frames over a veth pair: generator, wire, program under test, wire, sink, all on one
 * CPU; beside the yardsticks of a far end that drops and one that sends back.
 */
#ifndef SLUICE_BENCH_LIVE_H
#define SLUICE_BENCH_LIVE_H

#include "bench/packet_path.h"

/* `outside` and subjects->ifindex are the pair. As packet_path_measure(). */
size_t live_measure(const struct subjects *subjects, unsigned outside,
		    const struct bench_effort *effort, struct bench_result **ret_results);

#endif
