// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/local_address.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static int key_of_ipv4(const struct sockaddr_in *address, struct agent_address *ret_key)
{
	if (ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return 1;
	*ret_key = (struct agent_address){{0, 0, htonl(0xffff), address->sin_addr.s_addr}};
	return 0;
}

static int key_of_ipv6(const struct sockaddr_in6 *address, struct agent_address *ret_key)
{
	if (IN6_IS_ADDR_LOOPBACK(&address->sin6_addr))
		return 1;
	memcpy(ret_key, &address->sin6_addr, sizeof(*ret_key));
	return 0;
}

int local_address_key(const struct sockaddr *address, struct agent_address *ret_key)
{
	if (address && address->sa_family == AF_INET)
		return key_of_ipv4((const struct sockaddr_in *)address, ret_key);
	if (address && address->sa_family == AF_INET6)
		return key_of_ipv6((const struct sockaddr_in6 *)address, ret_key);
	return 1;
}

int local_address_list(struct agent_address **ret_list, size_t *ret_count)
{
	struct agent_address *list = NULL, key;
	struct ifaddrs *all;
	size_t count = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (local_address_key(i->ifa_addr, &key))
			continue;
		list = sl_realloc_array(list, count + 1, sizeof(*list));
		list[count++] = key;
	}
	freeifaddrs(all);
	*ret_list = list;
	*ret_count = count;
	return 0;
}
