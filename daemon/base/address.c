/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

bool address_parse(const char *text, struct address *ret_address)
{
	struct address address = {.family = strchr(text, ':') ? 6 : 4};

	if (inet_pton(address.family == 6 ? AF_INET6 : AF_INET, text, address.word_be) != 1)
		return false;
	*ret_address = address;
	return true;
}

static bool bits_behind_are_zero(const struct address *address, unsigned bits)
{
	const unsigned char *byte = (const void *)address->word_be;

	for (unsigned i = bits; i < 128; i++)
		if (byte[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

bool prefix_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT_MAX];
	struct prefix prefix;
	unsigned long bits;
	char *end;

	if (!slash || slash - text >= ADDRESS_TEXT_MAX || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (*end || !address_parse(address, &prefix.address))
		return false;
	if (bits > (prefix.address.family == 4 ? 32 : 128) ||
	    !bits_behind_are_zero(&prefix.address, bits))
		return false;
	prefix.bits = bits;
	*ret_prefix = prefix;
	return true;
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	if (!address->family)
		return strcpy(text, "none");
	return inet_ntop(address->family == 6 ? AF_INET6 : AF_INET, address->word_be, text,
			 ADDRESS_TEXT_MAX);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && !memcmp(a->word_be, b->word_be, sizeof(a->word_be));
}

int address_compare(const struct address *a, const struct address *b)
{
	if (a->family != b->family)
		return a->family - b->family;
	return memcmp(a->word_be, b->word_be, sizeof(a->word_be));
}

bool address_is_loopback(const struct address *address)
{
	return address->family == 4 ? *(const __u8 *)address->word_be == IN_LOOPBACKNET
				    : IN6_IS_ADDR_LOOPBACK(address->word_be);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	if (prefix->address.family != address->family)
		return false;
	for (unsigned bit = 0, i = 0; bit < prefix->bits; bit += 32, i++) {
		unsigned left = prefix->bits - bit;
		__be32 mask = htonl(left >= 32 ? ~0u : ~(~0u >> left));

		if ((prefix->address.word_be[i] ^ address->word_be[i]) & mask)
			return false;
	}
	return true;
}
