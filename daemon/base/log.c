/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static enum log_level most = LOG_LEVEL_INFO;
static const char *name = "sluiced";

static const struct {
	const char *word;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_set_level(enum log_level level)
{
	most = level;
}

void log_set_component(const char *component)
{
	name = component;
}

static int write_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm utc;
	char time[32];

	if (getenv("JOURNAL_STREAM"))
		return snprintf(line, size, "<%d>%s: ", levels[level].priority, name);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
	return snprintf(line, size, "%s.%03ldZ %s %s: ", time, now.tv_nsec / 1000000,
			levels[level].word, name);
}

/* One fwrite a line: lines of the two processes must not mix. */
void log_line(enum log_level level, const char *format, ...)
{
	char line[2048];
	va_list args;
	int at, more;

	if (level > most)
		return;
	at = write_prefix(line, sizeof(line), level);
	va_start(args, format);
	more = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	at += more < (int)sizeof(line) - at - 2 ? more : (int)sizeof(line) - at - 2;
	line[at++] = '\n';
	fwrite(line, 1, at, stderr);
}
