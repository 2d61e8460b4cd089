/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_path.h - ns a packet, net of the shim: every scenario with one, ten thousand and a million flows.
 */
#ifndef SLUICE_BENCH_PACKET_PATH_H
#define SLUICE_BENCH_PACKET_PATH_H

#include "bench/bench.h"
#include "bench/shim.h"
#include "bench/site.h"

struct lru_bpf;

/* What can be measured. Borrowed. */
struct subjects {
	struct shim_bpf *shim;
	const struct site *full, *plain;
	const struct lru_bpf *lru;
	const struct hash_bpf *hash;
	unsigned ifindex;
};

#define PACKET_PATH_FLOW_SETS 3
extern const __u32 packet_path_flows[PACKET_PATH_FLOW_SETS];

/* Records the flows of the scenarios that need it. */
void packet_path_prepare(const struct subjects *subjects);

/* One result a scenario and flow set, those of one scenario together. Returns their number; *ret_results is the caller's. */
size_t packet_path_measure(const struct subjects *subjects, const struct bench_effort *effort,
			   struct bench_result **ret_results);

#endif
