/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/split.h"

#include <string.h>

bool line_next(struct line *line)
{
	const char *next = line->text;

	if (line->number) {
		next += line->size;
		if (*next)
			next++;
	}
	if (!*next)
		return false;
	line->text = next;
	line->size = strcspn(next, "\n");
	line->number++;
	return true;
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\v' ||
	       letter == '\f';
}

const char *skip_blanks(const char *text, const char *end)
{
	while (text < end && is_blank(*text))
		text++;
	return text;
}

const char *skip_word(const char *text, const char *end)
{
	while (text < end && !is_blank(*text))
		text++;
	return text;
}
