/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct in6_addr mapped(struct in_addr address)
{
	struct in6_addr ip = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	memcpy(&ip.s6_addr[12], &address, sizeof(address));
	return ip;
}

bool host_address_parse(const char *text, struct in6_addr *ret_ip)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) != 1)
		return inet_pton(AF_INET6, text, ret_ip) == 1;
	*ret_ip = mapped(ipv4);
	return true;
}

bool host_address_is_ipv4(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_V4MAPPED(ip);
}

struct host_address_text host_address_text(const struct in6_addr *ip)
{
	struct host_address_text text;

	if (host_address_is_ipv4(ip))
		inet_ntop(AF_INET, &ip->s6_addr[12], text.text, sizeof(text.text));
	else
		inet_ntop(AF_INET6, ip, text.text, sizeof(text.text));
	return text;
}

bool host_address_is_loopback(const struct in6_addr *ip)
{
	return host_address_is_ipv4(ip) ? ip->s6_addr[12] == IN_LOOPBACKNET
					: IN6_IS_ADDR_LOOPBACK(ip);
}

bool host_address_is_any(const struct in6_addr *ip)
{
	struct in6_addr any4 = mapped((struct in_addr){INADDR_ANY});

	return IN6_IS_ADDR_UNSPECIFIED(ip) || !memcmp(ip, &any4, sizeof(any4));
}

bool host_address_is_link_local(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_LINKLOCAL(ip);
}

static unsigned char ones(const void *bytes, size_t size)
{
	unsigned char count = 0;

	for (size_t i = 0; i < size; i++)
		count += __builtin_popcount(((const unsigned char *)bytes)[i]);
	return count;
}

static bool take(const struct ifaddrs *from, struct host_address *to)
{
	if (!from->ifa_addr || !from->ifa_netmask)
		return false;
	if (from->ifa_addr->sa_family == AF_INET) {
		to->ip = mapped(((struct sockaddr_in *)from->ifa_addr)->sin_addr);
		to->prefix =
			96 + ones(&((struct sockaddr_in *)from->ifa_netmask)->sin_addr.s_addr, 4);
	} else if (from->ifa_addr->sa_family == AF_INET6) {
		to->ip = ((struct sockaddr_in6 *)from->ifa_addr)->sin6_addr;
		to->prefix = ones(&((struct sockaddr_in6 *)from->ifa_netmask)->sin6_addr, 16);
	} else {
		return false;
	}
	snprintf(to->interface, sizeof(to->interface), "%s", from->ifa_name);
	return true;
}

int host_address_list(struct host_address **ret_list, size_t *ret_count)
{
	struct host_address *list;
	struct ifaddrs *all;
	size_t room = 1, count = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		room++;
	list = calloc(room, sizeof(*list));
	for (const struct ifaddrs *i = all; list && i; i = i->ifa_next)
		if (take(i, &list[count]))
			count++;
	freeifaddrs(all);
	if (!list)
		return -ENOMEM;
	*ret_list = list;
	*ret_count = count;
	return 0;
}
