/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/check.h"

#include "base/memory.h"
#include "config/object.h"
#include "config/twins.h"

#include <netinet/in.h>
#include <string.h>

static struct object section(const struct object *file, const char *key)
{
	return object_child(file, schema_find(file->schema, key));
}

static struct object get_service(const struct object *services, size_t i)
{
	return object_element(services, schema_find(&schema_file, "services"), i);
}

static const struct config *config_of(const struct object *object)
{
	return object->reader->config;
}

/* ---- interfaces -------------------------------------------------------------------------------- */

static void check_interfaces(const struct object *file)
{
	size_t count = config_of(file)->n_interfaces;
	bool told = object_has(file, "interfaces") && !object_is_sound(file, "interfaces");

	if (!count && !told)
		object_complain(file, "interfaces", "at least one is needed, such as {eth0: {}}");
	if (count >= EGRESS_MAX)
		object_complain(file, "interfaces", "%zu are more than %d", count, EGRESS_MAX - 1);
}

/* ---- services among each other ----------------------------------------------------------------- */

static int compare_keys(const void *context, size_t a, size_t b)
{
	const struct config_service *services = config_of(context)->services;
	const struct config_service *x = &services[a], *y = &services[b];
	int order = address_compare(&x->vip, &y->vip);

	if (!order)
		order = x->protocol - y->protocol;
	return order ? order : x->port - y->port;
}

static void tell_key(const void *context, size_t first, size_t again)
{
	const struct object service = get_service(context, again);
	const struct config_service *services = config_of(context)->services;
	char vip[ADDRESS_TEXT_MAX];

	if (!object_is_sound(&service, "vip") || !object_is_sound(&service, "protocol") ||
	    !object_is_sound(&service, "port"))
		return;
	object_complain(&service, "port", "VIP %s, protocol and port are the same as of services.%s",
			address_format(&services[again].vip, vip), services[first].name);
}

/* ---- services and their pools ------------------------------------------------------------------ */

static size_t foreign_backend(const struct config_pool *pool, unsigned family)
{
	size_t i = 0;

	while (i < pool->n_backends && pool->backends[i].address.family == family)
		i++;
	return i;
}

static void check_l2(const struct object *object, const struct config_service *service)
{
	const struct config_pool *pool = &config_of(object)->pools[service->pool];
	size_t i;

	if (service->forward != FORWARD_L2 || !object_is_sound(object, "vip"))
		return;
	i = foreign_backend(pool, service->vip.family);
	if (i < pool->n_backends && pool->backends[i].address.family)
		object_complain(object, "forward",
				"l2 needs backends of the VIP's family; pools.%s.backends[%zu] is IPv%d",
				pool->name, i, pool->backends[i].address.family);
}

/* The least that a service takes: a slot for each backend that is given new flows. */
static uint32_t least_slots(const struct config_pool *pool)
{
	uint32_t slots = 1u << SLOT_LOG2_MIN, used = 0;

	for (size_t i = 0; i < pool->n_backends; i++)
		used += pool->backends[i].weight > 0;
	while (slots < used)
		slots *= 2;
	return slots;
}

struct need {
	uint64_t backends;
	uint64_t slots;
};

static void check_need(const struct object *file, const struct need *need)
{
	const struct object object = section(file, "capacity");
	const struct config_capacity *capacity = object.data;
	size_t services = config_of(file)->n_services;

	if (services >= capacity->services && object_is_sound(&object, "services"))
		object_complain(&object, "services", "%u is too few: the services and the place that stays empty make %zu",
				capacity->services, services + 1);
	if (need->backends > capacity->backends && object_is_sound(&object, "backends"))
		object_complain(&object, "backends", "%u is too few: the services use %lu",
				capacity->backends, need->backends);
	if (need->slots > capacity->slots && object_is_sound(&object, "slots"))
		object_complain(&object, "slots", "%u is too few: the services need %lu at least",
				capacity->slots, need->slots);
}

/* Counted once a pool: many services may share a large one. */
static uint32_t *count_slots(const struct config *config)
{
	uint32_t *slots = sl_calloc(config->n_pools, sizeof(*slots));

	for (size_t i = 0; i < config->n_pools; i++)
		slots[i] = least_slots(&config->pools[i]);
	return slots;
}

static void check_services(const struct object *file, const struct object *services)
{
	const struct config *config = config_of(file);
	_cleanup_free_ uint32_t *slots = count_slots(config);
	struct need need = {0};

	for (size_t i = 0; i < config->n_services; i++) {
		const struct object object = get_service(services, i);
		const struct config_service *service = &config->services[i];

		if (!object_is_sound(&object, "pool"))
			continue;
		need.backends += config->pools[service->pool].n_backends;
		need.slots += slots[service->pool];
		if (need.backends <= UINT16_MAX) /* else it is refused anyhow, and looking is long */
			check_l2(&object, service);
	}
	check_need(file, &need);
}

void check_file(struct object *object)
{
	const struct object services = section(object, "services");
	const struct twins keys = {compare_keys, tell_key, &services};

	check_interfaces(object);
	twins_find(&keys, config_of(object)->n_services);
	check_services(object, &services);
}
