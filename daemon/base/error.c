/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_errors_deinit(struct sl_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		free(errors->list[i].where);
		free(errors->list[i].what);
	}
	free(errors->list);
	memset(errors, 0, sizeof(*errors));
}

static void add(struct sl_errors *errors, const char *where, const char *format, va_list args)
{
	struct sl_error *error;

	if (errors->count == SL_ERRORS_MAX) {
		errors->dropped++;
		return;
	}
	errors->list = sl_realloc_array(errors->list, errors->count + 1, sizeof(*errors->list));
	error = &errors->list[errors->count++];
	error->where = sl_strdup(where);
	error->what = sl_vprintf(format, args);
}

int sl_fail(struct sl_errors *errors, int code, const char *where, const char *format, ...)
{
	va_list args;

	if (errors) {
		va_start(args, format);
		add(errors, where, format, args);
		va_end(args);
	}
	return -code;
}

char *sl_errors_text(const struct sl_errors *errors)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		sl_out_of_memory();
	for (size_t i = 0; i < errors->count; i++)
		fprintf(out, "%s: %s\n", errors->list[i].where, errors->list[i].what);
	if (errors->dropped)
		fprintf(out, "and %zu more\n", errors->dropped);
	if (fclose(out))
		sl_out_of_memory();
	return text;
}
