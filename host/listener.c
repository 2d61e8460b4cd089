/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line: "0: 0100007F:0016 00000000:0000 0A ...": local address, in words of the host's byte order,
 * and port; peer; state.
 */
#include "host/listener.h"

#include "host/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_LISTEN = 0x0a, STATE_UNCONNECTED = 0x07 };

static bool parse_ip(const char *hex, struct in6_addr *ret_ip)
{
	size_t words = strlen(hex) / 8, at = words == 1 ? 12 : 0;
	struct in6_addr ip = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	if (words != 1 && words != 4)
		return false;
	for (size_t i = 0; i < words; i++) {
		unsigned word;

		if (sscanf(hex + 8 * i, "%8x", &word) != 1)
			return false;
		memcpy(&ip.s6_addr[at + 4 * i], &word, sizeof(word));
	}
	*ret_ip = ip;
	return true;
}

static bool parse_line(const char *line, uint8_t protocol, struct host_listener *ret_listener)
{
	unsigned wanted = protocol == IPPROTO_TCP ? STATE_LISTEN : STATE_UNCONNECTED;
	unsigned port, state;
	char hex[33];

	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*4x %2x", hex, &port, &state) !=
		    3 ||
	    state != wanted)
		return false;
	ret_listener->protocol = protocol;
	ret_listener->port = port;
	return parse_ip(hex, &ret_listener->ip);
}

static void add_file(const char *root, const char *path, uint8_t protocol,
		     struct host_listener **list, size_t *count)
{
	char *text = host_read_file(root, path), *state = NULL;

	for (char *line = text ? strtok_r(text, "\n", &state) : NULL; line;
	     line = strtok_r(NULL, "\n", &state)) {
		struct host_listener found;

		if (!parse_line(line, protocol, &found))
			continue;
		*list = realloc(*list, (*count + 1) * sizeof(**list));
		if (!*list)
			abort();
		(*list)[(*count)++] = found;
	}
	free(text);
}

struct host_listener *host_listener_list(const char *root, size_t *ret_count)
{
	static const struct {
		const char *path;
		uint8_t protocol;
	} files[] = {
		{"proc/net/tcp", IPPROTO_TCP},
		{"proc/net/tcp6", IPPROTO_TCP},
		{"proc/net/udp", IPPROTO_UDP},
		{"proc/net/udp6", IPPROTO_UDP},
	};
	struct host_listener *list = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		add_file(root, files[i].path, files[i].protocol, &list, ret_count);
	return list;
}
