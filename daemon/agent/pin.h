/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pin.h - where an interface's link and counters are pinned: DIR/INTERFACE/link and .../counters.
 *
 * bpffs takes no dot in a name and Linux no colon in an interface's: "eth0.7" is kept as "eth0:7".
 */
#ifndef SLUICE_PIN_H
#define SLUICE_PIN_H

#include <limits.h>

#include "base/error.h"

struct pin_paths {
	char dir[PATH_MAX];
	char link[PATH_MAX];
	char counters[PATH_MAX];
};

/* Negative errno for a name that can be no interface's, and for a path that is too long. */
int pin_paths_init(struct pin_paths *paths, const char *pin_dir, const char *interface,
		   struct sl_errors *errors);

/* Makes the directory, with its parents, and makes sure that it can hold pins. Negative errno. */
int pin_make_dir(const struct pin_paths *paths, struct sl_errors *errors);

/* Removes pins and directory, whichever of them are there. */
void pin_remove(const struct pin_paths *paths);

/* The interface's name from its directory's, in place. */
void pin_name_to_interface(char *name);

#endif
