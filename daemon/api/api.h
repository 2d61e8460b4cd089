/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api.h - the daemon's HTTP API (docs/api.md): everything on a Unix socket, and to who has a token
 * on TCP; a second Unix socket to look by; metrics alone on a TCP socket of the loopback interface.
 *
 * Runs on the event loop; answers from what the engine, the checks and the loader know, and changes
 * things only through change.h, override.h and the loader. Who may do what: access.h and the table in
 * route.c. Limits: see server.h and route.h.
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
struct metrics_streams;
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
	struct event_streams *event_streams; /* api_new() adds it */
	const struct histogram *lag;	     /* of the loop */
	/* Made and counted by the API itself, one for each route and one for what no route takes. */
	struct metrics_requests *requests;
	size_t n_requests;
	const struct metrics_streams *streams; /* set by api_new() */
};

/* Listening sockets; -1: there is no such one. */
struct api_sockets {
	int admin;
	int view;
	int tcp;
	int metrics;
};

/*
 * Takes the sockets, on failure too. The settings are looked at in the call only; `self` is the
 * daemon's own user.
 */
int api_new(struct event_base *base, const struct api_context *context,
	    const struct config_api *settings, uid_t self, const struct api_sockets *sockets,
	    struct api **ret_api, struct sl_errors *errors);
void api_free(struct api *api);

/*
 * Reads certificate, key and tokens anew, through the loader. -errno with errors, and all that was before
 * stays.
 */
int api_reload(struct api *api, struct sl_errors *errors);

/* ---- listening sockets, to be made before privileges are dropped ------------------------------------ */

/*
 * Returns a descriptor, or -errno with an error. The socket is of uid and gid and has the mode, which
 * alone decides who may connect. Its directory is made if missing, theirs too, and open to be looked
 * into (0755), so that sockets for all can stand beside those for few. It appears under its name only when it is complete. A socket that
 * nobody listens on is replaced; one that answers, or a file of another kind, is an error.
 */
int api_listen_unix(const char *path, mode_t mode, uid_t uid, gid_t gid, struct sl_errors *errors);

/* Returns a descriptor, or -errno with an error. `what` is for errors: "api.metrics". */
int api_listen_tcp(const char *what, const struct address *address, uint16_t port,
		   struct sl_errors *errors);

#endif
