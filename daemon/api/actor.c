// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/actor.h"

#include "api/trace.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "state/events.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>

_Static_assert(RECORD_TRACE_MAX == TRACE_ID_SIZE, "a trace is a trace");

/* Local files only: a directory service could keep the loop waiting. */
void actor_describe(const struct request *request, char ret_actor[RECORD_ACTOR_MAX],
		    char ret_trace[RECORD_TRACE_MAX])
{
	_cleanup_file_ FILE *users = request->uid == (uid_t)-1 ? NULL : fopen("/etc/passwd", "re");
	const struct passwd *user = NULL;

	while (users && (user = fgetpwent(users)) && user->pw_uid != request->uid) {
	}
	snprintf(ret_actor, RECORD_ACTOR_MAX, "%s%s%s", request->actor, user ? " " : "",
		 user ? user->pw_name : "");
	snprintf(ret_trace, RECORD_TRACE_MAX, "%s", request->trace_id);
}

void actor_tell(const struct api_context *context, const struct request *request,
		enum event_kind kind, const char *object, const char *format, ...)
{
	struct event_record event = {
		.kind = kind,
		.generation = engine_generation(context->engine),
	};
	va_list args;

	actor_describe(request, event.actor, event.trace);
	record_set(event.object, object);
	va_start(args, format);
	vsnprintf(event.text, sizeof(event.text), format, args);
	va_end(args);
	events_append(context->events, &event);
}
