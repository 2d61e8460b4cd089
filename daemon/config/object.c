/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/object.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static struct node *get(const struct object *object, const char *key)
{
	if (!object->node || object->node->kind != NODE_MAPPING)
		return NULL;
	return node_get(object->node, key);
}

struct object object_child(const struct object *parent, const struct field *field)
{
	struct node *value = get(parent, field->key);

	return (struct object){
		.reader = parent->reader,
		.parent = parent,
		.label = field->key,
		.at = value ? value[-1].at : parent->at, /* a value stands behind its key */
		.node = value,
		.schema = field->holds == FIELD_OBJECT ? field->object : NULL,
		.data = field_at(field, parent->data),
	};
}

struct object object_element(const struct object *several, const struct field *field, size_t i)
{
	bool is_map = field->holds == FIELD_MAP;
	struct node *first = &several->node->child[is_map ? 2 * i : i];

	return (struct object){
		.reader = several->reader,
		.parent = several,
		.label = is_map ? first->text : NULL,
		.index = i,
		.at = first->at,
		.node = is_map ? first + 1 : first,
		.schema = field->object,
		.data = *(char **)several->data + i * field->object->size,
	};
}

bool object_has(const struct object *object, const char *key)
{
	return get(object, key);
}

bool object_is_sound(const struct object *object, const char *key)
{
	const struct field *field = schema_find(object->schema, key);
	const struct node *node = get(object, key);

	return node ? !node->bad : field->initial || field->otherwise;
}

static void print_path(FILE *out, const struct object *object)
{
	if (!object->parent)
		return;
	print_path(out, object->parent);
	if (!object->label)
		fprintf(out, "[%zu]", object->index);
	else
		fprintf(out, "%s%.64s", object->parent->parent ? "." : "", object->label);
}

/* "pools.web.check.port: "; nothing at the top. */
static char *path_text(const struct object *object, const char *key)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		sl_out_of_memory();
	print_path(out, object);
	if (key)
		fprintf(out, "%s%.64s", object->parent ? "." : "", key);
	if (object->parent || key)
		fputs(": ", out);
	if (fclose(out))
		sl_out_of_memory();
	return text;
}

static void complain_of(const struct object *object, const char *key, struct position at,
			const char *format, va_list args)
{
	_cleanup_free_ char *path = path_text(object, key);
	_cleanup_free_ char *what = sl_vprintf(format, args);

	complain(&object->reader->complaints, at, "%s%s", path, what);
}

void object_complain(const struct object *object, const char *key, const char *format, ...)
{
	struct node *node = get(object, key);
	va_list args;

	if (node)
		node->bad = true;
	va_start(args, format);
	complain_of(object, key, node ? node->at : object->at, format, args);
	va_end(args);
}

void object_complain_at(const struct object *object, struct position at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_of(object, NULL, at, format, args);
	va_end(args);
}
