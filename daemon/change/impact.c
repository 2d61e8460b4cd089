/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/impact.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SSH_PORT = 22, MILLION = 1000000 };

/* ---- by key: files may have tens of thousands of services ------------------------------------------ */

struct key {
	const struct address *vip;
	uint8_t protocol;
	uint16_t port;
	const void *of; /* the service, or what is planned for it */
};

struct keys {
	struct key *list; /* owned, sorted */
	size_t count;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = address_compare(x->vip, y->vip);

	if (!order)
		order = x->protocol - y->protocol;
	return order ? order : x->port - y->port;
}

static struct keys keys_of_config(const struct config *config)
{
	struct keys keys = {.count = config ? config->n_services : 0};

	keys.list = sl_calloc(keys.count, sizeof(*keys.list));
	for (size_t i = 0; i < keys.count; i++) {
		const struct config_service *service = &config->services[i];

		keys.list[i] =
			(struct key){&service->vip, service->protocol, service->port, service};
	}
	qsort(keys.list, keys.count, sizeof(*keys.list), compare_keys);
	return keys;
}

static struct keys keys_of_plan(const struct plan *plan)
{
	struct keys keys = {.count = plan->n_services};

	keys.list = sl_calloc(keys.count, sizeof(*keys.list));
	for (size_t i = 0; i < keys.count; i++) {
		const struct plan_service *planned = &plan->services[i];

		keys.list[i] = (struct key){&planned->vip, planned->protocol,
					    ntohs(planned->port_be), planned};
	}
	qsort(keys.list, keys.count, sizeof(*keys.list), compare_keys);
	return keys;
}

/* NULL: there is none for that VIP, protocol and port. */
static const void *keys_find(const struct keys *keys, const struct config_service *wanted)
{
	struct key key = {&wanted->vip, wanted->protocol, wanted->port, NULL};
	const struct key *found = bsearch(&key, keys->list, keys->count, sizeof(key), compare_keys);

	return found ? found->of : NULL;
}

struct sides {
	const struct engine *engine;
	const struct config *config, *desired; /* in force (may be NULL), and to be */
	struct keys before, after, planned;
};

/* ---- flows --------------------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
	return address_compare(a, b);
}

/* Those that get new flows, sorted. Caller frees; *ret_count may be 0. */
static struct address *takers(const struct config *config, const struct config_service *service,
			      size_t *ret_count)
{
	const struct config_pool *pool = &config->pools[service->pool];
	struct address *list = sl_calloc(pool->n_backends, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < pool->n_backends; i++)
		if (pool->backends[i].weight > 0)
			list[count++] = pool->backends[i].address;
	qsort(list, count, sizeof(*list), compare_addresses);
	*ret_count = count;
	return list;
}

/* Which slot a flow looks at is another: none stays. */
static bool is_shuffled(const struct config_service *before, const struct config_service *after)
{
	bool by_source = before->algorithm == ALGORITHM_SOURCE_HASH;

	return by_source != (after->algorithm == ALGORITHM_SOURCE_HASH) ||
	       (by_source && before->source_bits != after->source_bits);
}

static uint64_t flows_of(const struct scan_counts *counts)
{
	return (uint64_t)counts->unconfirmed + counts->established + counts->closing;
}

/* `after` NULL: the service goes. */
static void count_flows(const struct sides *sides, const struct config_service *before,
			const struct config_service *after, struct impact_service *to)
{
	const struct config_pool *pool = &sides->config->pools[before->pool];
	bool all = !after || is_shuffled(before, after);
	size_t n_takers = 0;
	_cleanup_free_ struct address *stay = all ? NULL : takers(sides->desired, after, &n_takers);

	to->flows_exact = before->tracking == TRACKING_ALL;
	for (size_t i = 0; i < pool->n_backends; i++) {
		struct engine_backend view;

		if (!all && bsearch(&pool->backends[i].address, stay, n_takers, sizeof(*stay),
				    compare_addresses))
			continue;
		engine_backend(sides->engine, before - sides->config->services, i, &view);
		if (view.id >= 0)
			to->flows += flows_of(&view.flows);
	}
}

/* ---- services ------------------------------------------------------------------------------------ */

static void describe(const struct config_service *service, const struct plan_service *planned,
		     struct impact_service *to)
{
	memcpy(to->name, service->name, sizeof(to->name));
	to->vip = service->vip;
	to->protocol = service->protocol;
	to->port = service->port;
	to->slots = planned ? planned->slots : 0;
	to->slots_moved = planned ? planned->slots_moved : 0;
}

static void find_ends(const struct sides *sides, struct impact *impact)
{
	for (size_t i = 0; sides->config && i < sides->config->n_services; i++) {
		const struct config_service *before = &sides->config->services[i];
		struct impact_service *to = &impact->services[impact->n_services];

		if (keys_find(&sides->after, before))
			continue;
		describe(before, NULL, to);
		to->goes = true;
		count_flows(sides, before, NULL, to);
		impact->n_services++;
	}
}

static void find_moves(const struct sides *sides, struct impact *impact)
{
	for (size_t i = 0; i < sides->desired->n_services; i++) {
		const struct config_service *after = &sides->desired->services[i];
		const struct config_service *before = keys_find(&sides->before, after);
		const struct plan_service *planned = keys_find(&sides->planned, after);
		struct impact_service *to = &impact->services[impact->n_services];

		memset(to, 0, sizeof(*to));
		describe(after, planned, to);
		to->comes = !before;
		if (before)
			count_flows(sides, before, after, to);
		impact->n_services += planned || to->flows;
	}
}

/* ---- what may lock the operator out -------------------------------------------------------------- */

static bool is_own(const struct address *address, const struct address *own, size_t n_own)
{
	for (size_t i = 0; i < n_own; i++)
		if (address_equal(address, &own[i]))
			return true;
	return false;
}

static const char *what_is_lost(const struct config *config, const struct config_service *service)
{
	if (!service->port && service->protocol == IPPROTO_TCP)
		return "any port of it, SSH's too, goes to backends: you may lock yourself out";
	if (service->protocol == IPPROTO_TCP && service->port == SSH_PORT)
		return "SSH's port of it goes to backends: you may lock yourself out";
	if (service->protocol == IPPROTO_TCP && config->api.metrics.family &&
	    service->port == config->api.metrics_port)
		return "the port that metrics are on goes to backends";
	return "what this host itself serves on that port is not reached any more";
}

static void warn_of_lockout(const struct sides *sides, const struct address *own, size_t n_own,
			    struct sl_errors *warnings)
{
	const struct config *desired = sides->desired;

	for (size_t i = 0; i < desired->n_services; i++) {
		const struct config_service *service = &desired->services[i];
		_cleanup_free_ char *where = NULL;
		char vip[ADDRESS_TEXT_MAX];

		if (!is_own(&service->vip, own, n_own) || keys_find(&sides->before, service))
			continue;
		where = sl_printf("services.%s", service->name);
		sl_fail(warnings, 0, where, "%s is an address of this host: %s",
			address_format(&service->vip, vip), what_is_lost(desired, service));
	}
}

/* ---- the whole ----------------------------------------------------------------------------------- */

int impact_find(const struct engine *engine, const struct config *desired,
		const struct address *own, size_t n_own, struct impact *ret_impact,
		struct sl_errors *errors)
{
	const struct config *config = engine_config(engine);
	struct engine_preview preview = {0};
	struct impact impact = {0};
	struct sides sides;
	int err = engine_preview(engine, desired, &preview, errors);

	if (err)
		return err;
	impact.changes = preview.changes;
	memset(&preview.changes, 0, sizeof(preview.changes));
	impact.restart = preview.restart;
	impact.services = sl_calloc(desired->n_services + (config ? config->n_services : 0) + 1,
				    sizeof(*impact.services));
	sides = (struct sides){
		.engine = engine,
		.config = config,
		.desired = desired,
		.before = keys_of_config(config),
		.after = keys_of_config(desired),
		.planned = keys_of_plan(&preview.plan),
	};
	find_moves(&sides, &impact);
	find_ends(&sides, &impact);
	warn_of_lockout(&sides, own, n_own, &impact.warnings);
	free(sides.before.list);
	free(sides.after.list);
	free(sides.planned.list);
	engine_preview_deinit(&preview);
	*ret_impact = impact;
	return 0;
}

void impact_deinit(struct impact *impact)
{
	config_changes_deinit(&impact->changes);
	free(impact->services);
	sl_errors_deinit(&impact->warnings);
	memset(impact, 0, sizeof(*impact));
}

int impact_check_restart(const struct impact *impact, struct sl_errors *errors)
{
	int err = 0;

	for (size_t i = 0; i < impact->changes.count; i++)
		if (impact->changes.list[i].restart)
			err = sl_fail(errors, EBUSY, impact->changes.list[i].path,
				      "takes effect only when sluiced starts anew: put it into "
				      "sluiced's file and restart; traffic goes on meanwhile");
	return err;
}

int impact_check_moves(const struct impact *impact, uint32_t max_ppm, struct sl_errors *errors)
{
	int err = 0;

	for (size_t i = 0; i < impact->n_services; i++) {
		const struct impact_service *service = &impact->services[i];
		uint64_t ppm = service->goes ? MILLION
			       : service->slots
				       ? (uint64_t)service->slots_moved * MILLION / service->slots
				       : 0;
		_cleanup_free_ char *where = NULL;

		if (service->comes || ppm <= max_ppm)
			continue;
		where = sl_printf("services.%s", service->name);
		err = sl_fail(errors, EXDEV, where,
			      "%.1f%% of its slots would get another backend; %.1f%% are allowed",
			      ppm / 1e4, max_ppm / 1e4);
	}
	return err;
}
