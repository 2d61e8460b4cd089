/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/type.h"

#include "base/memory.h"
#include "config/schema.h"

#include <netinet/in.h>
#include <string.h>

/* ---- address --------------------------------------------------------------------------------- */

static bool parse(const struct field *field, struct scope *scope, const char *text, void *object)
{
	return address_parse(text, field_at(field, object));
}

static char *format(const struct field *field, const struct config *config, const void *object)
{
	char text[ADDRESS_TEXT_MAX];

	return sl_strdup(address_format(field_at(field, object), text));
}

static char *expects(const struct field *field)
{
	return sl_strdup(field->noun);
}

const struct type type_address = {parse, format, expects, NULL, false};

/* ---- prefix ---------------------------------------------------------------------------------- */

static bool parse_prefix(const struct field *field, unsigned family, const char *text, void *object)
{
	struct prefix prefix;

	if (!prefix_parse(text, &prefix) || prefix.address.family != family ||
	    prefix.bits < field->min || prefix.bits > field->max)
		return false;
	*(struct prefix *)field_at(field, object) = prefix;
	return true;
}

static bool prefix4_parse(const struct field *field, struct scope *scope, const char *text,
			  void *object)
{
	return parse_prefix(field, 4, text, object);
}

static bool prefix6_parse(const struct field *field, struct scope *scope, const char *text,
			  void *object)
{
	return parse_prefix(field, 6, text, object);
}

static char *prefix_format(const struct field *field, const struct config *config,
			   const void *object)
{
	const struct prefix *prefix = field_at(field, object);
	char text[ADDRESS_TEXT_MAX];

	return sl_printf("%s/%u", address_format(&prefix->address, text), prefix->bits);
}

static char *prefix_expects(const struct field *field)
{
	return sl_printf("%s (ADDRESS/BITS, %lu to %lu bits, none set behind them)", field->noun,
			 field->min, field->max);
}

const struct type type_prefix4 = {prefix4_parse, prefix_format, prefix_expects, NULL, false};
const struct type type_prefix6 = {prefix6_parse, prefix_format, prefix_expects, NULL, false};

/* ---- endpoint -------------------------------------------------------------------------------- */

/* "127.0.0.1:9440" or "[::1]:9440": an IPv6 address in brackets, and no other. */
static bool split_endpoint(const char *text, struct address *ret_address, uint64_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_MAX + 2];
	size_t length;
	bool brackets = text[0] == '[';

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	length = colon - text;
	if (brackets && (length < 2 || text[length - 1] != ']'))
		return false;
	memcpy(host, text + brackets, length - 2 * brackets);
	host[length - 2 * brackets] = '\0';
	return address_parse(host, ret_address) && (ret_address->family == 6) == brackets &&
	       type_parse_decimal(colon + 1, strlen(colon + 1), ret_port);
}

static bool parse_endpoint(const struct field *field, bool (*is_good)(const struct address *),
			   const char *text, void *object)
{
	struct address address = {0};
	uint64_t port = 0;

	if (strcmp(text, "none") && (!split_endpoint(text, &address, &port) || !is_good(&address) ||
				     port < field->min || port > field->max))
		return false;
	*(struct address *)field_at(field, object) = address;
	*(uint16_t *)((char *)object + field->second) = port;
	return true;
}

static bool endpoint_parse(const struct field *field, struct scope *scope, const char *text,
			   void *object)
{
	return parse_endpoint(field, address_is_loopback, text, object);
}

static char *endpoint_format(const struct field *field, const struct config *config,
			     const void *object)
{
	const struct address *address = field_at(field, object);
	unsigned port = *(const uint16_t *)((const char *)object + field->second);
	char text[ADDRESS_TEXT_MAX];

	if (!address->family)
		return sl_strdup("none");
	return sl_printf(address->family == 6 ? "[%s]:%u" : "%s:%u", address_format(address, text),
			 port);
}

static char *endpoint_expects(const struct field *field)
{
	return sl_printf("%s (such as 127.0.0.1:9440 or [::1]:9440, or none)", field->noun);
}

const struct type type_endpoint = {endpoint_parse, endpoint_format, endpoint_expects, NULL, false};

/* ---- listen ---------------------------------------------------------------------------------- */

static bool can_listen(const struct address *address)
{
	return address->family == 4 ? !IN_MULTICAST(ntohl(address->word_be[0]))
				    : !IN6_IS_ADDR_MULTICAST(address->word_be);
}

static bool listen_parse(const struct field *field, struct scope *scope, const char *text,
			 void *object)
{
	return parse_endpoint(field, can_listen, text, object);
}

static char *listen_expects(const struct field *field)
{
	return sl_printf("%s (such as 10.0.0.1:9443 or [::]:9443, or none)", field->noun);
}

const struct type type_listen = {listen_parse, endpoint_format, listen_expects, NULL, false};
