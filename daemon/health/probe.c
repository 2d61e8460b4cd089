/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/probe.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct probe_kind *const probe_kinds[CONFIG_CHECK_COUNT] = {
	[CONFIG_CHECK_TCP] = &probe_tcp,
	[CONFIG_CHECK_HTTP] = &probe_http,
};

int probe_socket(int family)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset))) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

socklen_t probe_sockaddr(const struct address *address, uint16_t port,
			 struct sockaddr_storage *ret_sockaddr)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_sockaddr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_sockaddr;

	memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
	if (address->family == 6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, address->word_be, sizeof(v6->sin6_addr));
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	v4->sin_addr.s_addr = address->word_be[0];
	return sizeof(*v4);
}

static bool is_own_trouble(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EADDRNOTAVAIL;
}

void probe_result_of_errno(int error, struct probe_result *ret_result)
{
	const char *text = strerrordesc_np(error);

	ret_result->outcome = is_own_trouble(error) ? PROBE_UNKNOWN : PROBE_FAILURE;
	snprintf(ret_result->text, sizeof(ret_result->text), "%s", text ? text : "unknown error");
	ret_result->text[0] = tolower(ret_result->text[0]);
}
