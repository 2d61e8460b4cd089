/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actor.h - who asks, as history and events name him.
 */
#ifndef SLUICE_API_ACTOR_H
#define SLUICE_API_ACTOR_H

#include "api/request.h"
#include "state/record.h"

/* "uid:1000 ann", "token:ci"; and the trace that the request belongs to. */
void actor_describe(const struct request *request, char ret_actor[RECORD_ACTOR_MAX],
		    char ret_trace[RECORD_TRACE_MAX]);

/* Something that he has done: `object` NULL: to the whole daemon. */
void actor_tell(const struct api_context *context, const struct request *request,
		enum event_kind kind, const char *object, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#endif
