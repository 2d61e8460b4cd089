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

/* Names of users and groups as login(1) takes them, or their numbers. */
static bool principal_parse(const struct field *field, struct scope *scope, const char *text,
			    void *object)
{
	const char *colon = strchr(text, ':');

	if (!fits(field, text) || !colon || !colon[1] ||
	    colon[1 + strspn(colon + 1, LETTERS DIGITS "_.-")] ||
	    (strncmp(text, "user:", 5) && strncmp(text, "group:", 6)))
		return false;
	strcpy(field_at(field, object), text);
	return true;
}

static char *principal_expects(const struct field *field)
{
	return sl_printf("%s (user:NAME or group:NAME)", field->noun);
}

const struct type type_principal = {principal_parse, array_format, principal_expects, NULL, false};

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

static bool file_or_none_parse(const struct field *field, struct scope *scope, const char *text,
			       void *object)
{
	if (strcmp(text, "none"))
		return file_parse(field, scope, text, object);
	sl_freep(field_at(field, object));
	*(char **)field_at(field, object) = NULL;
	return true;
}

static char *file_or_none_format(const struct field *field, const struct config *config,
				 const void *object)
{
	char *text = string_format(field, config, object);

	return text ? text : sl_strdup("none");
}

static char *file_or_none_expects(const struct field *field)
{
	return sl_printf("%s (begins with /, at most %lu ASCII characters, or none)", field->noun,
			 field->max);
}

const struct type type_file_or_none = {file_or_none_parse, file_or_none_format,
				       file_or_none_expects, NULL, false};

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
