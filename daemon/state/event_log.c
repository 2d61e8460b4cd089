// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/event_log.h"

#include "base/log.h"

/* What an operator wants to be woken for is a warning. */
static enum log_level level_of(enum event_kind kind)
{
	static const uint32_t warnings = 1u << EVENT_BACKEND_DOWN | 1u << EVENT_COMMIT_FAILED |
					 1u << EVENT_UNDO | 1u << EVENT_DETACH | 1u << EVENT_LIMIT |
					 1u << EVENT_STORE;

	return warnings & 1u << kind ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
}

static const char *or_none(const char *text)
{
	return text[0] ? text : NULL;
}

void event_log(const struct event_record *event)
{
	static struct log_limit limits[EVENT_KIND_COUNT];
	_cleanup_log_context_ struct log_context said = {
		.generation = event->generation,
		.actor = or_none(event->actor),
		.trace_id = or_none(event->trace),
	};
	enum log_level level = level_of(event->kind);

	if (!log_is_wanted(LOG_HERE, level))
		return;
	log_context_push(&said);
	log_write(LOG_HERE, level, event_kind_word(event->kind), &limits[event->kind], "%s%s%s",
		  event->object, event->object[0] ? ": " : "", event->text);
}
