/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/trace.h"

#include <stddef.h>
#include <string.h>

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
