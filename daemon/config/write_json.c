/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/write.h"

#include "base/memory.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#define INDENT 2

struct writer {
	FILE *out;
	const struct config *config;
	unsigned depth;
	bool follows; /* something stands before it in the same object or list */
};

static void write_object(struct writer *writer, const struct schema *schema, const void *object);

/* No control characters: the reader refuses them. */
static void write_text(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void next_line(struct writer *writer)
{
	fprintf(writer->out, "\n%*s", writer->depth * INDENT, "");
}

/* NULL: an item of a list. */
static void begin_member(struct writer *writer, const char *key)
{
	if (writer->follows)
		putc(',', writer->out);
	next_line(writer);
	writer->follows = true;
	if (!key)
		return;
	write_text(writer->out, key);
	fputs(": ", writer->out);
}

static void open_group(struct writer *writer, char bracket)
{
	putc(bracket, writer->out);
	writer->depth++;
	writer->follows = false;
}

static void close_group(struct writer *writer, char bracket)
{
	writer->depth--;
	if (writer->follows)
		next_line(writer);
	putc(bracket, writer->out);
	writer->follows = true;
}

/* By the key's type, not by the value: a name of digits is a text, as other names are. */
static bool is_number(const struct field *field, const char *text)
{
	return (field->type == &type_number || field->type == &type_port) &&
	       !text[strspn(text, "0123456789")];
}

static void write_value(struct writer *writer, const struct field *field, const void *object)
{
	_cleanup_free_ char *text = field->type->format(field, writer->config, object);

	if (!text)
		return;
	begin_member(writer, field->key);
	if (is_number(field, text))
		fputs(text, writer->out);
	else
		write_text(writer->out, text);
}

static void write_several(struct writer *writer, const struct field *field, const void *object)
{
	bool is_map = field->holds == FIELD_MAP;
	size_t count = field_count(field, object);

	if (!count)
		return;
	begin_member(writer, field->key);
	open_group(writer, is_map ? '{' : '[');
	for (size_t i = 0; i < count; i++) {
		const char *element = field_elements(field, object) + i * field->object->size;

		begin_member(writer, is_map ? field_at(field->object->key, element) : NULL);
		write_object(writer, field->object, element);
	}
	close_group(writer, is_map ? '}' : ']');
}

static void write_object(struct writer *writer, const struct schema *schema, const void *object)
{
	open_group(writer, '{');
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];

		if (!field_applies(field, object))
			continue;
		if (field->holds == FIELD_VALUE) {
			write_value(writer, field, object);
		} else if (field->holds == FIELD_OBJECT) {
			begin_member(writer, field->key);
			write_object(writer, field->object, field_at(field, object));
		} else {
			write_several(writer, field, object);
		}
	}
	close_group(writer, '}');
}

char *config_write_json(const struct config *config)
{
	struct writer writer = {.config = config};
	char *text = NULL;
	size_t size;

	writer.out = open_memstream(&text, &size);
	if (!writer.out)
		sl_out_of_memory();
	write_object(&writer, &schema_file, config);
	putc('\n', writer.out);
	if (fclose(writer.out))
		sl_out_of_memory();
	return text;
}
