/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lockout.h - would a service take packets that this host's own servers live on? Pure.
 *
 * A packet for a service never reaches the host: a VIP that is the host's own address, with a port on
 * which the host listens, takes SSH or the management port away from the operator.
 */
#ifndef SLUICE_HOST_LOCKOUT_H
#define SLUICE_HOST_LOCKOUT_H

#include "host/address.h"
#include "host/listener.h"

struct lockout_service {
	const char *name; /* borrowed */
	struct in6_addr vip;
	uint8_t protocol;
	uint16_t port; /* 0: any */
};

enum lockout_kind {
	LOCKOUT_NONE,	 /* the VIP is no address of this host's */
	LOCKOUT_ADDRESS, /* it is one, but nothing listens where the service is */
	LOCKOUT_SERVER,	 /* and the service takes a listener's packets */
	LOCKOUT_SSH,	 /* and that listener is on TCP port 22 */
};

struct lockout {
	enum lockout_kind kind;
	uint16_t port;			    /* the listener's, from LOCKOUT_SERVER on */
	const struct host_address *address; /* borrowed: the host's, NULL with LOCKOUT_NONE */
};

/* The worst that the service would do. */
struct lockout lockout_judge(const struct lockout_service *service,
			     const struct host_address *addresses, size_t n_addresses,
			     const struct host_listener *listeners, size_t n_listeners);

#endif
