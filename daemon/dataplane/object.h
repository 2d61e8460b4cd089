/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - the BPF object that is embedded in the program: opened over existing maps, with what
 * is fixed at load filled in.
 */
#ifndef SLUICE_OBJECT_H
#define SLUICE_OBJECT_H

#include "dataplane/maps.h"

#include "sluice.skel.h"

struct object_settings {
	struct program_config config;
	struct hash_key key;
	bool read_only; /* explain: leaves everything but `explanation` as it is */
};

/* Not loaded yet. NULL with errno set on failure. `maps`: see maps_open(). */
struct sluice_bpf *object_open(const struct sluice_bpf *maps,
			       const struct object_settings *settings);
int object_load(const struct sluice_bpf *maps, const struct object_settings *settings,
		struct sluice_bpf **ret_object, struct sl_errors *errors);

int object_program_fd(const struct sluice_bpf *object);
void object_freep(struct sluice_bpf **object);
#define _cleanup_object_ _cleanup_(object_freep)

#endif
