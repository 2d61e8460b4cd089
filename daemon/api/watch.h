/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - `?watch=1`: connections that stay, and are told when something has changed.
 *
 * A look once a second (less often if one takes long: WATCH_SHARE of the loop at most), one line to each
 * who has not had it, a heartbeat after WATCH_QUIET_S. There are WATCH_MAX streams at a time, WATCH_EACH
 * of one caller. Who has not taken a line after WATCH_SLOW_S is dropped; who has gone is noticed at the
 * next look, since the library does not look at suspended connections. By TCP a stream ends after
 * WATCH_LIFE_S: a token is looked at again when the client comes back.
 */
#ifndef SLUICE_API_WATCH_H
#define SLUICE_API_WATCH_H

#include "api/access.h"
#include "api/route.h"

#define WATCH_MAX     64
#define WATCH_EACH    16
#define WATCH_QUIET_S 15
#define WATCH_SLOW_S  10
#define WATCH_LIFE_S  600
#define WATCH_SHARE   20 /* a twentieth */

struct MHD_Connection;
struct MHD_Response;
struct event_base;
struct metrics_streams;
struct watcher;
struct watches;

struct watches *watches_new(struct event_base *base, const struct api_context *context);
/* Lets all go on to their end: before their servers stop. */
void watches_stop(struct watches *watches);
/* After all watchers. */
void watches_free(struct watches *watches);
/* Those by TCP come again, with what tokens there are then. */
void watches_drop_tcp(struct watches *watches);

/* How the library is run once connections were resumed. */
typedef void watch_wake_fn(void *server);

/*
 * NULL: too many, and `errors` says of whom. The stream begins with what is so now, unless `after` names
 * just that.
 */
struct watcher *watcher_new(struct watches *watches, const struct route *route,
			    const struct request *request, const struct caller *caller,
			    watch_wake_fn *wake, void *server, struct sl_errors *errors);
/* The connection is over. */
void watcher_free(struct watcher *watcher);
/* The caller drops it. Never NULL. */
struct MHD_Response *watcher_response(struct watcher *watcher);

/* All there are, and how many were dropped. */
const struct metrics_streams *watches_streams(const struct watches *watches);
/* How many there are of a server. */
unsigned watches_count(const struct watches *watches, const void *server);

#endif
