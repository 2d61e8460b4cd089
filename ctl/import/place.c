/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/place.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool host_parse(const char *text, size_t size, struct host *ret_host)
{
	struct host host = {.family = memchr(text, ':', size) ? 6 : 4};
	char copy[HOST_TEXT_MAX];

	if (size >= sizeof(copy))
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (inet_pton(host.family == 6 ? AF_INET6 : AF_INET, copy, host.bytes) != 1)
		return false;
	*ret_host = host;
	return true;
}

const char *host_text(const struct host *host, char text[HOST_TEXT_MAX])
{
	return inet_ntop(host->family == 6 ? AF_INET6 : AF_INET, host->bytes, text, HOST_TEXT_MAX);
}

bool host_is_unspecified(const struct host *host)
{
	static const unsigned char zero[16];

	return !memcmp(host->bytes, zero, host->family == 6 ? 16 : 4);
}

static const char *flaw6(const unsigned char *bytes)
{
	static const unsigned char loopback[16] = {[15] = 1};
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (bytes[0] == 0xff)
		return "it is a multicast address";
	if (!memcmp(bytes, loopback, sizeof(loopback)))
		return "it is a loopback address, and packets come from the network";
	return memcmp(bytes, mapped, sizeof(mapped)) ? NULL : "it is an IPv4-mapped address";
}

const char *host_flaw(const struct host *host)
{
	static const unsigned char broadcast[4] = {255, 255, 255, 255};

	if (host_is_unspecified(host))
		return "it is every address, and sluice needs one";
	if (host->family == 6)
		return flaw6(host->bytes);
	if (host->bytes[0] >> 4 == 14)
		return "it is a multicast address";
	if (host->bytes[0] == 127)
		return "it is a loopback address, and packets come from the network";
	return memcmp(host->bytes, broadcast, 4) ? NULL : "it is the broadcast address";
}

bool host_parse_range(const char *text, struct host *ret_first, unsigned *ret_count)
{
	const char *dash = strchr(text, '-');
	unsigned long first, last;
	char *end;

	*ret_count = 1;
	if (!dash)
		return host_parse(text, strlen(text), ret_first);
	if (!host_parse(text, dash - text, ret_first) || !dash[1] || strlen(dash + 1) > 4)
		return false;
	last = strtoul(dash + 1, &end, ret_first->family == 6 ? 16 : 10);
	first = ret_first->family == 6 ? ret_first->bytes[14] << 8 | ret_first->bytes[15]
				       : ret_first->bytes[3];
	if (*end || last < first || last > (ret_first->family == 6 ? 65535 : 255))
		return false;
	*ret_count = last - first + 1;
	return true;
}

void host_next(struct host *host)
{
	unsigned last = host->family == 6 ? 15 : 3;

	if (!++host->bytes[last] && host->family == 6)
		host->bytes[14]++;
}

bool number_parse(const char *text, unsigned long most, unsigned *ret_number)
{
	unsigned long number;

	if (!text[0] || strlen(text) > 9 || text[strspn(text, "0123456789")])
		return false;
	number = strtoul(text, NULL, 10);
	if (number > most)
		return false;
	*ret_number = number;
	return true;
}

bool place_parse(const char *text, struct host *ret_host, unsigned *ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
	unsigned port = 0;

	if (text[0] == '[') {
		if (!end || (end[1] && end[1] != ':'))
			return false;
		colon = end[1] ? end + 1 : NULL;
		text++;
	} else if (colon && strchr(text, ':') != colon) {
		colon = NULL; /* IPv6 without a port */
	}
	if (colon && !number_parse(colon + 1, 65535, &port))
		return false;
	if (!host_parse(text, (end ? end : colon ? colon : text + strlen(text)) - text, ret_host))
		return false;
	*ret_port = port;
	return true;
}
