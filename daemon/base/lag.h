/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lag.h - how late the loop is: a timer that is due ten times a second, and how long after that it is
 * called. What holds the loop up holds up checks and requests alike.
 */
#ifndef SLUICE_LAG_H
#define SLUICE_LAG_H

#include "base/histogram.h"

struct event_base;
struct lag;

struct lag *lag_new(struct event_base *base);
void lag_free(struct lag *lag);

const struct histogram *lag_histogram(const struct lag *lag);

#endif
