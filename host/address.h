/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.h - addresses as sixteen bytes, IPv4 as ::ffff:a.b.c.d; and those of this host.
 */
#ifndef SLUICE_HOST_ADDRESS_H
#define SLUICE_HOST_ADDRESS_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct host_address {
	struct in6_addr ip;
	char interface[IF_NAMESIZE];
	unsigned char prefix; /* of 128 bits: IPv4's /24 is 120 */
};

struct host_address_text {
	char text[INET6_ADDRSTRLEN];
};

bool host_address_parse(const char *text, struct in6_addr *ret_ip);
struct host_address_text host_address_text(const struct in6_addr *ip);
bool host_address_is_ipv4(const struct in6_addr *ip);
bool host_address_is_loopback(const struct in6_addr *ip);
bool host_address_is_any(const struct in6_addr *ip);
bool host_address_is_link_local(const struct in6_addr *ip);

/* All of this network namespace; caller frees. Negative errno. */
int host_address_list(struct host_address **ret_list, size_t *ret_count);

#endif
