/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any strings in a line of the log: one line of bounded size without control characters; as JSON it is
 * read by jansson (which refuses what is no UTF-8), as text it is the same characters.
 */
#include "base/log_record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_line(const struct log_record *record, enum log_style style)
{
	char line[LOG_LINE_MAX];
	size_t size = log_record_write(record, style, line);
	json_t *parsed;

	must(size > 0 && size <= sizeof(line) && line[size - 1] == '\n');
	for (size_t i = 0; i < size - 1; i++)
		must((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	if (style == LOG_STYLE_JSON) {
		parsed = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	} else {
		/* Not JSON, but UTF-8. */
		parsed = json_stringn(line, size);
	}
	must(parsed);
	json_decref(parsed);
}

/* The strings stand one behind the other, each ended by a NUL. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *bytes = calloc(1, size + 4);
	struct log_record record = {.generation = size, .suppressed = size, .time_ms = size};

	must(bytes);
	memcpy(bytes, data, size);
	record.message = bytes;
	record.actor = record.message + strlen(record.message) + 1;
	record.event = record.actor + (record.actor < bytes + size ? strlen(record.actor) + 1 : 0);
	record.trace_id = record.actor;
	check_line(&record, LOG_STYLE_JSON);
	check_line(&record, LOG_STYLE_JOURNAL);
	check_line(&record, LOG_STYLE_TEXT);
	free(bytes);
	return 0;
}
