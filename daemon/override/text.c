// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words on backends, for people.
 */
#include "override/internal.h"

#include "base/memory.h"

#include <time.h>

static char *time_of(uint64_t ms, char text[32])
{
	time_t seconds = ms / 1000;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return text;
}

char *override_said(const struct override *word)
{
	return word->admin[0] ? sl_strdup(word->admin) : sl_printf("weight %d", word->weight);
}

char *override_describe(const struct override *word)
{
	_cleanup_free_ char *what = override_said(word);
	char until[32];

	return sl_printf("%s%s%s%s%s%s", what, word->until_ms ? " until " : "",
			 word->until_ms ? time_of(word->until_ms, until) : "",
			 word->reason[0] ? " (" : "", word->reason, word->reason[0] ? ")" : "");
}
