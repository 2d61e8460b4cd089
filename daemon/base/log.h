/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line on stderr for each thing an operator may want to know afterwards.
 *
 * Where stderr goes decides the form, unless the operator does (LOG_FORMAT_AUTO):
 *   a terminal      text, the level coloured (not with NO_COLOR or TERM=dumb);
 *   the journal     text behind "<N>", the priority: journald takes that off, keeps it as a field of
 *                   the line and has the time itself, so `journalctl -p warning` works and people can
 *                   read it. Objects would stand there as text that journalctl shows as it is;
 *                   who ships the journal as JSON asks for it, and gets objects behind "<N>";
 *   anything else   one JSON object a line.
 *
 * Each place in the source that logs has a limiter of its own (log_limit.h), so no outsider's errors
 * fill a disk; what it held back is said by the place's next line. Writing never waits (log_sink.h).
 * A line above its component's level costs one load and a compare. The component is the directory of
 * the source file. May be called by any thread. Only code that drives others logs: pure modules never
 * do.
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include "base/log_level.h"
#include "base/log_limit.h"

/* ---- writing ----------------------------------------------------------------------------------- */

#define log_error(...)	 log_event(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_info(...)	 log_event(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)	 log_event(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)

/* With a word that tells machines what has happened: "commit", "backend_up". NULL: none. */
#define log_event(level, event, ...)                                                               \
	do {                                                                                       \
		static struct log_limit limit_;                                                    \
		if (log_is_wanted(LOG_HERE, level))                                                \
			log_write(LOG_HERE, level, event, &limit_, __VA_ARGS__);                   \
	} while (0)

/* Without a limiter, for lines whose number is bounded already: the errors of one file. */
#define log_unlimited(level, event, ...)                                                           \
	do {                                                                                       \
		if (log_is_wanted(LOG_HERE, level))                                                \
			log_write(LOG_HERE, level, event, NULL, __VA_ARGS__);                      \
	} while (0)

/* ---- context: who and what for ------------------------------------------------------------------- */

/*
 * Stands in every line of this thread until the scope that declares it is left:
 *
 *	_cleanup_log_context_ struct log_context context = {.actor = "uid:0", .generation = 3};
 *
 *	log_context_push(&context);
 *
 * Scopes nest; what an inner one leaves out (NULL, 0) is the outer one's. The strings are borrowed.
 * What goes on after the scope (a callback of the loop) is no longer covered, and pushes its own.
 */
struct log_context {
	uint64_t generation;
	const char *actor;    /* "uid:1000" */
	const char *trace_id; /* 32 hex digits */
	const struct log_context *outer;
	bool is_pushed;
};

#define _cleanup_log_context_ __attribute__((cleanup(log_context_pop)))

void log_context_push(struct log_context *context);
/* The innermost one, or one that was never pushed. */
void log_context_pop(struct log_context *context);

/* ---- settings ------------------------------------------------------------------------------------ */

/* Where lines go from now on: stderr, in the form of these settings. Before that: text, info. */
void log_open(const struct log_settings *settings);
/* LOG_COMPONENT_ALL: each. */
void log_set_level(enum log_component component, enum log_level level);

struct log_status {
	struct log_settings settings; /* AUTO is decided by now: text or json */
	uint64_t suppressed;	      /* lines held back by limiters, ever */
	uint64_t dropped;	      /* lines that stderr did not take, ever */
};

void log_get_status(struct log_status *ret);

/* ---- for the macros ------------------------------------------------------------------------------ */

extern uint8_t log_levels[LOG_COMPONENT_COUNT];

#define log_is_wanted(component, level)                                                            \
	(__atomic_load_n(&log_levels[component], __ATOMIC_RELAXED) >= (level))

/* Folded by the compiler: a constant. */
#define LOG_IS_IN(name, word)                                                                      \
	!__builtin_strncmp(__FILE__, "daemon/" word "/", sizeof("daemon/" word "/") - 1)           \
		? LOG_COMPONENT_##name                                                             \
		:
#define LOG_HERE (LOG_COMPONENTS(LOG_IS_IN) LOG_COMPONENT_MAIN)

/* `limit` NULL: none. */
void log_write(enum log_component component, enum log_level level, const char *event,
	       struct log_limit *limit, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#endif
