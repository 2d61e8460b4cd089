/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/type.h"

#include "base/memory.h"
#include "base/reference.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

static bool fits(const struct field *field, const char *text)
{
	size_t length = strlen(text);

	return length && length <= field->max;
}

static bool is_printable(const char *text, char first)
{
	for (; *text; text++)
		if (*text < first || *text > '~')
			return false;
	return true;
}

/* ---- text in the object's own memory --------------------------------------------------------- */

static char *array_format(const struct field *field, const struct config *config,
			  const void *object)
{
	return sl_strdup(field_at(field, object));
}

static bool name_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	if (!fits(field, text) || text[strspn(text, LETTERS DIGITS "_.:-")])
		return false;
	strcpy(field_at(field, object), text);
	return true;
}

static char *name_expects(const struct field *field)
{
	return sl_printf("%s (1 to %lu letters, digits, _ . : -)", field->noun, field->max);
}

const struct type type_name = {name_parse, array_format, name_expects, NULL, false};

/* What the kernel accepts, of ASCII. */
static bool interface_parse(const struct field *field, struct scope *scope, const char *text,
			    void *object)
{
	if (!fits(field, text) || !is_printable(text, '!') || strpbrk(text, "/:") ||
	    !strcmp(text, ".") || !strcmp(text, ".."))
		return false;
	strcpy(field_at(field, object), text);
	return true;
}

static char *interface_expects(const struct field *field)
{
	return sl_printf("%s (at most %lu characters, no / or :)", field->noun, field->max);
}

const struct type type_interface = {interface_parse, array_format, interface_expects, NULL, false};

/* ---- owned strings --------------------------------------------------------------------------- */

static bool string_store(const struct field *field, const char *text, void *object)
{
	char **member = field_at(field, object);

	free(*member);
	*member = sl_strdup(text);
	return true;
}

static char *string_format(const struct field *field, const struct config *config,
			   const void *object)
{
	const char *text = *(char **)field_at(field, object);

	return text ? sl_strdup(text) : NULL;
}

static bool file_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	return fits(field, text) && text[0] == '/' && is_printable(text, ' ') &&
	       string_store(field, text, object);
}

static char *file_expects(const struct field *field)
{
	return sl_printf("%s (begins with /, at most %lu ASCII characters)", field->noun,
			 field->max);
}

const struct type type_file = {file_parse, string_format, file_expects, NULL, false};

/* Path and host are written into requests: a space or a line break would begin something else. */
static bool path_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	return fits(field, text) && text[0] == '/' && is_printable(text, '!') &&
	       !strchr(text, '#') && string_store(field, text, object);
}

static char *path_expects(const struct field *field)
{
	return sl_printf("%s (begins with /, no spaces, no #, at most %lu ASCII characters)",
			 field->noun, field->max);
}

const struct type type_path = {path_parse, string_format, path_expects, NULL, false};

static bool host_parse(const struct field *field, struct scope *scope, const char *text,
		       void *object)
{
	return fits(field, text) && !text[strspn(text, LETTERS DIGITS "_.:-[]")] &&
	       string_store(field, text, object);
}

static char *host_expects(const struct field *field)
{
	return sl_printf("%s (at most %lu letters, digits, _ . : - [ ])", field->noun, field->max);
}

const struct type type_host = {host_parse, string_format, host_expects, NULL, false};

/* A secret itself would be shown by `show config`, and kept in the history. */
static bool secret_parse(const struct field *field, struct scope *scope, const char *text,
			 void *object)
{
	return fits(field, text) && reference_is_good(text) && string_store(field, text, object);
}

static char *secret_expects(const struct field *field)
{
	return sl_printf("%s by where it stands (${env:NAME} or file:/PATH, at most %lu "
			 "characters)",
			 field->noun, field->max);
}

const struct type type_secret = {secret_parse, string_format, secret_expects, NULL, true};
