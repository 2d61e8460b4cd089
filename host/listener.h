/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.h - what this host serves itself: TCP sockets that listen, and UDP sockets without a peer.
 */
#ifndef SLUICE_HOST_LISTENER_H
#define SLUICE_HOST_LISTENER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct host_listener {
	struct in6_addr ip; /* :: or 0.0.0.0: every address (:: also IPv4's) */
	uint8_t protocol;   /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
};

/* From /proc/net/{tcp,tcp6,udp,udp6} below the root; a file that isn't there has none. Caller frees. */
struct host_listener *host_listener_list(const char *root, size_t *ret_count);

#endif
