/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * duration.h - times as people write them: a whole number and ms, s, m, h or d.
 */
#ifndef SLUICECTL_DURATION_H
#define SLUICECTL_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* False, and nothing written: it is none, or zero, or more than a million units. */
bool duration_parse(const char *text, uint64_t *ret_ms);

#endif
