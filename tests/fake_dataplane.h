/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_dataplane.h - dataplane.h over ordinary memory, which fails when told to.
 *
 * A test links tests/fake_dataplane.o, and the archive's own is left out. Descriptors that are
 * given to dataplane_open() are neither used nor closed (NULL will do), and so `load` may be NULL.
 */
#ifndef SLUICE_FAKE_DATAPLANE_H
#define SLUICE_FAKE_DATAPLANE_H

#include "dataplane/dataplane.h"

struct fake_counters {
	struct verdict_counter verdicts[VERDICT_COUNT];
	uint64_t flow_events[FLOW_EVENT_COUNT];
	struct traffic_counter *services; /* [size.services] */
	struct traffic_counter *backends; /* [size.backends] */
};

/* The n-th step from now on fails with -EIO and changes nothing; 0: none does. */
void fake_fail_at(struct dataplane *dataplane, unsigned n);
/* After the step that fake_fail_at() makes fail, the n-th from there fails, too. 0: none does. */
void fake_fail_again(struct dataplane *dataplane, unsigned n);
/*
 * The n-th step from now on and all after it change nothing and succeed, as if their daemon were dead;
 * 0: they live again.
 */
void fake_freeze_at(struct dataplane *dataplane, unsigned n);
/* How many steps were tried, those that failed included. */
unsigned fake_steps(const struct dataplane *dataplane);

/* Borrowed, to be read and set. */
struct fake_counters *fake_counters(struct dataplane *dataplane);
struct explanation *fake_explanation(struct dataplane *dataplane);

/* What all maps hold and the program's configuration, as bytes to compare. Caller frees. */
void *fake_bytes(struct dataplane *dataplane, size_t *ret_size);

#endif
