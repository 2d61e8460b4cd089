/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include "base/clock.h"
#include "base/log_record.h"
#include "base/log_sink.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint8_t log_levels[LOG_COMPONENT_COUNT] = {[0 ... LOG_COMPONENT_COUNT - 1] = LOG_LEVEL_INFO};

/* Also of every limiter. Nothing waits while it is held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_sink sink = {.fd = STDERR_FILENO};
static enum log_style style = LOG_STYLE_TEXT;
static uint64_t suppressed, dropped;

static _Thread_local const struct log_context *innermost;

/* ---- context --------------------------------------------------------------------------------------- */

void log_context_push(struct log_context *context)
{
	context->outer = innermost;
	context->is_pushed = true;
	innermost = context;
}

void log_context_pop(struct log_context *context)
{
	if (!context->is_pushed)
		return;
	assert(innermost == context);
	innermost = context->outer;
	context->is_pushed = false;
}

static void take_context(struct log_record *record)
{
	for (const struct log_context *at = innermost; at; at = at->outer) {
		if (!record->generation)
			record->generation = at->generation;
		if (!record->actor)
			record->actor = at->actor;
		if (!record->trace_id)
			record->trace_id = at->trace_id;
	}
}

/* ---- settings -------------------------------------------------------------------------------------- */

/* The variable is inherited by processes whose stderr is something else by then. */
static bool is_journal(int fd)
{
	const char *named = getenv("JOURNAL_STREAM");
	struct stat about;
	char own[48];

	if (!named || fstat(fd, &about))
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)about.st_dev,
		 (unsigned long long)about.st_ino);
	return !strcmp(named, own);
}

static bool is_colorful(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return !(no_color && no_color[0]) && terminal && strcmp(terminal, "dumb");
}

static enum log_style choose_style(enum log_format format, int fd)
{
	bool journal = is_journal(fd), terminal = isatty(fd);

	if (format == LOG_FORMAT_AUTO)
		format = journal || terminal ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
	if (format == LOG_FORMAT_JSON)
		return journal ? LOG_STYLE_JOURNAL_JSON : LOG_STYLE_JSON;
	if (journal)
		return LOG_STYLE_JOURNAL;
	return terminal && is_colorful() ? LOG_STYLE_COLOR : LOG_STYLE_TEXT;
}

void log_open(const struct log_settings *settings)
{
	pthread_mutex_lock(&lock);
	log_sink_prepare(sink.fd);
	style = choose_style(settings->format, sink.fd);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		log_set_level(i, settings->levels[i]);
}

void log_set_level(enum log_component component, enum log_level level)
{
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		if (component == LOG_COMPONENT_ALL || component == i)
			__atomic_store_n(&log_levels[i], level, __ATOMIC_RELAXED);
}

void log_get_status(struct log_status *ret)
{
	pthread_mutex_lock(&lock);
	*ret = (struct log_status){
		.settings.format = style == LOG_STYLE_JSON || style == LOG_STYLE_JOURNAL_JSON
					   ? LOG_FORMAT_JSON
					   : LOG_FORMAT_TEXT,
		.suppressed = suppressed,
		.dropped = dropped,
	};
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < LOG_COMPONENT_COUNT; i++)
		ret->settings.levels[i] = __atomic_load_n(&log_levels[i], __ATOMIC_RELAXED);
}

/* ---- a line ---------------------------------------------------------------------------------------- */

static uint64_t wall_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* With the lock. */
static void send_line(struct log_record *record)
{
	char line[LOG_LINE_MAX];

	record->dropped = sink.dropped;
	if (!log_sink_write(&sink, line, log_record_write(record, style, line)))
		dropped++;
}

void log_write(enum log_component component, enum log_level level, const char *event,
	       struct log_limit *limit, const char *format, ...)
{
	char message[LOG_LINE_MAX];
	struct log_record record = {
		.component = component,
		.level = level,
		.event = event,
		.message = message,
		.time_ms = wall_clock_ms(),
	};
	va_list args;

	pthread_mutex_lock(&lock);
	if (limit && !log_limit_take(limit, clock_now_ns(), &record.suppressed)) {
		suppressed++;
	} else {
		va_start(args, format);
		vsnprintf(message, sizeof(message), format, args);
		va_end(args);
		take_context(&record);
		send_line(&record);
	}
	pthread_mutex_unlock(&lock);
}
