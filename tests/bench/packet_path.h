/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_path.h - ns a packet, net of the shim: every scenario with each flow set.
 */
#ifndef SLUICE_BENCH_PACKET_PATH_H
#define SLUICE_BENCH_PACKET_PATH_H

#include "bench/bench.h"
#include "bench/shim.h"
#include "bench/site.h"

struct lru_bpf;

/* What can be measured. All owned by the one who opened it. */
struct subjects {
	struct shim_bpf *shim;
	struct site *full, *plain;
	struct lru_bpf *lru;
	struct hash_bpf *hash;
	unsigned ifindex;
};

/* Records the flows of the scenarios that need it. */
void packet_path_prepare(const struct subjects *subjects, const struct bench_effort *effort);

/*
 * A result for each scenario and flow set, those of one scenario together. Returns their number;
 * *ret_results is the caller's.
 */
size_t packet_path_measure(const struct subjects *subjects, const struct bench_effort *effort,
			   struct bench_result **ret_results);

#endif
