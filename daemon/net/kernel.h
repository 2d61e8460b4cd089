/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - three questions to the kernel's routing, over rtnetlink: the route to an address, a
 * neighbour, a link.
 *
 * Each is one request for one object, never a dump: a host with the Internet's whole table is asked as
 * fast as any other. The kernel answers within sendmsg(2), so nothing here waits. No capability needed.
 * Results are untouched on failure.
 */
#ifndef SLUICE_NET_KERNEL_H
#define SLUICE_NET_KERNEL_H

#include "base/address.h"
#include "base/error.h"

#include <linux/if.h>
#include <stdbool.h>
#include <stdint.h>

struct nl_sock;

struct kernel_route {
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL, ... */
	uint32_t ifindex;
	struct address gateway; /* family 0: the address is on the link */
	uint32_t mtu;		/* 0: the link's */
};

struct kernel_link {
	uint32_t ifindex;
	uint16_t type;	/* ARPHRD_* */
	uint32_t flags; /* IFF_* */
	uint32_t mtu;
	uint8_t mac[6]; /* if ARPHRD_ETHER */
	char name[IFNAMSIZ];
};

struct kernel_neighbour {
	uint16_t state; /* NUD_*; 0: the kernel has no entry */
	bool has_mac;
	uint8_t mac[6];
};

int kernel_open(struct nl_sock **ret_sock, struct sl_errors *errors);
void kernel_close(struct nl_sock *sock);

/* False: no route. Of several paths, the one that the kernel takes for this address. */
bool kernel_route(struct nl_sock *sock, const struct address *address,
		  struct kernel_route *ret_route);
/* False: no such link. */
bool kernel_link(struct nl_sock *sock, uint32_t ifindex, struct kernel_link *ret_link);
void kernel_neighbour(struct nl_sock *sock, uint32_t ifindex, const struct address *address,
		      struct kernel_neighbour *ret_neighbour);

struct nlattr;
/* An address attribute of 4 or 16 bytes; false if absent or of another length. */
bool kernel_address(struct nlattr *attribute, struct address *ret_address);

#endif
