/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resource.h - one function a resource: the answers behind the routes (docs/api.md).
 */
#ifndef SLUICE_API_RESOURCE_H
#define SLUICE_API_RESOURCE_H

#include "api/request.h"

#define API_RESOURCES(X)                                                                           \
	X(version)                                                                                 \
	X(status)                                                                                  \
	X(services)                                                                                \
	X(backends)                                                                                \
	X(verdicts)                                                                                \
	X(flows)                                                                                   \
	X(interfaces)                                                                              \
	X(config)                                                                                  \
	X(set_backend)                                                                             \
	X(set_config)                                                                              \
	X(confirm)                                                                                 \
	X(rollback)                                                                                \
	X(history)                                                                                 \
	X(events)                                                                                  \
	X(diff)                                                                                    \
	X(explain)                                                                                 \
	X(attach)                                                                                  \
	X(detach)                                                                                  \
	X(log)                                                                                     \
	X(set_log)                                                                                 \
	X(metrics)                                                                                 \
	X(healthz)

#define X(name)                                                                                    \
	void resource_##name(const struct api_context *context, const struct request *request,     \
			     struct answer *answer);
API_RESOURCES(X)
#undef X

#endif
