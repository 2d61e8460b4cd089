// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

double bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

double bench_now_ms(void)
{
	return bench_now_ns() / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *samples, unsigned count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[count / 2];
}

void bench_summarize(struct bench_result *result, double *samples, unsigned count)
{
	result->net_ns = bench_median(samples, count);
	result->min_ns = samples[0];
	result->max_ns = samples[count - 1];
}
