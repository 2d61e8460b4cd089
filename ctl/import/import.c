/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/import.h"

#include <string.h>

static unsigned count_lines(const char *text, const char *end)
{
	unsigned lines = 1;

	for (; text < end; text++)
		lines += *text == '\n';
	return lines;
}

int import_run(const struct import_format *format, struct imported *imported,
	       const struct import_input *input, struct import_error *error)
{
	const char *nul = memchr(input->text, '\0', input->size);

	if (input->size > IMPORT_SIZE_MAX)
		return import_fail(error, 0, "larger than 8 MiB");
	if (nul)
		return import_fail(error, count_lines(input->text, nul),
				   "a NUL byte: this is no text");
	if (format->read(imported, input, error))
		return -1;
	source_report(&imported->arena, &imported->notes, &imported->source, format->reasons);
	return 0;
}
