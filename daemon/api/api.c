/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/api.h"

#include "api/server.h"
#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

struct api {
	struct api_context context;
	struct access *access;			/* owned, and so below */
	struct server *servers[LISTENER_COUNT]; /* NULL: none */
};

int api_new(struct event_base *base, const struct api_context *context,
	    const struct config_api *settings, uid_t self, const struct api_sockets *sockets,
	    struct api **ret_api, struct sl_errors *errors)
{
	const int fds[LISTENER_COUNT] = {
		[LISTENER_ADMIN] = sockets->admin,
		[LISTENER_VIEW] = sockets->view,
		[LISTENER_METRICS] = sockets->metrics,
	};
	struct api *api = sl_calloc(1, sizeof(*api));
	int result = 0;

	api->context = *context;
	api->access = access_new(settings, self);
	for (int i = 0; i < LISTENER_COUNT; i++) {
		if (fds[i] < 0)
			continue;
		if (result)
			close(fds[i]);
		else
			result = server_new(base, &api->context, api->access, i, fds[i],
					    &api->servers[i], errors);
	}
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
	for (int i = 0; i < LISTENER_COUNT; i++)
		server_free(api->servers[i]);
	access_free(api->access);
	free(api);
}
