/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/api.h"

#include "api/event_stream.h"
#include "api/server.h"
#include "base/memory.h"
#include "metrics/metrics.h"

#include <stdlib.h>
#include <unistd.h>

struct api {
	struct api_context context;
	struct server *all;	/* owned */
	struct server *metrics; /* owned; NULL: none */
};

/* One for each route, and the last for requests that no route takes. */
static void meter_routes(struct api *api)
{
	size_t count = 0;

	while (route_table[count].method)
		count++;
	api->context.requests = sl_calloc(count + 1, sizeof(*api->context.requests));
	api->context.n_requests = count + 1;
	for (size_t i = 0; i < count; i++) {
		api->context.requests[i].method = route_table[i].method;
		api->context.requests[i].path = route_table[i].path;
	}
	api->context.requests[count].method = "";
	api->context.requests[count].path = "";
}

int api_new(struct event_base *base, const struct api_context *context, int unix_fd, int metrics_fd,
	    struct api **ret_api, struct sl_errors *errors)
{
	struct api *api = sl_calloc(1, sizeof(*api));
	int result;

	api->context = *context;
	api->context.streams = event_streams_new(base);
	meter_routes(api);
	result = server_new(base, &api->context, unix_fd, ROUTE_UNIX, &api->all, errors);
	if (metrics_fd >= 0 && !result)
		result = server_new(base, &api->context, metrics_fd, ROUTE_METRICS, &api->metrics,
				    errors);
	else if (metrics_fd >= 0)
		close(metrics_fd);
	if (result) {
		api_free(api);
		return result;
	}
	*ret_api = api;
	return 0;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	event_streams_end(api->context.streams);
	server_free(api->all);
	server_free(api->metrics);
	event_streams_free(api->context.streams);
	free(api->context.requests);
	free(api);
}
