/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_stream.h - events as they happen, one JSON object a line, until the client goes.
 *
 * A stream holds no queue: it remembers the id that it sent last, and goes on from there when there is
 * room, by the ring or, for a reader that is far behind, by the store. Between events there is a line
 * {"heartbeat": true, "last": ID, "lost": N, "complete": BOOL}, the first at once: the place to go on
 * from after the connection broke. It is also what finds out that the client is gone.
 *
 * EVENT_STREAMS_MAX at a time, EVENT_STREAMS_EACH of one caller, so that requests find a free connection.
 * By TCP one ends after EVENT_STREAM_LIFE_S: a token is looked at again when the client comes back.
 */
#ifndef SLUICE_API_EVENT_STREAM_H
#define SLUICE_API_EVENT_STREAM_H

#include "api/request.h"
#include "state/record.h"

#define EVENT_STREAMS_MAX	 16
#define EVENT_STREAMS_EACH	 4 /* root's are not counted */
#define EVENT_STREAM_HEARTBEAT_S 5
#define EVENT_STREAM_LIFE_S	 600 /* by TCP */

struct event_streams; /* all that there are */

struct event_streams *event_streams_new(struct event_base *base);
/* Lets go of all connections that wait for events. Before the server ends. */
void event_streams_end(struct event_streams *streams);
/* Those by TCP come again, with what tokens there are then. */
void event_streams_drop_tcp(struct event_streams *streams);
void event_streams_free(struct event_streams *streams);

/* Those that the query asks for, without limit. Fills the answer. */
void event_stream_begin(const struct api_context *context, const struct request *request,
			const struct event_query *query, struct answer *answer);

#endif
