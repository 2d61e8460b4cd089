/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIELD_MAX 160 /* bytes of a field's text, escaped */
/* What the message leaves room for: three fields, four numbers, names, brackets, the line feed. */
#define TAIL_MAX 1024
#define CUT	 "..."
#define UNIT_MAX 6 /* bytes that one character becomes: \u00XX */

struct out {
	char *line;
	size_t used;
	bool is_json;
};

/* For what is known to fit: no text of others. */
static __attribute__((format(printf, 2, 3))) void put(struct out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->used += vsnprintf(out->line + out->used, LOG_LINE_MAX - out->used, format, args);
	va_end(args);
}

/*
 * Bytes of the well-formed character at `at`, 0 if it isn't one (Unicode 15, table 3-7). A NUL is no
 * continuation, so nothing is read behind the end.
 */
static size_t character_size(const uint8_t *at)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (size < 2 || at[0] > 0xf4)
		return size < 2 ? size : 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f; /* no surrogates */
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return size;
}

/* The control character at `at`, of one byte or two (C1); -1: it is none. */
static int control_at(const uint8_t *at)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return at[0];
	return at[0] == 0xc2 && at[1] < 0xa0 ? at[1] : -1;
}

/* Writes one character in at most UNIT_MAX bytes, and steps over it. */
static const uint8_t *put_character(struct out *out, const uint8_t *at)
{
	size_t size = character_size(at);

	if (!size)
		put(out, "\xef\xbf\xbd");
	else if (*at == '\n')
		put(out, "\\n");
	else if (control_at(at) >= 0)
		put(out, "\\u%04x", control_at(at));
	else
		put(out, "%s%.*s", out->is_json && (*at == '"' || *at == '\\') ? "\\" : "",
		    (int)size, (const char *)at);
	return at + (size ? size : 1);
}

static void put_escaped(struct out *out, const char *text, size_t most)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t end = out->used + most - UNIT_MAX - strlen(CUT);

	while (*at && out->used <= end)
		at = put_character(out, at);
	if (*at)
		put(out, CUT);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static void put_member(struct out *out, const char *name, const char *text, size_t most)
{
	if (!text)
		return;
	put(out, ",\"%s\":\"", name);
	put_escaped(out, text, most);
	put(out, "\"");
}

static void put_number(struct out *out, const char *name, uint64_t number)
{
	if (number)
		put(out, ",\"%s\":%" PRIu64, name, number);
}

static void write_json(struct out *out, const struct log_record *record)
{
	time_t seconds = record->time_ms / 1000;
	struct tm utc;
	char time[32];

	gmtime_r(&seconds, &utc);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
	put(out, "{\"ts\":\"%s.%03uZ\",\"level\":\"%s\"", time, (unsigned)(record->time_ms % 1000),
	    log_level_word(record->level));
	put_member(out, "msg", record->message, LOG_LINE_MAX - TAIL_MAX - out->used);
	put_member(out, "component", log_component_word(record->component), FIELD_MAX);
	put_member(out, "event", record->event, FIELD_MAX);
	put_number(out, "generation", record->generation);
	put_member(out, "actor", record->actor, FIELD_MAX);
	put_member(out, "trace_id", record->trace_id, FIELD_MAX);
	put_number(out, "suppressed", record->suppressed);
	put_number(out, "dropped", record->dropped);
	put(out, "}");
}

/* ---- text ------------------------------------------------------------------------------------------ */

static void write_time(struct out *out, const struct log_record *record, bool color)
{
	static const char *const colors[] = {
		[LOG_LEVEL_ERROR] = "\033[1;31m",
		[LOG_LEVEL_WARNING] = "\033[33m",
		[LOG_LEVEL_INFO] = "\033[32m",
		[LOG_LEVEL_DEBUG] = "\033[2m",
	};
	time_t seconds = record->time_ms / 1000;
	struct tm local;
	char time[32];

	localtime_r(&seconds, &local);
	strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S", &local);
	put(out, "%s.%03u %s%s%s ", time, (unsigned)(record->time_ms % 1000),
	    color ? colors[record->level] : "", log_level_word(record->level),
	    color ? "\033[0m" : "");
}

/* " [a=b" or " c=d": `open` says whether the bracket is there. */
static void put_context(struct out *out, bool *open, const char *name, const char *text)
{
	if (!text)
		return;
	put(out, "%s%s=", *open ? " " : " [", name);
	put_escaped(out, text, FIELD_MAX);
	*open = true;
}

static void write_text(struct out *out, const struct log_record *record)
{
	char generation[24];
	bool open = false;

	snprintf(generation, sizeof(generation), "%" PRIu64, record->generation);
	put(out, "%s: ", log_component_word(record->component));
	put_escaped(out, record->message, LOG_LINE_MAX - TAIL_MAX - out->used);
	put_context(out, &open, "generation", record->generation ? generation : NULL);
	put_context(out, &open, "actor", record->actor);
	put_context(out, &open, "trace_id", record->trace_id);
	put(out, "%s", open ? "]" : "");
	if (record->suppressed)
		put(out, " (%" PRIu64 " more like this were held back)", record->suppressed);
	if (record->dropped)
		put(out, " (%" PRIu64 " lines before it are lost)", record->dropped);
}

size_t log_record_write(const struct log_record *record, enum log_style style,
			char line[LOG_LINE_MAX])
{
	struct out out = {line, 0, style == LOG_STYLE_JSON || style == LOG_STYLE_JOURNAL_JSON};

	if (style == LOG_STYLE_JOURNAL || style == LOG_STYLE_JOURNAL_JSON)
		put(&out, "<%d>", log_level_priority(record->level));
	if (style == LOG_STYLE_TEXT || style == LOG_STYLE_COLOR)
		write_time(&out, record, style == LOG_STYLE_COLOR);
	if (out.is_json)
		write_json(&out, record);
	else
		write_text(&out, record);
	line[out.used++] = '\n';
	return out.used;
}
