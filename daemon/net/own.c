/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/own.h"

#include "base/memory.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static bool take(const struct sockaddr *from, struct address *to)
{
	const struct sockaddr_in *four = (const void *)from;
	const struct sockaddr_in6 *six = (const void *)from;

	memset(to, 0, sizeof(*to));
	if (from && from->sa_family == AF_INET) {
		to->family = 4;
		to->word_be[0] = four->sin_addr.s_addr;
	} else if (from && from->sa_family == AF_INET6) {
		to->family = 6;
		memcpy(to->word_be, &six->sin6_addr, sizeof(six->sin6_addr));
	}
	return to->family;
}

struct address *net_own_addresses(size_t *ret_count)
{
	struct ifaddrs *all;
	struct address *own;
	size_t count = 0;

	*ret_count = 0;
	if (getifaddrs(&all))
		return NULL;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next)
		count++;
	own = sl_calloc(count, sizeof(*own));
	for (const struct ifaddrs *at = all; at; at = at->ifa_next)
		*ret_count += take(at->ifa_addr, &own[*ret_count]);
	freeifaddrs(all);
	return own;
}
