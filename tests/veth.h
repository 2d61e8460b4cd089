/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * veth.h - for tests that need a kernel: a network namespace with a veth pair, and a pin directory,
 * both of this process alone.
 */
#ifndef SLUICE_VETH_H
#define SLUICE_VETH_H

#include "config/config.h"

#include <stddef.h>

#define VETH_OUT "outside"  /* frames are sent here */
#define VETH_IN	 "inside.1" /* and come in here; with a dot, as VLANs have */

/* False, with the reason on stderr: the kernel or our privileges don't allow it. */
bool veth_enter(void);
/* Deletes the pair and makes it anew: other interface numbers. */
void veth_renew(void);

/* /sys/fs/bpf/sluice-test-<pid>; static. Removed, with all that is pinned there, by veth_unpin().
 */
const char *veth_pin_dir(void);
void veth_unpin(void);

/* A packet socket on an interface, not blocking, for the test's EtherType alone. */
int veth_socket(const char *interface);
/* Sends `count` frames outside; takes what came in, and returns how many did. */
void veth_send(int socket, unsigned count);
unsigned veth_receive(int socket);

/* Small enough to be quick: 8 services, 32 backends, 256 slots, 1024 flows. */
extern const struct config_capacity veth_capacity;
/* IPv4 and IPIP, the prefixes of the examples. */
extern const struct program_config veth_program;

#endif
