/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duration.h"

#include <stdlib.h>
#include <string.h>

bool duration_parse(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || value == 0 || value > 1000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(end, units[i].unit)) {
			*ret_ms = value * units[i].ms;
			return true;
		}
	return false;
}
