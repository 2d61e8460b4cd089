/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram.h - durations, counted in fixed buckets, as Prometheus wants them.
 */
#ifndef SLUICE_HISTOGRAM_H
#define SLUICE_HISTOGRAM_H

#include <stdint.h>

/* X(upper bound in us, as seconds) */
#define HISTOGRAM_BOUNDS(X)                                                                        \
	X(100, "0.0001")                                                                           \
	X(250, "0.00025")                                                                          \
	X(500, "0.0005")                                                                           \
	X(1000, "0.001")                                                                           \
	X(2500, "0.0025")                                                                          \
	X(5000, "0.005")                                                                           \
	X(10000, "0.01")                                                                           \
	X(25000, "0.025")                                                                          \
	X(50000, "0.05")                                                                           \
	X(100000, "0.1")                                                                           \
	X(250000, "0.25")                                                                          \
	X(500000, "0.5")                                                                           \
	X(1000000, "1")                                                                            \
	X(2500000, "2.5")                                                                          \
	X(5000000, "5")                                                                            \
	X(10000000, "10")

#define X(us, text) +1
enum { HISTOGRAM_BUCKETS = 0 HISTOGRAM_BOUNDS(X) };
#undef X

/* Zeroed is empty. */
struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* each by itself; the last has no upper bound */
	uint64_t sum_us;
};

/* A bound belongs to the bucket below it. */
void histogram_add(struct histogram *histogram, uint64_t duration_us);

/* The upper bound of a bucket in seconds: "0.0001" ... "10", and "+Inf" for the last. */
const char *histogram_bound(int bucket);

#endif
