/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/route.h"

#include "api/resource.h"
#include "sluice/api.h"

#include <string.h>

#define VIEWER	 SLUICE_ROLE_VIEWER
#define OPERATOR SLUICE_ROLE_OPERATOR
#define ADMIN	 SLUICE_ROLE_ADMIN

/*
 * Reading is for viewers. diff and explain change nothing, but cost: a whole plan, and a share of what the
 * loader may be asked, which changes need too.
 */
/* clang-format off */
const struct route route_table[] = {
	{"GET", SLUICE_PATH_VERSION, resource_version, 0, ROUTE_API, VIEWER, false,
	 "version of the daemon and of its maps"},
	{"GET", SLUICE_PATH_STATUS, resource_status, 0, ROUTE_API, VIEWER, true,
	 "healthy, degraded or broken, and why"},
	{"GET", SLUICE_PATH_SERVICES, resource_services, 0, ROUTE_API, VIEWER, true,
	 "services with slots and traffic"},
	{"GET", SLUICE_PATH_BACKENDS, resource_backends, 0, ROUTE_API, VIEWER, true,
	 "backends with health, flows and traffic"},
	{"POST", SLUICE_PATH_BACKENDS "/", resource_set_backend, ROUTE_BODY_MAX, ROUTE_API, OPERATOR, false,
	 "override a backend's state or weight"},
	{"GET", SLUICE_PATH_VERDICTS, resource_verdicts, 0, ROUTE_API, VIEWER, false,
	 "what became of all packets"},
	{"GET", SLUICE_PATH_FLOWS, resource_flows, 0, ROUTE_API, VIEWER, false,
	 "the flow table's records and events"},
	{"GET", SLUICE_PATH_INTERFACES, resource_interfaces, 0, ROUTE_API, VIEWER, false,
	 "interfaces and how they are attached"},
	{"GET", SLUICE_PATH_CONFIG, resource_config, 0, ROUTE_API, VIEWER, false,
	 "the committed configuration as text"},
	{"PUT", SLUICE_PATH_CONFIG, resource_set_config, CONFIG_SIZE_MAX, ROUTE_API, ADMIN, false,
	 "commit a configuration"},
	{"POST", SLUICE_PATH_CONFIRM, resource_confirm, ROUTE_BODY_MAX, ROUTE_API, OPERATOR, false,
	 "keep a change that waits to be confirmed"},
	{"POST", SLUICE_PATH_ROLLBACK, resource_rollback, ROUTE_BODY_MAX, ROUTE_API, ADMIN, false,
	 "go back to an earlier generation, or undo the one that waits"},
	{"GET", SLUICE_PATH_HISTORY, resource_history, 0, ROUTE_API, VIEWER, false,
	 "generations: who made them, when and why"},
	{"GET", SLUICE_PATH_EVENTS, resource_events, 0, ROUTE_API, VIEWER, false,
	 "what happened, and with ?watch=1 what happens"},
	{"POST", SLUICE_PATH_DIFF, resource_diff, CONFIG_SIZE_MAX, ROUTE_API, OPERATOR, false,
	 "what a configuration would change"},
	{"POST", SLUICE_PATH_EXPLAIN, resource_explain, ROUTE_BODY_MAX, ROUTE_API, OPERATOR, false,
	 "what would become of a packet"},
	{"POST", SLUICE_PATH_ATTACH, resource_attach, ROUTE_BODY_MAX, ROUTE_API, ADMIN, false,
	 "attach to interfaces, for good or on trial"},
	{"POST", SLUICE_PATH_DETACH, resource_detach, ROUTE_BODY_MAX, ROUTE_API, ADMIN, false,
	 "detach from all interfaces"},
	{"GET", SLUICE_PATH_LOG, resource_log, 0, ROUTE_API, VIEWER, false,
	 "the log's levels by component"},
	{"PUT", SLUICE_PATH_LOG, resource_set_log, ROUTE_BODY_MAX, ROUTE_API, ADMIN, false,
	 "set the level of a component, or of all"},
	{"GET", SLUICE_PATH_METRICS, resource_metrics, 0, ROUTE_METRICS, VIEWER, false,
	 "metrics in Prometheus' text format"},
	{"GET", SLUICE_PATH_HEALTHZ, resource_healthz, 0, ROUTE_METRICS, VIEWER, false,
	 "whether the daemon's loop runs"},
	{NULL, NULL, NULL, 0, ROUTE_API, VIEWER, false, NULL},
};
/* clang-format on */

static bool path_matches(const struct route *route, const char *path, const char **ret_rest)
{
	size_t size = strlen(route->path);
	bool goes_on = route->path[size - 1] == '/';

	if (strncmp(path, route->path, size) || (path[size] && !goes_on))
		return false;
	*ret_rest = path + size;
	return true;
}

const struct route *route_find(const char *method, const char *path, enum route_reach reach,
			       const char **ret_rest, unsigned *ret_status, char allow[32])
{
	const char *rest;

	*ret_status = 404;
	allow[0] = '\0';
	if (!strcmp(method, "HEAD"))
		method = "GET";
	for (const struct route *route = route_table; route->method; route++) {
		if (route->reach < reach || !path_matches(route, path, &rest))
			continue;
		if (!strcmp(method, route->method)) {
			*ret_rest = rest;
			return route;
		}
		*ret_status = 405;
		strcat(strcat(allow, allow[0] ? ", " : ""), route->method);
	}
	return NULL;
}
