/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/number.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS	   "0123456789"
#define NUMBER_MAX (1ull << 53)

/* At most 16 digits, so nothing overflows and 2^53 fits. */
static size_t digits(const char *text, uint64_t *ret_value)
{
	size_t count = strspn(text, DIGITS);

	if (!count || count > 16)
		return 0;
	*ret_value = strtoull(text, NULL, 10);
	return count;
}

bool number_parse(const char *text, uint64_t *ret_number)
{
	uint64_t value;
	size_t count = digits(text, &value);

	if (!count || text[count] || !value || value > NUMBER_MAX)
		return false;
	*ret_number = value;
	return true;
}

bool number_parse_duration(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *word;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	uint64_t value;
	size_t count = digits(text, &value);

	for (size_t i = 0; count && i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(text + count, units[i].word) && value && value <= 1000000) {
			*ret_ms = value * units[i].ms;
			return true;
		}
	return false;
}

/* The decimals as thousandths. */
static size_t decimals(const char *text, uint64_t *ret_value)
{
	size_t count = strspn(text, DIGITS);
	uint64_t value = 0;

	if (!count || count > 3)
		return 0;
	for (size_t i = 0; i < 3; i++)
		value = value * 10 + (i < count ? text[i] - '0' : 0);
	*ret_value = value;
	return count;
}

bool number_parse_share(const char *text, uint32_t *ret_ppm)
{
	uint64_t whole, part = 0;
	size_t at = digits(text, &whole), more;

	if (!at || whole > 100)
		return false;
	if (text[at] == '.') {
		more = decimals(text + at + 1, &part);
		if (!more)
			return false;
		at += 1 + more;
	}
	if (text[at] == '%')
		at++;
	if (text[at] || (whole == 100 && part))
		return false;
	*ret_ppm = whole * 10000 + part * 10;
	return true;
}
