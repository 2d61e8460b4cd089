/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nudge.h - makes the kernel resolve a neighbour, or verify one gone stale, in the only way open to a
 * process without capabilities: by sending it something, an empty datagram to the discard port.
 */
#ifndef SLUICE_NET_NUDGE_H
#define SLUICE_NET_NUDGE_H

#include "base/address.h"

#include <stdint.h>

struct nudge {
	int fd4; /* owned, as is fd6; negative: the host lacks the family */
	int fd6;
};

void nudge_init(struct nudge *nudge);
void nudge_deinit(struct nudge *nudge);

/* `ifindex` is that of the link on which a link-local address stands. */
void nudge_send(const struct nudge *nudge, const struct address *address, uint32_t ifindex);

#endif
