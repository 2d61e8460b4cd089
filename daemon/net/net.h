/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.h - by which interface and to which MAC a backend's packets leave, followed over netlink.
 *
 * For each watched address: the route's interface, gateway and MTU, the neighbour's MAC. Follows
 * changes of routes, neighbours and links. Needs no capability. A neighbour that the kernel doesn't
 * know is nudged with an empty datagram to its discard port, again with backing off (1 to 30 s) while
 * it stays unknown; one gone stale is nudged at most every 30 s. The last known MAC is kept for a
 * minute while the kernel forgets and learns a neighbour again, unless the next hop changes.
 *
 * The only code that knows libnl.
 */
#ifndef SLUICE_NET_H
#define SLUICE_NET_H

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct net;

struct net_hop {
	bool resolved; /* else only `why` counts */
	uint32_t ifindex;
	uint8_t mac[6];	       /* of the next hop, wire order */
	uint8_t source_mac[6]; /* of the interface */
	uint16_t mtu;	       /* of the route, else of the interface */
	bool local;	       /* the address is this host's own: never resolved */
	char interface[16];
	const char *why; /* static: "no route", "neighbour unknown", "address of this host", ... */
};

/* Called from the loop when the hop of a watched address has changed, also the first time. */
typedef void net_changed_fn(void *context, const struct address *address,
			    const struct net_hop *hop);

int net_new(struct event_base *base, net_changed_fn *changed, void *context, struct net **ret_net,
	    struct sl_errors *errors);
void net_free(struct net *net);

/* Replaces the set of watched addresses; those that stay keep what is known. Duplicates are fine. */
void net_watch(struct net *net, const struct address *addresses, size_t count);

/* False if not watched. */
bool net_hop(const struct net *net, const struct address *address, struct net_hop *ret_hop);

#endif
