/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/time_text.h"

#include <time.h>

json_t *time_text(uint64_t seconds)
{
	time_t time = seconds;
	struct tm utc;
	char text[32];

	if (!seconds)
		return json_null();
	gmtime_r(&time, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

json_t *time_text_ms(uint64_t ms)
{
	return time_text(ms / 1000);
}

json_t *time_text_exact(uint64_t ms)
{
	time_t time = ms / 1000;
	struct tm utc;
	char text[32];

	gmtime_r(&time, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_sprintf("%s.%03uZ", text, (unsigned)(ms % 1000));
}
