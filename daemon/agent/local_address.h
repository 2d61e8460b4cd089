/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * local_address.h - the addresses that a tunnel to this host may end at.
 */
#ifndef SLUICE_LOCAL_ADDRESS_H
#define SLUICE_LOCAL_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#include "sluice/abi.h"

/*
 * The map key of a socket address. Returns 0, or 1 for what no tunnel from outside may name:
 * loopback addresses and families other than IP.
 */
int local_address_key(const struct sockaddr *address, struct agent_address *ret_key);

/* All of this network namespace, in getifaddrs(3)'s order; caller frees. Negative errno. */
int local_address_list(struct agent_address **ret_list, size_t *ret_count);

#endif
