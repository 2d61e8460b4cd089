/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps.h - the pinned maps: made with the sizes of a capacity, or found with the same.
 */
#ifndef SLUICE_DATAPLANE_MAPS_H
#define SLUICE_DATAPLANE_MAPS_H

#include "base/error.h"
#include "config/config.h"
#include "sluice/abi.h"

struct bpf_map;
struct sluice_bpf;

/* How many entries a map has. 0: as many as it is defined with. */
uint32_t maps_entries(enum map_number map, const struct config_capacity *capacity);

struct bpf_map *maps_find(const struct sluice_bpf *object, enum map_number map);

/*
 * Opens an object without programs whose maps are those pinned in `directory`, or new ones that are
 * pinned there now. A pinned map of another size or shape is an error that says how to go on.
 */
int maps_open(const char *directory, const struct config_capacity *capacity,
	      struct sluice_bpf **ret_object, struct sl_errors *errors);

#endif
