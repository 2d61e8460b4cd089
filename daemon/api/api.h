/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api.h - the daemon's HTTP API (docs/api.md): everything on a Unix socket, metrics alone on an
 * optional TCP socket of the loopback interface.
 *
 * Runs on the event loop; answers from what the engine, the checks and the loader know, and changes
 * things only through change.h, override.h and the loader. Access to the Unix
 * socket is the right to do all of it. Limits: see server.h and route.h.
 *
 * The only code that knows libmicrohttpd.
 */
#ifndef SLUICE_API_API_H
#define SLUICE_API_API_H

#include "base/address.h"
#include "base/error.h"
#include "base/histogram.h"
#include "config/config.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct api;
struct change;
struct engine;
struct event_streams;
struct event_base;
struct events;
struct health;
struct loader;
struct metrics_requests;
struct net;
struct overrides;
struct store;

/* What the API shows and drives. All borrowed, and outliving it. */
struct api_context {
	struct engine *engine;
	struct health *health;
	struct net *net;
	struct loader *loader;
	struct store *store;
	struct events *events;
	struct change *change;
	struct overrides *overrides;
	const struct config_interface *interfaces; /* the loader's list: the place is the number */
	size_t n_interfaces;
	struct event_streams *streams; /* api_new() adds it */
	const struct histogram *lag;   /* of the loop */
	/* Made and counted by the API itself, one for each route and one for what no route takes. */
	struct metrics_requests *requests;
	size_t n_requests;
};

/* Takes the listening sockets, on failure too; metrics_fd -1: no such listener. */
int api_new(struct event_base *base, const struct api_context *context, int unix_fd, int metrics_fd,
	    struct api **ret_api, struct sl_errors *errors);
void api_free(struct api *api);

/* ---- listening sockets, to be made before privileges are dropped ------------------------------------ */

/*
 * Returns a descriptor, or -errno with an error. The directory is made if missing (0750), the socket
 * is 0660, both of uid and gid; it appears under its name only when it is complete. A socket that
 * nobody listens on is replaced; one that answers, or a file of another kind, is an error.
 */
int api_listen_unix(const char *path, uid_t uid, gid_t gid, struct sl_errors *errors);

/* Returns a descriptor, or -errno with an error. Loopback addresses only. */
int api_listen_tcp(const struct address *address, uint16_t port, struct sl_errors *errors);

#endif
