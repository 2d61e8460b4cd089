/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own.h - the addresses of this host.
 */
#ifndef SLUICE_NET_OWN_H
#define SLUICE_NET_OWN_H

#include "base/address.h"

/* All of them, of all interfaces, as they are now. Caller frees. NULL and 0 if they can't be read. */
struct address *net_own_addresses(size_t *ret_count);

#endif
