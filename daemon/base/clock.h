/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - the one clock of maps and daemon: CLOCK_MONOTONIC_COARSE, which the packet path reads as
 * bpf_ktime_get_coarse_ns. Pure modules are handed its value.
 */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

uint64_t clock_now_ns(void);

/* CLOCK_MONOTONIC, for durations shorter than a tick of the other. */
uint64_t clock_fine_us(void);

#endif
