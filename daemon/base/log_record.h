/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log_record.h - one line of the log, from what it says to its bytes. Pure but for the time zone.
 *
 * Whatever bytes the strings hold, a line is valid UTF-8 (what isn't becomes U+FFFD), holds no control
 * character but its final line feed (they become \u00XX: nothing in a message can begin a new line or
 * drive a terminal), and has at most LOG_LINE_MAX bytes (what is too long ends in "..."). That is no
 * more than PIPE_BUF, so a pipe takes all of it or nothing.
 */
#ifndef SLUICE_LOG_RECORD_H
#define SLUICE_LOG_RECORD_H

#include "base/log_level.h"

#include <stddef.h>

#define LOG_LINE_MAX 4096 /* bytes, with the line feed */

struct log_record {
	uint64_t time_ms; /* since 1970, UTC */
	enum log_level level;
	enum log_component component;
	const char *message;
	const char *event;    /* NULL, and so below: absent */
	uint64_t generation;  /* 0: absent, and so below */
	const char *actor;    /* "uid:1000" */
	const char *trace_id; /* 32 hex digits */
	uint64_t suppressed;  /* lines of this call site held back before this one */
	uint64_t dropped;     /* lines of anybody that stderr did not take before this one */
};

enum log_style {
	LOG_STYLE_TEXT,		/* local time, level, component: message [context] */
	LOG_STYLE_COLOR,	/* the same, the level coloured */
	LOG_STYLE_JOURNAL,	/* "<N>" instead of time and level */
	LOG_STYLE_JSON,		/* one object */
	LOG_STYLE_JOURNAL_JSON, /* one object behind "<N>", which the journal takes off */
};

/* Returns how many bytes there are; no NUL follows. */
size_t log_record_write(const struct log_record *record, enum log_style style,
			char line[LOG_LINE_MAX]);

#endif
