/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line on stderr for each thing an operator may want to know afterwards.
 *
 * "<time> <level> <component>: <message>"; under systemd (JOURNAL_STREAM is set) "<N>" of the level
 * in front and no time. Only code that drives others logs: pure modules never do.
 */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written. LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);
/* Stands in every line from now on: "sluiced", "loader". Borrowed for ever. */
void log_set_component(const char *component);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
