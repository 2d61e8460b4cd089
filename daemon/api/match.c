/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/match.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t"

bool match_generation(const char *header, uint64_t generation)
{
	char tag[32];
	size_t size;

	if (!header || !strcmp(header, "*"))
		return true;
	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)generation);
	for (const char *at = header; *at; at += strspn(at, ",")) {
		at += strspn(at, BLANKS);
		size = strcspn(at, "," BLANKS);
		if (size == strlen(tag) && !strncmp(at, tag, size))
			return true;
		at += size;
		at += strspn(at, BLANKS);
		if (*at && *at != ',')
			return false;
	}
	return false;
}
