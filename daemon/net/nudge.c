/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nudge.h"

#include "base/memory.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define PORT_DISCARD 9 /* RFC 863 */

static int open_socket(int family)
{
	return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void nudge_init(struct nudge *nudge)
{
	*nudge = (struct nudge){.fd4 = open_socket(AF_INET), .fd6 = open_socket(AF_INET6)};
}

void nudge_deinit(struct nudge *nudge)
{
	sl_closep(&nudge->fd4);
	sl_closep(&nudge->fd6);
}

/* A datagram that can't be sent is as lost as one that isn't answered: the next one comes. */
void nudge_send(const struct nudge *nudge, const struct address *address, uint32_t ifindex)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT_DISCARD),
		.sin_addr.s_addr = address->word_be[0],
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(PORT_DISCARD),
		.sin6_scope_id = ifindex,
	};

	memcpy(&v6.sin6_addr, address->word_be, sizeof(v6.sin6_addr));
	if (address->family == 4)
		(void)!sendto(nudge->fd4, "", 0, 0, (struct sockaddr *)&v4, sizeof(v4));
	else
		(void)!sendto(nudge->fd6, "", 0, 0, (struct sockaddr *)&v6, sizeof(v6));
}
