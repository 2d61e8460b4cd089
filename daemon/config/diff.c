/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/diff.h"

#include "base/memory.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

/* One side of a comparison: an object, or NULL where this side has none, and the config it is in. */
struct side {
	const struct config *config;
	const void *object;
};

struct differ {
	struct config_changes *changes;
	bool restart; /* of the section that is being compared */
};

static void diff_object(struct differ *differ, const char *path, const struct schema *schema,
			struct side a, struct side b);

static struct side with(struct side side, const void *object)
{
	return (struct side){side.config, object};
}

/* Takes before and after. */
static void add(struct differ *differ, const char *path, char *before, char *after)
{
	struct config_changes *changes = differ->changes;

	if (!(changes->count & (changes->count - 1))) /* full at 0 and at each power of two */
		changes->list = sl_realloc_array(changes->list, changes->count ? changes->count * 2 : 1,
						 sizeof(*changes->list));
	changes->list[changes->count++] = (struct config_change){
		.kind = !before ? CONFIG_ADDED : !after ? CONFIG_REMOVED : CONFIG_CHANGED,
		.path = sl_strdup(path),
		.before = before,
		.after = after,
		.restart = differ->restart,
	};
}

static char *format(const struct field *field, struct side side)
{
	if (!side.object || !field_applies(field, side.object))
		return NULL;
	return field->type->format(field, side.config, side.object);
}

static void diff_value(struct differ *differ, const char *path, const struct field *field,
		       struct side a, struct side b)
{
	char *before = format(field, a), *after = format(field, b);

	if (before && after ? strcmp(before, after) : before || after) {
		add(differ, path, before, after);
	} else {
		free(before);
		free(after);
	}
}

/* ---- maps and lists ---------------------------------------------------------------------------- */

/* "address 10.0.0.13, weight 100", with the values of objects within. */
static void print_values(FILE *out, const char *prefix, const struct schema *schema,
			 struct side side)
{
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];
		_cleanup_free_ char *text = NULL;

		if (field->holds == FIELD_OBJECT) {
			_cleanup_free_ char *inner = sl_printf("%s%s.", prefix, field->key);

			print_values(out, inner, field->object,
				     with(side, field_at(field, side.object)));
		} else if (field->holds == FIELD_VALUE && field != schema->key) {
			text = format(field, side);
		}
		if (text)
			fprintf(out, "%s%s%s %s", ftell(out) ? ", " : "", prefix, field->key, text);
	}
}

/* NULL where there is no object. */
static char *values_text(const struct schema *schema, struct side side)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!side.object)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		sl_out_of_memory();
	print_values(out, "", schema, side);
	if (fclose(out))
		sl_out_of_memory();
	return text;
}

/* Elements begin with their names. */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sort_by_name(const struct field *field, const void *object, size_t count)
{
	const char **sorted = sl_calloc(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = field_elements(field, object) + i * field->object->size;
	qsort(sorted, count, sizeof(*sorted), compare_names);
	return sorted;
}

static void diff_several(struct differ *differ, const char *path, const struct field *field,
			 struct side a, struct side b);

/* Of one side only: one change, and one for each object that it holds in its turn. */
static void diff_lone(struct differ *differ, const char *path, const struct schema *schema,
		      struct side a, struct side b)
{
	add(differ, path, values_text(schema, a), values_text(schema, b));
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];
		_cleanup_free_ char *inner = sl_printf("%s.%s", path, field->key);

		if (field->holds == FIELD_MAP || field->holds == FIELD_LIST)
			diff_several(differ, inner, field, a, b);
	}
}

static void diff_element(struct differ *differ, const char *path, const struct schema *schema,
			 struct side a, struct side b)
{
	_cleanup_free_ char *inner = sl_printf("%s.%s", path,
					       (const char *)(a.object ? a.object : b.object));

	if (a.object && b.object)
		diff_object(differ, inner, schema, a, b);
	else
		diff_lone(differ, inner, schema, a, b);
}

/* Merges the two sides' elements in the order of their names. */
static void diff_several(struct differ *differ, const char *path, const struct field *field,
			 struct side a, struct side b)
{
	size_t a_left = a.object ? field_count(field, a.object) : 0;
	size_t b_left = b.object ? field_count(field, b.object) : 0;
	_cleanup_free_ const char **a_sorted = sort_by_name(field, a.object, a_left);
	_cleanup_free_ const char **b_sorted = sort_by_name(field, b.object, b_left);
	const char **x = a_sorted, **y = b_sorted;

	while (a_left || b_left) {
		int order = !a_left ? 1 : !b_left ? -1 : strcmp(*x, *y);

		diff_element(differ, path, field->object, with(a, order <= 0 ? *x : NULL),
			     with(b, order >= 0 ? *y : NULL));
		if (order <= 0)
			x++, a_left--;
		if (order >= 0)
			y++, b_left--;
	}
}

/* ---- objects ----------------------------------------------------------------------------------- */

static void diff_field(struct differ *differ, const char *path, const struct field *field,
		       struct side a, struct side b)
{
	if (field->holds == FIELD_VALUE)
		diff_value(differ, path, field, a, b);
	else if (field->holds == FIELD_OBJECT)
		diff_object(differ, path, field->object,
			    with(a, a.object ? field_at(field, a.object) : NULL),
			    with(b, b.object ? field_at(field, b.object) : NULL));
	else
		diff_several(differ, path, field, a, b);
}

static void diff_object(struct differ *differ, const char *path, const struct schema *schema,
			struct side a, struct side b)
{
	bool outer = differ->restart;

	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];
		_cleanup_free_ char *inner = sl_printf("%s%s%s", path, *path ? "." : "", field->key);

		differ->restart = outer || field->restart;
		diff_field(differ, inner, field, a, b);
	}
	differ->restart = outer;
}

void config_diff(const struct config *a, const struct config *b, struct config_changes *ret_changes)
{
	struct config_changes changes = {0};
	struct differ differ = {.changes = &changes};

	diff_object(&differ, "", &schema_file, (struct side){a, a}, (struct side){b, b});
	*ret_changes = changes;
}

void config_changes_deinit(struct config_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->list[i].path);
		free(changes->list[i].before);
		free(changes->list[i].after);
	}
	free(changes->list);
	*changes = (struct config_changes){0};
}
