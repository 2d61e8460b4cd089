/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int fail(enum sluice_exit status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("sluicectl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

static void *or_exit(void *memory)
{
	if (!memory)
		exit(fail(SLUICE_EXIT_FAILURE, "out of memory"));
	return memory;
}

char *text_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return or_exit(text);
}

void *grow(void *old, size_t size)
{
	return or_exit(realloc(old, size));
}

void fail_freep(void *pointer)
{
	free(*(void **)pointer);
}
