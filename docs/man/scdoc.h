/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scdoc.h - text for scdoc(5), for the pages that are made of the programs' own tables.
 */
#ifndef SLUICE_MAN_SCDOC_H
#define SLUICE_MAN_SCDOC_H

#include <stdbool.h>
#include <stdio.h>

/* Plain text: nothing in it is markup. */
static inline void scdoc_plain(const char *text)
{
	for (; *text; text++) {
		if (*text == '_' || *text == '*' || *text == '\\' || *text == '#' || *text == '<' ||
		    *text == '~' || *text == '.')
			putchar('\\');
		putchar(*text);
	}
}

static inline void scdoc_bold(const char *text)
{
	putchar('*');
	scdoc_plain(text);
	putchar('*');
}

/* Help texts, in which `words` stand out. */
static inline void scdoc_text(const char *text)
{
	for (char one[2] = {0}; *text; text++) {
		one[0] = *text;
		if (*text == '`')
			putchar('*');
		else if (*text == '\n')
			putchar(' '); /* filled anew */
		else
			scdoc_plain(one);
	}
}

#endif
