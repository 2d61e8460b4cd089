/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void sl_out_of_memory(void)
{
	static const char message[] = "sluice: out of memory\n";

	(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
	abort();
}

void *sl_calloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		sl_out_of_memory();
	return memory;
}

void *sl_realloc_array(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		sl_out_of_memory();
	return memory;
}

char *sl_strdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		sl_out_of_memory();
	return copy;
}

char *sl_vprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		sl_out_of_memory();
	return text;
}

char *sl_printf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = sl_vprintf(format, args);
	va_end(args);
	return text;
}

void sl_freep(void *pointer)
{
	free(*(void **)pointer);
}

void sl_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void sl_fclosep(FILE *const *file)
{
	if (*file)
		fclose(*file);
}
