/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/histogram.h"

static const struct {
	uint64_t us;
	const char *text;
} bounds[HISTOGRAM_BUCKETS + 1] = {
#define X(us, text) {us, text},
	HISTOGRAM_BOUNDS(X)
#undef X
		{UINT64_MAX, "+Inf"},
};

void histogram_add(struct histogram *histogram, uint64_t duration_us)
{
	int bucket = 0;

	while (duration_us > bounds[bucket].us)
		bucket++;
	histogram->counts[bucket]++;
	histogram->sum_us += duration_us;
}

const char *histogram_bound(int bucket)
{
	return bounds[bucket].text;
}
