// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/local_address.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static int key_of(const char *text, struct agent_address *ret_key)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr))
		return local_address_key((struct sockaddr *)&v4, ret_key);
	cr_assert(inet_pton(AF_INET6, text, &v6.sin6_addr));
	return local_address_key((struct sockaddr *)&v6, ret_key);
}

Test(agent_local_address, ipv4_is_kept_as_mapped_ipv6)
{
	struct agent_address v4, mapped;

	cr_assert_eq(key_of("10.0.0.1", &v4), 0);
	cr_assert_eq(key_of("::ffff:10.0.0.1", &mapped), 0);
	cr_assert_eq(memcmp(&v4, &mapped, sizeof(v4)), 0);
}

Test(agent_local_address, ipv6_is_kept_as_it_is)
{
	struct agent_address key;
	unsigned char bytes[16];

	cr_assert_eq(key_of("2001:db8::7", &key), 0);
	inet_pton(AF_INET6, "2001:db8::7", bytes);
	cr_assert_eq(memcmp(&key, bytes, sizeof(bytes)), 0);
}

Test(agent_local_address, no_tunnel_ends_at_loopback)
{
	struct sockaddr other = {.sa_family = AF_PACKET};
	struct agent_address key;

	cr_assert_eq(key_of("127.0.0.1", &key), 1);
	cr_assert_eq(key_of("127.255.0.3", &key), 1);
	cr_assert_eq(key_of("::1", &key), 1);
	cr_assert_eq(key_of("128.0.0.1", &key), 0);
	cr_assert_eq(local_address_key(&other, &key), 1);
	cr_assert_eq(local_address_key(NULL, &key), 1);
}

Test(agent_local_address, an_empty_namespace_has_none)
{
	struct agent_address *list;
	size_t count;

	cr_assert_eq(unshare(CLONE_NEWNET), 0, "needs root");
	cr_assert_eq(local_address_list(&list, &count), 0);
	cr_assert_eq(count, 0);
	free(list);
}
