/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - per-CPU arrays whose values are some 64-bit counters each.
 */
#ifndef SLUICE_COUNTERS_H
#define SLUICE_COUNTERS_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over CPUs the first `count` values of `words` counters each; -errno leaves ret as it was or
 * in part. */
int counters_sum(int map_fd, uint32_t count, size_t words, __u64 *ret_sums);
/* Sets one value of struct traffic_counter to 0 on all CPUs. */
int counters_zero(int map_fd, uint32_t index);

#endif
