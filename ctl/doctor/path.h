/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path.h - how large a packet may be that goes to an address and is not fragmented: ICMP echoes with
 * don't-fragment set, of many addresses at once.
 */
#ifndef SLUICECTL_DOCTOR_PATH_H
#define SLUICECTL_DOCTOR_PATH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATHS_MAX = 256, PATH_LEAST = 128 };

/* Sizes are of the whole IP packet. */
struct path {
	struct in6_addr to; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t wanted;    /* from PATH_LEAST to 9216 */
	uint32_t largest;   /* that was answered: `wanted`, or less; 0: not even PATH_LEAST */
};

/*
 * Takes some 5 s at most. Needs CAP_NET_RAW or net.ipv4.ping_group_range; negative errno without.
 * At most PATHS_MAX of them.
 */
int path_measure(struct path *paths, size_t count);

#endif
