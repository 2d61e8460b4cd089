/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dataplane.h - the maps, through descriptors that are held: what the worker needs no capability
 * for.
 *
 * Together with program.h the only code that knows libbpf or a map. Slots, backends, services,
 * egress and flows are mapped memory: a store to them is one word and can't fail.
 * tests/fake_dataplane.c has the same interface over ordinary memory, and fails when told to.
 */
#ifndef SLUICE_DATAPLANE_H
#define SLUICE_DATAPLANE_H

#include "balance/step.h"
#include "balance/world.h"
#include "base/error.h"
#include "config/config.h"

struct dataplane;

/* How a STEP_PROGRAM is carried out: by the loader, in another process. 0 or -errno with an error.
 */
typedef int dataplane_load_fn(void *context, const struct program_config *config,
			      struct sl_errors *errors);

/* Takes the descriptors on success. `capacity` is what the maps were made with. */
int dataplane_open(const int map_fds[MAP_COUNT], const struct config_capacity *capacity,
		   dataplane_load_fn *load, void *context, struct dataplane **ret_dataplane,
		   struct sl_errors *errors);
void dataplane_close(struct dataplane *dataplane);

struct world_size dataplane_size(const struct dataplane *dataplane);

/* One write. A BACKEND_ENTRY that brings a backend to life also zeroes its counters. */
int dataplane_apply(struct dataplane *dataplane, const struct step *step, struct sl_errors *errors);

/* Fills a fresh world from the maps, all but `program`. */
int dataplane_read(struct dataplane *dataplane, struct world *world, struct sl_errors *errors);

/* The flow table itself; shared with the packet path. */
struct flow_bucket *dataplane_flows(struct dataplane *dataplane, uint32_t *ret_buckets);

/* Sums over CPUs. 0 or -errno. */
int dataplane_verdicts(struct dataplane *dataplane, struct verdict_counter ret[VERDICT_COUNT]);
int dataplane_flow_events(struct dataplane *dataplane, uint64_t ret[FLOW_EVENT_COUNT]);
/* Of all ids from 0 to count - 1. */
int dataplane_service_traffic(struct dataplane *dataplane, struct traffic_counter *ret,
			      uint32_t count);
int dataplane_backend_traffic(struct dataplane *dataplane, struct traffic_counter *ret,
			      uint32_t count);

/* What the last explain wrote. */
void dataplane_explanation(struct dataplane *dataplane, struct explanation *ret_explanation);

#endif
