/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/lockout.h"

#include <string.h>

enum { PORT_SSH = 22 };

static const struct host_address *own_address(const struct in6_addr *vip,
					      const struct host_address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!memcmp(&addresses[i].ip, vip, sizeof(*vip)))
			return &addresses[i];
	return NULL;
}

/* A socket on :: takes IPv4 too, unless it says otherwise, which can't be seen from outside. */
static bool hears(const struct host_listener *listener, const struct in6_addr *vip)
{
	if (!memcmp(&listener->ip, vip, sizeof(*vip)))
		return true;
	if (!host_address_is_any(&listener->ip))
		return false;
	return host_address_is_ipv4(vip) || !host_address_is_ipv4(&listener->ip);
}

static bool takes(const struct lockout_service *service, const struct host_listener *listener)
{
	return service->protocol == listener->protocol &&
	       (!service->port || service->port == listener->port) &&
	       hears(listener, &service->vip);
}

static enum lockout_kind kind_of(const struct host_listener *listener)
{
	return listener->protocol == IPPROTO_TCP && listener->port == PORT_SSH ? LOCKOUT_SSH
									       : LOCKOUT_SERVER;
}

struct lockout lockout_judge(const struct lockout_service *service,
			     const struct host_address *addresses, size_t n_addresses,
			     const struct host_listener *listeners, size_t n_listeners)
{
	struct lockout found = {.address = own_address(&service->vip, addresses, n_addresses)};

	if (!found.address)
		return found;
	found.kind = LOCKOUT_ADDRESS;
	for (size_t i = 0; i < n_listeners; i++) {
		enum lockout_kind kind = kind_of(&listeners[i]);

		if (!takes(service, &listeners[i]) || kind <= found.kind)
			continue;
		found.kind = kind;
		found.port = listeners[i].port;
	}
	return found;
}
