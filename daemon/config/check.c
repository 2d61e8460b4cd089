/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check.h"

#include "base/memory.h"
#include "config/object.h"
#include "config/twins.h"

#include <netinet/in.h>
#include <string.h>

/* What makes it no address of a single host on a network, or NULL. */
static const char *address_flaw(const struct address *address)
{
	const struct in6_addr *v6 = (const void *)address->word_be;
	__u32 v4 = ntohl(address->word_be[0]);

	if (address->family == 4 ? v4 == INADDR_ANY : IN6_IS_ADDR_UNSPECIFIED(v6))
		return "the unspecified address";
	if (address->family == 4 ? IN_MULTICAST(v4) : IN6_IS_ADDR_MULTICAST(v6))
		return "a multicast address";
	if (address->family == 4 ? v4 >> 24 == IN_LOOPBACKNET : IN6_IS_ADDR_LOOPBACK(v6))
		return "a loopback address";
	if (address->family == 4 && v4 == INADDR_BROADCAST)
		return "the broadcast address";
	if (address->family == 6 && IN6_IS_ADDR_V4MAPPED(v6))
		return "an IPv4-mapped address";
	return NULL;
}

static void check_address(const struct object *object, const char *key,
			  const struct address *address)
{
	const char *flaw = address_flaw(address);
	char text[ADDRESS_TEXT_MAX];

	if (flaw && object_is_sound(object, key))
		object_complain(object, key, "%s is %s, not that of a host on the network",
				address_format(address, text), flaw);
}

/* `key` is a duration that must not be longer than `limit`'s. */
static void check_duration(const struct object *object, const char *key, uint32_t ms,
			   const char *limit, uint32_t limit_ms)
{
	_cleanup_free_ char *text = type_duration_text(ms),
			    *limit_text = type_duration_text(limit_ms);

	if (ms > limit_ms && object_is_sound(object, key) && object_is_sound(object, limit))
		object_complain(object, key, "%s is longer than %s (%s)", text, limit, limit_text);
}

/* ---- capacity -------------------------------------------------------------------------------- */

void check_capacity(struct object *object)
{
	const struct config_capacity *capacity = object->data;

	if (object_is_sound(object, "slots") && capacity->slots % SLOTS_PER_CHUNK)
		object_complain(object, "slots", "%u is not a multiple of %u", capacity->slots,
				SLOTS_PER_CHUNK);
	if (object_is_sound(object, "flows") && capacity->flows & (capacity->flows - 1))
		object_complain(object, "flows", "%u is not a power of two (next: %u)",
				capacity->flows, 1u << (32 - __builtin_clz(capacity->flows)));
}

/* ---- api ------------------------------------------------------------------------------------- */

static void check_tls(struct object *object, const struct config_api *config)
{
	if (!config->certificate == !config->key)
		return;
	object_complain(object, config->key ? "key" : "certificate",
			"certificate and key go together: api.%s is missing",
			config->key ? "certificate" : "key");
}

/* Whoever can read the way would have every token. */
static void check_listen(struct object *object, const struct config_api *config)
{
	char text[ADDRESS_TEXT_MAX];

	if (!config->listen.family || config->certificate || config->key ||
	    address_is_loopback(&config->listen))
		return;
	object_complain(object, "listen",
			"%s is not a loopback address, and without TLS tokens could be read on the "
			"way: set api.certificate and api.key, or listen on 127.0.0.1 or [::1]",
			address_format(&config->listen, text));
}

void check_api(struct object *object)
{
	const struct config_api *config = object->data;

	if (config->view_socket && config->socket && object_is_sound(object, "view-socket") &&
	    !strcmp(config->view_socket, config->socket))
		object_complain(object, "view-socket", "the same as api.socket");
	if (!object_is_sound(object, "certificate") || !object_is_sound(object, "key"))
		return;
	check_tls(object, config);
	if (object_is_sound(object, "listen"))
		check_listen(object, config);
}

/* ---- pools ----------------------------------------------------------------------------------- */

void check_health(struct object *object)
{
	struct config_health *health = object->data;

	if (health->type == CONFIG_CHECK_NONE)
		return;
	if (!object_has(object, "timeout"))
		health->timeout_ms = health->interval_ms < 1000 ? health->interval_ms : 1000;
	check_duration(object, "timeout", health->timeout_ms, "interval", health->interval_ms);
}

void check_backend(struct object *object)
{
	struct config_backend *backend = object->data;

	check_address(object, "address", &backend->address);
	if (!object_has(object, "name"))
		address_format(&backend->address, backend->name);
}

static int compare_names(const void *context, size_t a, size_t b)
{
	const struct object *several = context;
	const struct config_backend *backends = *(struct config_backend **)several->data;

	return strcmp(backends[a].name, backends[b].name);
}

static int compare_addresses(const void *context, size_t a, size_t b)
{
	const struct object *several = context;
	const struct config_backend *backends = *(struct config_backend **)several->data;

	return address_compare(&backends[a].address, &backends[b].address);
}

static void tell_twin(const struct object *several, size_t first, size_t again, const char *key)
{
	const struct field *field = schema_find(several->parent->schema, several->label);
	const struct object object = object_element(several, field, again);

	/* Two without names and with one address: the address is told, and that is enough. */
	bool named = object_has(&object, "name") || object_is_sound(&object, "address");

	if (named && object_is_sound(&object, key))
		object_complain(&object, key, "the same as of backends[%zu]", first);
}

static void tell_name(const void *context, size_t first, size_t again)
{
	tell_twin(context, first, again, "name");
}

static void tell_address(const void *context, size_t first, size_t again)
{
	tell_twin(context, first, again, "address");
}

void check_pool(struct object *object)
{
	const struct config_pool *pool = object->data;
	const struct object several = object_child(object, schema_find(object->schema, "backends"));
	const struct twins addresses = {compare_addresses, tell_address, &several};
	const struct twins names = {compare_names, tell_name, &several};

	twins_find(&addresses, pool->n_backends);
	twins_find(&names, pool->n_backends);
}

/* ---- services -------------------------------------------------------------------------------- */

static void check_source_bits(struct object *object, struct config_service *service)
{
	uint8_t whole = service->vip.family == 4 ? 32 : 128;

	if (service->algorithm != ALGORITHM_SOURCE_HASH || !object_has(object, "source-prefix"))
		service->source_bits = whole;
	else if (object_is_sound(object, "source-prefix") && object_is_sound(object, "vip") &&
		 service->source_bits > whole)
		object_complain(object, "source-prefix", "%u is more than an IPv4 address has (32)",
				service->source_bits);
}

/* Turns leave no trace in the packet: where a flow went is known only if it was recorded. */
static void check_tracking(struct object *object, struct config_service *service)
{
	bool takes_turns = service->algorithm == ALGORITHM_ROUND_ROBIN ||
			   service->algorithm == ALGORITHM_WEIGHTED_ROUND_ROBIN;

	if (!object_has(object, "tracking"))
		service->tracking = takes_turns ? TRACKING_ALL : TRACKING_MOVING;
	else if (object_is_sound(object, "tracking") && takes_turns &&
		 service->tracking != TRACKING_ALL)
		object_complain(object, "tracking",
				"%s is not enough for the algorithm %s; it needs all",
				config_tracking_word(service->tracking),
				config_algorithm_word(service->algorithm));
}

static void check_grace(struct object *object, struct config_service *service)
{
	if (!object_has(object, "udp-grace"))
		service->udp_grace_ms = service->drain_ms < 60000 ? service->drain_ms : 60000;
	check_duration(object, "udp-grace", service->udp_grace_ms, "drain", service->drain_ms);
}

void check_service(struct object *object)
{
	struct config_service *service = object->data;

	check_address(object, "vip", &service->vip);
	check_source_bits(object, service);
	check_tracking(object, service);
	check_grace(object, service);
}
