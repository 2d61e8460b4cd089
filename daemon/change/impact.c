/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/impact.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SSH_PORT = 22, MILLION = 1000000 };

static bool is_same(const struct config_service *a, const struct config_service *b)
{
	return a->protocol == b->protocol && a->port == b->port && address_equal(&a->vip, &b->vip);
}

/* NULL: there is none for that VIP, protocol and port. */
static const struct config_service *find_service(const struct config *config,
						 const struct config_service *wanted)
{
	for (size_t i = 0; config && i < config->n_services; i++)
		if (is_same(&config->services[i], wanted))
			return &config->services[i];
	return NULL;
}

static const struct plan_service *find_planned(const struct plan *plan,
					       const struct config_service *service)
{
	for (size_t i = 0; i < plan->n_services; i++) {
		const struct plan_service *planned = &plan->services[i];

		if (planned->protocol == service->protocol &&
		    planned->port_be == htons(service->port) &&
		    address_equal(&planned->vip, &service->vip))
			return planned;
	}
	return NULL;
}

/* ---- flows --------------------------------------------------------------------------------------- */

static bool takes_flows(const struct config *config, const struct config_service *service,
			const struct address *address)
{
	const struct config_pool *pool = &config->pools[service->pool];

	for (size_t i = 0; i < pool->n_backends; i++)
		if (address_equal(&pool->backends[i].address, address))
			return pool->backends[i].weight > 0;
	return false;
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

/* `place`: of `before` in the configuration in force; `after` NULL: the service goes. */
static void count_flows(const struct engine *engine, size_t place, const struct config *desired,
			const struct config_service *after, struct impact_service *to)
{
	const struct config *config = engine_config(engine);
	const struct config_service *before = &config->services[place];
	const struct config_pool *pool = &config->pools[before->pool];
	bool all = !after || is_shuffled(before, after);

	to->flows_exact = before->tracking == TRACKING_ALL;
	for (size_t i = 0; i < pool->n_backends; i++) {
		struct engine_backend view;

		if (!all && takes_flows(desired, after, &pool->backends[i].address))
			continue;
		engine_backend(engine, place, i, &view);
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

static void find_ends(const struct engine *engine, const struct config *desired,
		      struct impact *impact)
{
	const struct config *config = engine_config(engine);

	for (size_t i = 0; config && i < config->n_services; i++) {
		const struct config_service *before = &config->services[i];
		struct impact_service *to = &impact->services[impact->n_services];

		if (find_service(desired, before))
			continue;
		describe(before, NULL, to);
		to->goes = true;
		count_flows(engine, i, desired, NULL, to);
		impact->n_services++;
	}
}

static void find_moves(const struct engine *engine, const struct config *desired,
		       const struct plan *plan, struct impact *impact)
{
	const struct config *config = engine_config(engine);

	for (size_t i = 0; i < desired->n_services; i++) {
		const struct config_service *after = &desired->services[i];
		const struct config_service *before = find_service(config, after);
		const struct plan_service *planned = find_planned(plan, after);
		struct impact_service *to = &impact->services[impact->n_services];

		memset(to, 0, sizeof(*to));
		describe(after, planned, to);
		to->comes = !before;
		if (before)
			count_flows(engine, before - config->services, desired, after, to);
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

static void warn_of_lockout(const struct config *desired, const struct config *config,
			    const struct address *own, size_t n_own, struct sl_errors *warnings)
{
	for (size_t i = 0; i < desired->n_services; i++) {
		const struct config_service *service = &desired->services[i];
		_cleanup_free_ char *where = NULL;
		char vip[ADDRESS_TEXT_MAX];

		if (!is_own(&service->vip, own, n_own) || find_service(config, service))
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
	int err = engine_preview(engine, desired, &preview, errors);

	if (err)
		return err;
	impact.changes = preview.changes;
	memset(&preview.changes, 0, sizeof(preview.changes));
	impact.restart = preview.restart;
	impact.services = sl_calloc(desired->n_services + (config ? config->n_services : 0) + 1,
				    sizeof(*impact.services));
	find_moves(engine, desired, &preview.plan, &impact);
	find_ends(engine, desired, &impact);
	warn_of_lockout(desired, config, own, n_own, &impact.warnings);
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
