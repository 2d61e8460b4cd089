/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/type.h"

#include "base/memory.h"
#include "config/schema.h"

#include <string.h>

void type_store(void *member, size_t size, uint64_t value)
{
	if (size == 1)
		*(uint8_t *)member = value;
	else if (size == 2)
		*(uint16_t *)member = value;
	else
		*(uint32_t *)member = value;
}

uint64_t type_load(const void *member, size_t size)
{
	if (size == 1)
		return *(const uint8_t *)member;
	if (size == 2)
		return *(const uint16_t *)member;
	return *(const uint32_t *)member;
}

/* "010" is ten to one reader and eight to another: it is neither here. */
bool type_parse_decimal(const char *text, size_t length, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!length || length > 18 || (text[0] == '0' && length > 1))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return true;
}

static bool store_within(const struct field *field, uint64_t value, void *object)
{
	if (value < field->min || value > field->max)
		return false;
	type_store(field_at(field, object), field->size, value);
	return true;
}

/* ---- number ---------------------------------------------------------------------------------- */

static bool number_parse(const struct field *field, struct scope *scope, const char *text,
			 void *object)
{
	uint64_t value;

	return type_parse_decimal(text, strlen(text), &value) && store_within(field, value, object);
}

static char *number_format(const struct field *field, const struct config *config,
			   const void *object)
{
	return sl_printf("%lu", type_load(field_at(field, object), field->size));
}

static char *number_expects(const struct field *field)
{
	return sl_printf("%s (%lu to %lu)", field->noun, field->min, field->max);
}

const struct type type_number = {number_parse, number_format, number_expects, NULL, false};

/* ---- port, or any ---------------------------------------------------------------------------- */

static bool port_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	if (strcmp(text, "any"))
		return number_parse(field, scope, text, object);
	type_store(field_at(field, object), field->size, 0);
	return true;
}

static char *port_format(const struct field *field, const struct config *config, const void *object)
{
	return type_load(field_at(field, object), field->size)
		       ? number_format(field, config, object)
		       : sl_strdup("any");
}

static char *port_expects(const struct field *field)
{
	return sl_printf("%s (%lu to %lu, or any)", field->noun, field->min, field->max);
}

const struct type type_port = {port_parse, port_format, port_expects, NULL, false};

/* ---- duration -------------------------------------------------------------------------------- */

/* From the largest: format takes the first that leaves no rest. */
static const struct {
	const char *name;
	uint64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

bool type_parse_duration(const char *text, uint64_t max_ms, uint64_t *ret_ms)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < sl_count(units); i++) {
		if (strcmp(text + digits, units[i].name))
			continue;
		if (!type_parse_decimal(text, digits, &number) || number > max_ms / units[i].ms)
			return false;
		*ret_ms = number * units[i].ms;
		return true;
	}
	return false;
}

static bool duration_parse(const struct field *field, struct scope *scope, const char *text,
			   void *object)
{
	uint64_t ms;

	return type_parse_duration(text, field->max, &ms) && store_within(field, ms, object);
}

char *type_duration_text(uint64_t ms)
{
	size_t i = 0;

	if (!ms)
		return sl_strdup("0s");
	while (ms % units[i].ms)
		i++;
	return sl_printf("%lu%s", ms / units[i].ms, units[i].name);
}

static char *duration_format(const struct field *field, const struct config *config,
			     const void *object)
{
	return type_duration_text(type_load(field_at(field, object), field->size));
}

static char *duration_expects(const struct field *field)
{
	_cleanup_free_ char *min = type_duration_text(field->min),
			    *max = type_duration_text(field->max);

	return sl_printf("%s (%s to %s)", field->noun, min, max);
}

const struct type type_duration = {duration_parse, duration_format, duration_expects, NULL, false};

/* ---- a range of HTTP statuses ---------------------------------------------------------------- */

static bool statuses_parse(const struct field *field, struct scope *scope, const char *text,
			   void *object)
{
	size_t length = strcspn(text, "-");
	const char *last_text = text[length] ? text + length + 1 : text;
	uint64_t first, last;

	if (!type_parse_decimal(text, length, &first) ||
	    !type_parse_decimal(last_text, strlen(last_text), &last))
		return false;
	if (first < field->min || last > field->max || first > last)
		return false;
	type_store(field_at(field, object), field->size, first);
	type_store((char *)object + field->second, field->size, last);
	return true;
}

static char *statuses_format(const struct field *field, const struct config *config,
			     const void *object)
{
	uint64_t first = type_load(field_at(field, object), field->size);
	uint64_t last = type_load((const char *)object + field->second, field->size);

	return first == last ? sl_printf("%lu", first) : sl_printf("%lu-%lu", first, last);
}

static char *statuses_expects(const struct field *field)
{
	return sl_printf("%s (%lu to %lu, or a range such as 200-299)", field->noun, field->min,
			 field->max);
}

const struct type type_statuses = {statuses_parse, statuses_format, statuses_expects, NULL, false};
