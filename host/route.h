/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route.h - by which interfaces the default routes of IPv4 go.
 */
#ifndef SLUICE_HOST_ROUTE_H
#define SLUICE_HOST_ROUTE_H

#include <net/if.h>
#include <stddef.h>

struct host_name {
	char text[IF_NAMESIZE];
};

/* From /proc/net/route below the root; each once, at most `most`. Returns how many. */
size_t host_default_interfaces(const char *root, struct host_name *ret_names, size_t most);

#endif
