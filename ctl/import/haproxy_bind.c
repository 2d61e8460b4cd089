/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a proxy listens: `bind [ADDRESS]:PORT[-LAST],...`.
 */
#include "import/haproxy.h"

#include <string.h>

static bool parse_ports(const char *text, unsigned *ret_first, unsigned *ret_last)
{
	const char *dash = strchr(text, '-');
	char first[8] = "";

	if (!dash)
		return number_parse(text, 65535, ret_first) && (*ret_last = *ret_first);
	if (dash - text >= (long)sizeof(first))
		return false;
	memcpy(first, text, dash - text);
	return number_parse(first, 65535, ret_first) && *ret_first &&
	       number_parse(dash + 1, 65535, ret_last) && *ret_first <= *ret_last;
}

/* What stands before the port: "*", "", an address, in brackets or not. */
static const char *parse_vip(const struct haproxy_reader *reader, const char *text, size_t size,
			     struct host *ret_vip)
{
	bool all = !size || (size == 1 && *text == '*');

	if (size > 1 && text[0] == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	}
	if (!all && !host_parse(text, size, ret_vip))
		return "it is no address on a network";
	if (!all && !host_is_unspecified(ret_vip))
		return NULL;
	if (!reader->input->vip.family)
		return "it listens at all addresses: say --vip ADDRESS for one to take";
	if (!all && ret_vip->family == 4 && reader->input->vip.family == 6)
		return "it listens at all IPv4 addresses, and --vip is IPv6";
	*ret_vip = reader->input->vip;
	return NULL;
}

/* NULL, or why it can't be a service. */
static const char *parse_endpoint(const struct haproxy_reader *reader, const char *text,
				  struct endpoint *endpoint)
{
	const char *colon;

	if (haproxy_has_variable(text))
		return "environment variables are not looked up: put in what they stand for";
	if (!strncmp(text, "ipv4@", 5) || !strncmp(text, "ipv6@", 5))
		text += 5;
	colon = strrchr(text, ':');
	if (strchr(text, '@') || text[0] == '/' || !colon)
		return "it is no address and port on a network";
	if (!parse_ports(colon + 1, &endpoint->first, &endpoint->last))
		return "it is no port or range of ports";
	return parse_vip(reader, text, colon - text, &endpoint->vip);
}

void haproxy_read_bind(struct haproxy_reader *reader, struct statement *bind,
		       struct endpoints *endpoints)
{
	struct arena *arena = &reader->imported->arena;
	const char *text = word_at(bind, 1);
	size_t before = endpoints->count;

	while (*text) {
		size_t size = strcspn(text, ",");
		const char *part = arena_copy(arena, text, size);
		struct endpoint endpoint = {.bind = bind};
		const char *why = parse_endpoint(reader, part, &endpoint);

		if (!why)
			why = host_flaw(&endpoint.vip);
		if (why) {
			endpoints->why = bind->words[1].why = why;
		} else {
			endpoints->list = arena_extend(arena, endpoints->list, endpoints->count,
						       sizeof(*endpoints->list));
			endpoints->list[endpoints->count++] = endpoint;
		}
		text += size + (text[size] == ',');
	}
	if (endpoints->count == before)
		bind->why = endpoints->why;
}
