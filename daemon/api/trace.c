/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, END = 55 };

static bool is_hex(const char *at, size_t size)
{
	return strspn(at, "0123456789abcdef") >= size;
}

static bool is_zero(const char *at, size_t size)
{
	return strspn(at, "0") >= size;
}

bool trace_parse(const char *header, char ret_id[TRACE_ID_SIZE])
{
	ret_id[0] = '\0';
	if (!header || strlen(header) < END || header[TRACE - 1] != '-' ||
	    header[PARENT - 1] != '-' || header[FLAGS - 1] != '-')
		return false;
	if (!is_hex(header, 2) || !is_hex(header + TRACE, 32) || !is_hex(header + PARENT, 16) ||
	    !is_hex(header + FLAGS, 2) || !strncmp(header, "ff", 2))
		return false;
	if (is_zero(header + TRACE, 32) || is_zero(header + PARENT, 16))
		return false;
	if (header[END] && (is_zero(header, 2) || header[END] != '-'))
		return false;
	memcpy(ret_id, header + TRACE, TRACE_ID_SIZE - 1);
	ret_id[TRACE_ID_SIZE - 1] = '\0';
	return true;
}

/* Never all zero, which would be no id; 16 digits at a time. */
static void make_id(char *ret, size_t digits)
{
	uint64_t bits;

	for (size_t i = 0; i < digits; i += 16) {
		if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
			abort();
		snprintf(ret + i, 17, "%016llx", (unsigned long long)bits | 1);
	}
}

void trace_begin(const char *header, struct trace *ret_trace)
{
	strcpy(ret_trace->flags, "00");
	if (trace_parse(header, ret_trace->id))
		memcpy(ret_trace->flags, header + FLAGS, 2);
	else
		make_id(ret_trace->id, TRACE_ID_SIZE - 1);
	make_id(ret_trace->span, sizeof(ret_trace->span) - 1);
}

const char *trace_format(const struct trace *trace, char text[TRACE_PARENT_SIZE])
{
	snprintf(text, TRACE_PARENT_SIZE, "00-%s-%s-%s", trace->id, trace->span, trace->flags);
	return text;
}
