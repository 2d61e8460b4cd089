/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/api.h"

#include "api/event_stream.h"
#include "api/server.h"
#include "api/tls.h"
#include "api/tokens.h"
#include "api/watch.h"
#include "base/memory.h"
#include "loader/loader.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct api {
	struct api_context context;
	struct access *access; /* owned, and so below */
	struct watches *watches;
	struct tls *tls;			/* NULL: none */
	char *files[LOADER_FILE_COUNT];		/* their names, for errors; NULL: not read */
	struct server *servers[LISTENER_COUNT]; /* NULL: none */
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

/* ---- files that the loader reads ------------------------------------------------------------------- */

struct text {
	char *bytes; /* owned; terminated */
	size_t size;
};

static void text_deinit(struct text *text)
{
	if (text->bytes)
		explicit_bzero(text->bytes, text->size);
	free(text->bytes);
}

static int read_file(struct api *api, enum loader_file which, struct text *ret,
		     struct sl_errors *errors)
{
	_cleanup_fd_ int fd = -1;
	int err = loader_file(api->context.loader, which, &fd, errors);
	ssize_t size;

	if (err)
		return err;
	ret->bytes = sl_calloc(1, LOADER_FILE_MAX + 1);
	size = read(fd, ret->bytes, LOADER_FILE_MAX);
	if (size < 0)
		return sl_fail(errors, errno, api->files[which], "%s", strerror(errno));
	ret->size = size;
	return 0;
}

static int read_tokens(struct api *api, struct tokens **ret_tokens, struct sl_errors *errors)
{
	_cleanup_(text_deinit) struct text text = {0};
	const char *name = api->files[LOADER_FILE_TOKENS];
	int err = read_file(api, LOADER_FILE_TOKENS, &text, errors);

	return err ? err : tokens_read(name, text.bytes, text.size, ret_tokens, errors);
}

static int set_certificate(struct api *api, struct sl_errors *errors)
{
	_cleanup_(text_deinit) struct text chain = {0};
	_cleanup_(text_deinit) struct text key = {0};
	int err = read_file(api, LOADER_FILE_CERTIFICATE, &chain, errors);

	if (!err)
		err = read_file(api, LOADER_FILE_KEY, &key, errors);
	return err ? err
		   : tls_set_certificate(api->tls, api->files[LOADER_FILE_CERTIFICATE], chain.bytes,
					 chain.size, api->files[LOADER_FILE_KEY], key.bytes,
					 key.size, errors);
}

int api_reload(struct api *api, struct sl_errors *errors)
{
	struct tokens *tokens = NULL;
	int err = 0;

	if (!api->files[LOADER_FILE_TOKENS])
		return 0;
	err = read_tokens(api, &tokens, errors);
	if (!err && api->tls)
		err = set_certificate(api, errors);
	if (err)
		tokens_free(tokens);
	else
		access_set_tokens(api->access, tokens);
	if (!err) {
		watches_drop_tcp(api->watches);
		event_streams_drop_tcp(api->context.event_streams);
	}
	return err;
}

static int prepare(struct event_base *base, struct api *api, const struct config_api *settings,
		   uid_t self, struct sl_errors *errors)
{
	if (settings->listen.family) {
		api->files[LOADER_FILE_TOKENS] = sl_strdup(settings->tokens);
		if (settings->certificate) {
			api->tls = tls_new(base);
			api->files[LOADER_FILE_CERTIFICATE] = sl_strdup(settings->certificate);
			api->files[LOADER_FILE_KEY] = sl_strdup(settings->key);
		}
	}
	api->access = access_new(settings, self, api->tls);
	return api_reload(api, errors);
}

/* ---- listeners ------------------------------------------------------------------------------------- */

int api_new(struct event_base *base, const struct api_context *context,
	    const struct config_api *settings, uid_t self, const struct api_sockets *sockets,
	    struct api **ret_api, struct sl_errors *errors)
{
	const int fds[LISTENER_COUNT] = {
		[LISTENER_ADMIN] = sockets->admin,
		[LISTENER_VIEW] = sockets->view,
		[LISTENER_TCP] = sockets->tcp,
		[LISTENER_METRICS] = sockets->metrics,
	};
	struct api *api = sl_calloc(1, sizeof(*api));
	int result;

	api->context = *context;
	api->watches = watches_new(base, &api->context);
	api->context.event_streams = event_streams_new(base);
	api->context.streams = watches_streams(api->watches);
	meter_routes(api);
	result = prepare(base, api, settings, self, errors);
	for (int i = 0; i < LISTENER_COUNT; i++) {
		if (fds[i] < 0)
			continue;
		if (result)
			close(fds[i]);
		else
			result = server_new(base, &api->context, api->access,
					    i == LISTENER_TCP ? api->tls : NULL, api->watches, i,
					    fds[i], &api->servers[i], errors);
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
	watches_stop(api->watches);
	event_streams_end(api->context.event_streams);
	for (int i = 0; i < LISTENER_COUNT; i++)
		server_free(api->servers[i]);
	watches_free(api->watches);
	event_streams_free(api->context.event_streams);
	free(api->context.requests);
	access_free(api->access);
	tls_free(api->tls);
	for (int i = 0; i < LOADER_FILE_COUNT; i++)
		free(api->files[i]);
	free(api);
}
