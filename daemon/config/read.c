/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/read.h"

#include "base/memory.h"
#include "config/object.h"
#include "config/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- values ---------------------------------------------------------------------------------- */

static void refuse_value(struct object *object, const struct field *field, const char *text)
{
	_cleanup_free_ char *expected = field->type->expects(field);
	const char *meant = NULL;

	if (field->type->suggest)
		meant = field->type->suggest(field, &object->reader->scope, text);
	object_complain(object, field->key, "%.64s is not %s%s%s%s",
			field->type->hidden ? "what stands here" : text, expected,
			meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static void parse_value(struct object *object, const struct field *field, struct node *node)
{
	_cleanup_free_ char *expected = NULL;

	if (node->bad)
		return;
	if (node->kind == NODE_SCALAR && !node_is_null(node)) {
		if (!field->type->parse(field, &object->reader->scope, node->text, object->data))
			refuse_value(object, field, node->text[0] ? node->text : "\"\"");
		return;
	}
	expected = field->type->expects(field);
	object_complain(object, field->key, "needs a value: %s", expected);
}

static void set_default(struct object *object, const struct field *field)
{
	_cleanup_free_ char *expected = NULL;

	if (field->initial) {
		field->type->parse(field, &object->reader->scope, field->initial, object->data);
	} else if (!field->otherwise) {
		expected = field->type->expects(field);
		object_complain_at(object, object->at, "%s is missing: %s", field->key, expected);
	}
}

static void read_value(struct object *object, const struct field *field)
{
	struct node *node = object->node ? node_get(object->node, field->key) : NULL;

	if (!field_applies(field, object->data)) {
		if (node && object_is_sound(object, field->depends))
			object_complain(object, field->key, "is only %s", field->only);
	} else if (node) {
		parse_value(object, field, node);
	} else {
		set_default(object, field);
	}
}

/* ---- objects --------------------------------------------------------------------------------- */

static void read_key(struct object *element)
{
	const struct field *key = element->schema->key;
	_cleanup_free_ char *expected = NULL;

	if (key->type->parse(key, NULL, element->label, element->data))
		return;
	expected = key->type->expects(key);
	object_complain_at(element, element->at, "\"%.64s\" is not %s", element->label, expected);
}

static void read_elements(struct object *several, const struct field *field, size_t count)
{
	*(void **)several->data = sl_calloc(count, field->object->size);
	*(size_t *)((char *)several->parent->data + field->second) = count;
	for (size_t i = 0; i < count; i++) {
		struct object element = object_element(several, field, i);

		if (field->holds == FIELD_MAP)
			read_key(&element);
		object_read(&element);
	}
}

static void read_several(struct object *owner, const struct field *field)
{
	struct object several = object_child(owner, field);
	bool is_map = field->holds == FIELD_MAP;
	struct node *node = several.node;

	if (!node || node->bad || node_is_null(node))
		return;
	if (node->kind != (is_map ? NODE_MAPPING : NODE_SEQUENCE)) {
		object_complain(owner, field->key, "must be %s",
				is_map ? "a mapping of names to objects" : "a list");
		return;
	}
	read_elements(&several, field, is_map ? node->n_children / 2 : node->n_children);
}

static void read_field(struct object *object, const struct field *field)
{
	if (field->holds == FIELD_VALUE) {
		read_value(object, field);
	} else if (field->holds == FIELD_OBJECT) {
		struct object child = object_child(object, field);

		object_read(&child);
	} else {
		read_several(object, field);
	}
}

static void refuse_unknown_key(struct object *object, const struct node *key)
{
	const struct schema *schema = object->schema;
	struct suggestion suggestion;

	suggest_init(&suggestion, key->text);
	for (size_t i = 0; i < schema->n_fields; i++)
		suggest_offer(&suggestion, schema->fields[i].key);
	if (suggestion.best)
		object_complain_at(object, key->at, "no key %.64s here; did you mean %s?",
				   key->text, suggestion.best);
	else
		object_complain_at(object, key->at, "no key %.64s here", key->text);
}

/* Fields in the table's order: some decide what those behind them may be. */
void object_read(struct object *object)
{
	const struct schema *schema = object->schema;

	if (object->node && object->node->bad)
		return;
	if (object->node && node_is_null(object->node))
		object->node = NULL;
	if (object->node && object->node->kind != NODE_MAPPING) {
		object_complain_at(object, object->node->at, "must be a mapping of keys to values");
		object->node->bad = true;
		return;
	}
	for (size_t i = 0; object->node && i < object->node->n_children; i += 2)
		if (!schema_find(schema, object->node->child[i].text))
			refuse_unknown_key(object, &object->node->child[i]);
	for (size_t i = 0; i < schema->n_fields; i++)
		read_field(object, &schema->fields[i]);
	if (schema->check)
		schema->check(object);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void read_root(struct reader *reader, struct node *root)
{
	struct object file = {
		.reader = reader,
		.at = {1, 1},
		.node = root,
		.schema = &schema_file,
		.data = reader->config,
	};

	reader->scope.config = reader->config;
	object_read(&file);
	free(reader->scope.pools_by_name);
}

int config_read(const char *name, const char *text, size_t size, struct config **ret_config,
		struct sl_errors *errors)
{
	_cleanup_config_ struct config *config = sl_calloc(1, sizeof(*config));
	struct reader reader = {.config = config};
	struct node root;

	if (size > CONFIG_SIZE_MAX)
		return sl_fail(errors, EINVAL, name, "larger than %u MiB", CONFIG_SIZE_MAX >> 20);
	if (node_parse(text, size, &root, &reader.complaints)) {
		read_root(&reader, &root);
		node_deinit(&root);
	}
	if (complaints_deliver(&reader.complaints, name, errors))
		return -EINVAL;
	*ret_config = steal(&config);
	return 0;
}

/* One byte more than is allowed, so that config_read() sees that it is too much. */
static ssize_t read_all(int fd, char *text)
{
	size_t size = 0;
	ssize_t got;

	while (size <= CONFIG_SIZE_MAX) {
		got = read(fd, text + size, CONFIG_SIZE_MAX + 1 - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		size += got;
	}
	return size;
}

int config_read_file(const char *path, struct config **ret_config, struct sl_errors *errors)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return sl_fail(errors, errno, path, "can't be opened: %m");
	text = sl_calloc(1, CONFIG_SIZE_MAX + 1);
	size = read_all(fd, text);
	if (size < 0)
		return sl_fail(errors, -size, path, "can't be read: %s", strerror(-size));
	return config_read(path, text, size, ret_config, errors);
}
