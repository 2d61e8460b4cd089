/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.h - one question to the kernel and its one answer: links, and the XDP features of drivers.
 *
 * Two messages of fixed shape do not need a library that the client would otherwise not link.
 */
#ifndef SLUICE_HOST_NETLINK_H
#define SLUICE_HOST_NETLINK_H

#include "host/interface.h"

/* Fills index, MTU, state, kind and XDP of the interface of that name. Negative errno. */
int netlink_link(const char *name, struct host_interface *interface);

/* Fills can_native and can_transmit; leaves them where the kernel (before 6.3) doesn't tell. */
void netlink_xdp_features(struct host_interface *interface);

#endif
