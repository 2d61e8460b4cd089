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
	bool item; /* the next line begins an item of a list */
};

static void write_object(struct writer *writer, const struct schema *schema, const void *object,
			 unsigned indent);

/* Letters and digits, and what can't mean anything else between them, need no quotes. */
static bool is_plain(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/";
	size_t length = strspn(text, first);

	if (!length || !strcmp(text, "null"))
		return false;
	for (; text[length]; length++)
		if (!strchr(first, text[length]) && !strchr("_.-", text[length]))
			return false;
	return true;
}

static void write_text(FILE *out, const char *text)
{
	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void write_key(struct writer *writer, const char *key, unsigned indent)
{
	if (writer->item)
		fprintf(writer->out, "%*s- ", indent - INDENT, "");
	else
		fprintf(writer->out, "%*s", indent, "");
	writer->item = false;
	write_text(writer->out, key);
	putc(':', writer->out);
}

static void write_value(struct writer *writer, const struct field *field, const void *object,
			unsigned indent)
{
	_cleanup_free_ char *text = field->type->format(field, writer->config, object);

	if (!text)
		return;
	write_key(writer, field->key, indent);
	putc(' ', writer->out);
	write_text(writer->out, text);
	putc('\n', writer->out);
}

static void write_element(struct writer *writer, const struct field *field, const char *element,
			  unsigned indent)
{
	if (field->holds == FIELD_LIST) {
		writer->item = true;
	} else {
		write_key(writer, field_at(field->object->key, element), indent);
		putc('\n', writer->out);
	}
	write_object(writer, field->object, element, indent + INDENT);
}

static void write_several(struct writer *writer, const struct field *field, const void *object,
			  unsigned indent)
{
	size_t count = field_count(field, object);

	if (!count)
		return;
	write_key(writer, field->key, indent);
	putc('\n', writer->out);
	for (size_t i = 0; i < count; i++)
		write_element(writer, field,
			      field_elements(field, object) + i * field->object->size, indent + INDENT);
}

static void write_object(struct writer *writer, const struct schema *schema, const void *object,
			 unsigned indent)
{
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];

		if (!field_applies(field, object))
			continue;
		if (field->holds == FIELD_VALUE) {
			write_value(writer, field, object, indent);
		} else if (field->holds == FIELD_OBJECT) {
			write_key(writer, field->key, indent);
			putc('\n', writer->out);
			write_object(writer, field->object, field_at(field, object), indent + INDENT);
		} else {
			write_several(writer, field, object, indent);
		}
	}
}

char *config_write(const struct config *config)
{
	struct writer writer = {.config = config};
	char *text = NULL;
	size_t size;

	writer.out = open_memstream(&text, &size);
	if (!writer.out)
		sl_out_of_memory();
	write_object(&writer, &schema_file, config, 0);
	if (fclose(writer.out))
		sl_out_of_memory();
	return text;
}
