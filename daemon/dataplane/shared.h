/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared.h - `attach: shared`: one program of several on an interface, behind libxdp's dispatcher.
 *
 * libxdp keeps the dispatcher and its programs pinned under <bpffs>/xdp. Ours is told from the
 * others by its name. The dispatcher needs a kernel that lets programs replace functions of others
 * (BPF_PROG_TYPE_EXT); where it doesn't, libxdp would quietly attach without one, and nothing could
 * be shared. Kernels that check what an extension does to the packet (6.13, and 6.12 with fixes)
 * refuse ours behind the dispatcher of libxdp 1.3, which doesn't say that its programs move
 * headers.
 */
#ifndef SLUICE_SHARED_H
#define SLUICE_SHARED_H

#include "dataplane/link.h"
#include "dataplane/object.h"

/*
 * Loads the program for the dispatcher and attaches it there, and only then detaches the one that
 * was there: packets see both for a moment, never none. `maps`: see maps_open().
 */
int shared_attach(const struct link_target *target, const struct sluice_bpf *maps,
		  const struct object_settings *settings, enum config_mode wanted,
		  enum config_mode *ret_mode, struct sl_errors *errors);

/* Detaches our program. Returns how many were there, or a negative errno. */
int shared_detach(unsigned ifindex);

#endif
