/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * split.h - lines and words of a text.
 */
#ifndef SLUICECTL_SPLIT_H
#define SLUICECTL_SPLIT_H

#include "import/source.h"

struct line {
	const char *text; /* without the line feed */
	size_t size;
	unsigned number;
};

/* Begins with {.text = TEXT}; false: there are no more. */
bool line_next(struct line *line);

/* Where the blanks, or the word, end. */
const char *skip_blanks(const char *text, const char *end);
const char *skip_word(const char *text, const char *end);

#endif
