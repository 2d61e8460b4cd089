/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - what all parts of the benchmark share: results, and giving up.
 */
#ifndef SLUICE_BENCH_H
#define SLUICE_BENCH_H

#include <linux/types.h>
#include <stddef.h>

#define BENCH_ROUNDS_MAX 15
#define BENCH_FLOW_SETS	 3

/* How much to measure. */
struct bench_effort {
	unsigned rounds;	      /* at most BENCH_ROUNDS_MAX; results are medians over them */
	__u32 packets;		      /* a round and scenario */
	__u32 flows[BENCH_FLOW_SETS]; /* sizes of the flow sets, the largest last */
};

/* One row of build/bench.json. */
struct bench_result {
	const char *name;
	__u32 flows; /* 0: flows don't matter */
	double net_ns, min_ns, max_ns;
	double target_ns;  /* 0: none */
	double per_second; /* 0: not a rate */
	__u64 packets;	   /* measured; of live frames: that came back */
};

_Noreturn void bench_die(const char *what);
double bench_now_ms(void);
double bench_now_ns(void);

/* Sorts the samples; the middle one. */
double bench_median(double *samples, unsigned count);
/* Fills in net_ns, min_ns and max_ns. */
void bench_summarize(struct bench_result *result, double *samples, unsigned count);

#endif
