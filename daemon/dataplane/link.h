/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.h - `attach: link`: a bpf_link of our own on an interface, pinned, so that it outlives us.
 */
#ifndef SLUICE_LINK_H
#define SLUICE_LINK_H

#include "base/error.h"
#include "config/config.h"

struct link_target {
	const char *interface; /* borrowed */
	unsigned ifindex;
};

/*
 * The descriptor of a new link that is pinned at `path`, or a negative errno with an error. NULL: not
 * pinned, it ends with its last descriptor.
 */
int link_create(const struct link_target *target, int program_fd, enum config_mode wanted,
		const char *path, enum config_mode *ret_mode, struct sl_errors *errors);

/*
 * The descriptor of the link that is pinned at `path`, or -ENOENT: there is none, or it doesn't
 * hold this interface any more (the interface was made anew); then the pin is taken away.
 */
int link_reopen(const struct link_target *target, const char *path, enum config_mode *ret_mode);

/* False once the interface is gone, or somebody has detached the link. */
bool link_is_attached(int fd);

/* Detaches whoever else holds a descriptor, and takes the pin away. -ENOENT: nothing is pinned. */
int link_remove(const char *path);

#endif
