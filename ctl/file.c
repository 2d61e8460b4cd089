/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include "fail.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int file_read(const char *path, char **ret_text, size_t *ret_size)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = grow(NULL, FILE_MAX + 1);
	size_t size = in ? fread(text, 1, FILE_MAX + 1, in) : 0;
	bool failed = !in || ferror(in);
	int code = errno;

	if (in && in != stdin)
		fclose(in);
	if (!failed && size <= FILE_MAX) {
		text[size] = '\0';
		*ret_text = text;
		*ret_size = size;
		return SLUICE_EXIT_OK;
	}
	free(text);
	if (!failed)
		return fail(SLUICE_EXIT_CONFIG, "%s: larger than 8 MiB", path);
	return fail(code == EACCES ? SLUICE_EXIT_PERMISSION : SLUICE_EXIT_FAILURE, "%s: %s", path,
		    strerror(code));
}
