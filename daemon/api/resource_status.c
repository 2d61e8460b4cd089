/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One word on the whole, and what stands behind it.
 *
 * Broken: traffic of some service is not served (no interface attached, no usable backend, no
 * configuration). Degraded: it is, but something that was configured is missing (an interface, a
 * backend that is down or whose next hop isn't known), or a restart might bring another configuration. What the operator took away himself - a
 * backend that drains or is disabled - is no problem as long as another is left.
 */
#include "api/resource.h"

#include "api/time_text.h"
#include "base/memory.h"
#include "change/change.h"
#include "engine/engine.h"
#include "health/health.h"
#include "loader/loader.h"
#include "net/net.h"
#include "state/store.h"

#include <stdarg.h>
#include <stdlib.h>

#define PROBLEMS_MAX 100

enum level { HEALTHY, DEGRADED, BROKEN };

struct status {
	enum level level;
	json_t *problems; /* owned */
	size_t count;
};

static void __attribute__((format(printf, 3, 4)))
problem(struct status *status, enum level level, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	if (level > status->level)
		status->level = level;
	if (status->count++ >= PROBLEMS_MAX)
		return;
	va_start(args, format);
	text = sl_vprintf(format, args);
	va_end(args);
	json_array_append_new(status->problems, json_string(text));
}

static size_t check_interfaces(const struct api_context *context, struct status *status)
{
	size_t attached = 0;

	for (size_t i = 0; i < context->n_interfaces; i++) {
		enum config_mode mode = CONFIG_MODE_COUNT;

		if (loader_mode(context->loader, i, &mode, NULL))
			problem(status, BROKEN, "interface %s: the loader does not answer",
				context->interfaces[i].name);
		else if (mode == CONFIG_MODE_COUNT)
			problem(status, DEGRADED,
				"interface %s: not attached; `sluicectl attach` attaches it",
				context->interfaces[i].name);
		else
			attached++;
	}
	if (!attached)
		problem(status, BROKEN, "no interface is attached: no packet is balanced");
	return attached;
}

static size_t check_services(const struct api_context *context, const struct config *config,
			     struct status *status)
{
	size_t usable = 0;

	for (size_t i = 0; i < config->n_services; i++) {
		struct engine_service view;

		engine_service(context->engine, i, &view);
		usable += view.usable > 0;
		if (!view.usable)
			problem(status, BROKEN, "service %s: no usable backend",
				config->services[i].name);
	}
	return usable;
}

/* Of the first service of the pool: they all say the same of a backend. */
static bool pool_view(const struct api_context *context, const struct config *config, size_t pool,
		      size_t backend, struct engine_backend *ret_view)
{
	for (size_t i = 0; i < config->n_services; i++) {
		if (config->services[i].pool != pool)
			continue;
		engine_backend(context->engine, i, backend, ret_view);
		return true;
	}
	return false;
}

static void check_hop(const struct api_context *context, const struct config_pool *pool,
		      const struct config_backend *backend, struct status *status)
{
	struct net_hop hop;

	if (net_hop(context->net, &backend->address, &hop) && !hop.resolved)
		problem(status, DEGRADED, "backend %s/%s: next hop: %s", pool->name, backend->name,
			hop.why);
}

/* Counts it under the state it has. */
static void check_backend(const struct api_context *context, const struct config_pool *pool,
			  const struct config_backend *backend, const struct engine_backend *view,
			  size_t counts[BACKEND_UP + 1], struct status *status)
{
	struct health_view health = {0};

	counts[view->state]++;
	if (view->admin != ADMIN_READY)
		return;
	if (!view->healthy) {
		bool checked = health_view(context->health, pool->name, backend->name, &health);

		problem(status, DEGRADED, "backend %s/%s: down: %s%s", pool->name, backend->name,
			checked && health.last && health.last[0] ? health.last : "not checked yet",
			checked && health.check->state == CHECK_DOWN && health.check->streak
				? " again, not for long enough yet"
				: "");
	} else if (!view->resolved) {
		check_hop(context, pool, backend, status);
	} else if (view->state == BACKEND_DOWN) {
		problem(status, DEGRADED, "backend %s/%s: is just coming up", pool->name,
			backend->name);
	}
}

static json_t *check_backends(const struct api_context *context, const struct config *config,
			      struct status *status)
{
	size_t counts[BACKEND_UP + 1] = {0};

	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_backends; j++) {
			struct engine_backend view;

			if (pool_view(context, config, i, j, &view))
				check_backend(context, &config->pools[i],
					      &config->pools[i].backends[j], &view, counts, status);
		}
	return json_pack("{s:I, s:I, s:I}", "up", (json_int_t)counts[BACKEND_UP], "draining",
			 (json_int_t)counts[BACKEND_DRAINING], "down",
			 (json_int_t)(counts[BACKEND_DOWN] + counts[BACKEND_FREE]));
}

static json_t *flows_object(const struct api_context *context)
{
	struct engine_flows flows;

	engine_flows(context->engine, &flows);
	return json_pack("{s:I, s:I}", "records", (json_int_t)flows.records, "capacity",
			 (json_int_t)flows.capacity);
}

/* What was asked for is in force, and written down? */
static json_t *check_change(const struct api_context *context, struct status *status)
{
	struct store_status store;
	struct change_view view;

	store_status(context->store, &store);
	change_view(context->change, &view);
	if (store.degraded)
		problem(status, DEGRADED, "store: %s%s", store.why,
			view.unrecorded ? "; the configuration in force is not recorded" : "");
	if (view.withheld)
		problem(status, DEGRADED, "%s", view.why);
	if (!view.unconfirmed)
		return json_null();
	return json_pack("{s:I, s:o, s:I}", "generation", (json_int_t)view.unconfirmed, "until",
			 time_text_ms(view.deadline_ms), "else", (json_int_t)view.settled);
}

void resource_status(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	static const char *const words[] = {"healthy", "degraded", "broken"};
	const struct config *config = engine_config(context->engine);
	json_t *object = answer_new_object(context, "Status");
	struct status status = {.problems = json_array()};
	size_t attached = check_interfaces(context, &status), usable = 0;
	json_t *backends = NULL;

	if (config) {
		usable = check_services(context, config, &status);
		backends = check_backends(context, config, &status);
	} else {
		problem(&status, BROKEN, "no configuration is committed");
	}
	json_object_set_new(object, "unconfirmed", check_change(context, &status));
	if (status.count > PROBLEMS_MAX)
		json_array_append_new(status.problems,
				      json_sprintf("and %zu more", status.count - PROBLEMS_MAX));
	json_object_set_new(object, "health", json_string(words[status.level]));
	json_object_set_new(object, "problems", status.problems);
	json_object_set_new(object, "version", json_string(SLUICE_VERSION));
	json_object_set_new(object, "committed_at",
			    time_text(engine_committed_at(context->engine)));
	json_object_set_new(object, "services",
			    json_pack("{s:I, s:I}", "total",
				      (json_int_t)(config ? config->n_services : 0), "usable",
				      (json_int_t)usable));
	if (backends)
		json_object_set_new(object, "backends", backends);
	json_object_set_new(object, "interfaces",
			    json_pack("{s:I, s:I}", "total", (json_int_t)context->n_interfaces,
				      "attached", (json_int_t)attached));
	json_object_set_new(object, "flows", flows_object(context));
	answer_object(answer, object);
}
