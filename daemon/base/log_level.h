/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_level.h - the words of the log: levels, components, formats, and how an operator writes them.
 *
 * A component is a directory of daemon/: a call in daemon/engine/ is the engine's. `main` is what has
 * no directory of its own in this list. Pure.
 */
#ifndef SLUICE_LOG_LEVEL_H
#define SLUICE_LOG_LEVEL_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, word, priority of syslog(3)), the most urgent first. */
#define LOG_LEVELS(X)                                                                              \
	X(ERROR, "error", 3)                                                                       \
	X(WARNING, "warning", 4)                                                                   \
	X(INFO, "info", 6)                                                                         \
	X(DEBUG, "debug", 7)

enum log_level {
#define X(name, word, priority) LOG_LEVEL_##name,
	LOG_LEVELS(X)
#undef X
		LOG_LEVEL_COUNT
};

/* X(name, directory): a new module that logs gets a line here, in any place. */
#define LOG_COMPONENTS(X)                                                                          \
	X(API, "api")                                                                              \
	X(CHANGE, "change")                                                                        \
	X(DATAPLANE, "dataplane")                                                                  \
	X(ENGINE, "engine")                                                                        \
	X(LOADER, "loader")                                                                        \
	X(MAIN, "main")                                                                            \
	X(OVERRIDE, "override")                                                                    \
	X(STATE, "state")                                                                          \
	X(WORKER, "worker")

enum log_component {
#define X(name, word) LOG_COMPONENT_##name,
	LOG_COMPONENTS(X)
#undef X
		LOG_COMPONENT_COUNT,
	LOG_COMPONENT_ALL = LOG_COMPONENT_COUNT, /* where a level is set */
};

/* X(name, word): AUTO is decided by where stderr goes (log.h). */
#define LOG_FORMATS(X)                                                                             \
	X(AUTO, "auto")                                                                            \
	X(TEXT, "text")                                                                            \
	X(JSON, "json")

enum log_format {
#define X(name, word) LOG_FORMAT_##name,
	LOG_FORMATS(X)
#undef X
		LOG_FORMAT_COUNT
};

struct log_settings {
	enum log_format format;
	uint8_t levels[LOG_COMPONENT_COUNT]; /* enum log_level; lines above it are not written */
};

const char *log_level_word(enum log_level level);
const char *log_component_word(enum log_component component);
const char *log_format_word(enum log_format format);
int log_level_priority(enum log_level level);

bool log_level_find(const char *word, enum log_level *ret_level);
bool log_component_find(const char *word, enum log_component *ret_component);

/* LOG_COMPONENT_ALL sets each. */
void log_settings_set(struct log_settings *settings, enum log_component component,
		      enum log_level level);

/* Both leave the settings alone on an error: -EINVAL, with what would be right. */
int log_settings_take_format(struct log_settings *settings, const char *word,
			     struct sl_errors *errors);
/* "LEVEL" for all, "COMPONENT=LEVEL" for one; any number, separated by commas, the last one counts. */
int log_settings_take_levels(struct log_settings *settings, const char *text,
			     struct sl_errors *errors);

/* What log_settings_take_levels() makes the same levels of. Caller frees. */
char *log_settings_levels(const struct log_settings *settings);

#endif
