/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of keys in docs/configuration.md are those that the daemon reads by, and every example
 * in them is accepted. UPDATE_GOLDENS=1 writes the tables anew.
 */
#include "base/memory.h"
#include "config/read.h"
#include "config/schema.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	   "docs/configuration.md"
#define PLACE_SIZE 128

static char *slurp(const char *path)
{
	_cleanup_file_ FILE *in = fopen(path, "r");
	char *text = sl_calloc(1, 1 << 18);

	cr_assert(in, "%s: can't be opened; run at the top of the tree", path);
	cr_assert_lt(fread(text, 1, (1 << 18) - 1, in), (1 << 18) - 1);
	return text;
}

/* ---- one table ------------------------------------------------------------------------------- */

static void print_default(FILE *out, const struct field *field)
{
	if (field->initial)
		fprintf(out, "`%s`", field->initial);
	else
		fputs(field->otherwise ? field->otherwise : "*required*", out);
}

static void print_value_row(FILE *out, const struct field *field)
{
	_cleanup_free_ char *expected = field->type->expects(field);

	fprintf(out, "| `%s` | %s | ", field->key, expected);
	print_default(out, field);
	fprintf(out, " | `%s` | %s%s%s |\n", field->example, field->help,
		field->only ? "; only " : "", field->only ? field->only : "");
}

static void print_row(FILE *out, const struct field *field)
{
	static const char *const held[] = {
		[FIELD_OBJECT] = "keys, see below",
		[FIELD_MAP] = "objects by name, see below",
		[FIELD_LIST] = "a list, see below",
	};

	if (field->holds == FIELD_VALUE)
		print_value_row(out, field);
	else
		fprintf(out, "| `%s` | %s | | | %s |\n", field->key, held[field->holds],
			field->help);
}

static void print_table(FILE *out, const struct schema *schema)
{
	fputs("| key | value | default | example | meaning |\n| --- | --- | --- | --- | --- |\n",
	      out);
	if (schema->key && schema->key != schema->fields)
		print_value_row(out, schema->key);
	for (size_t i = 0; i < schema->n_fields; i++)
		print_row(out, &schema->fields[i]);
}

/* ---- all of them, each between its marks in the page ----------------------------------------- */

static char *with_table(const char *page, const char *place, const struct schema *schema)
{
	_cleanup_free_ char *begin = sl_printf("<!-- keys of %s -->\n", place);
	static const char end[] = "<!-- end -->\n";
	char *at = strstr(page, begin), *rest, *text = NULL;
	size_t size;
	FILE *out;

	cr_assert(at, PAGE " has no place for the keys of %s", place);
	at += strlen(begin);
	rest = strstr(at, end);
	cr_assert(rest, PAGE ": the keys of %s have no end", place);
	out = open_memstream(&text, &size);
	fwrite(page, 1, at - page, out);
	print_table(out, schema);
	fputs(rest, out);
	fclose(out);
	return text;
}

/* Takes the page and gives another. */
static char *with_tables(char *page, const char *place, const struct schema *schema)
{
	static const char *const suffix[] = {
		[FIELD_OBJECT] = "", [FIELD_MAP] = ".NAME", [FIELD_LIST] = "[]"};
	char *old = page;

	page = with_table(old, place[0] ? place : "the file", schema);
	free(old);
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];
		char inner[PLACE_SIZE];

		if (field->holds == FIELD_VALUE)
			continue;
		snprintf(inner, sizeof(inner), "%s%s%s%s", place, place[0] ? "." : "", field->key,
			 suffix[field->holds]);
		page = with_tables(page, inner, field->object);
	}
	return page;
}

Test(config_reference, the_page_has_the_tables_that_are_read_by)
{
	_cleanup_free_ char *page = slurp(PAGE),
			    *right = with_tables(sl_strdup(page), "", &schema_file);

	if (getenv("UPDATE_GOLDENS")) {
		_cleanup_file_ FILE *out = fopen(PAGE, "w");

		fputs(right, out);
		return;
	}
	cr_expect(!strcmp(page, right), PAGE " is not up to date: UPDATE_GOLDENS=1 writes it");
}

Test(config_reference, the_first_file_of_the_page_is_accepted)
{
	static const char begin[] = "```yaml\n", end[] = "```\n";
	_cleanup_free_ char *page = slurp(PAGE);
	_cleanup_config_ struct config *config = NULL;
	char *at = strstr(page, begin);

	cr_assert(at);
	at += strlen(begin);
	cr_assert(strstr(at, end));
	cr_assert_eq(config_read("page", at, strstr(at, end) - at, &config, NULL), 0);
	cr_expect_eq(config->n_services, 1);
}

/* ---- what the tables say of themselves ------------------------------------------------------- */

/* Large enough for any object, and cleared. */
union any_object {
	struct config config;
	struct config_pool pool;
	struct config_service service;
};

static void expect_accepted(const struct field *field, const char *text)
{
	struct config_pool web = {.name = "web"};
	const struct config config = {.pools = &web, .n_pools = 1};
	struct scope scope = {.config = &config};
	union any_object object = {0};
	_cleanup_free_ char *formatted = NULL;

	cr_assert(field->type->parse(field, &scope, text, &object), "%s: %s", field->key, text);
	formatted = field->type->format(field, &config, &object);
	cr_expect_str_eq(formatted, text, "%s: %s is formatted as %s", field->key, text, formatted);
	free(scope.pools_by_name);
	if (field->type == &type_file || field->type == &type_file_or_none ||
	    field->type == &type_path || field->type == &type_host)
		free(*(char **)field_at(field, &object));
}

static void check_field(const struct field *field)
{
	cr_expect(field->help, "%s has no help", field->key);
	cr_assert(field->example, "%s has no example", field->key);
	expect_accepted(field, field->example);
	if (field->initial)
		expect_accepted(field, field->initial);
	cr_expect(!field->initial || !field->otherwise, "%s has two defaults", field->key);
	cr_expect_eq(!field->applies, !field->depends, "%s", field->key);
	cr_expect_eq(!field->applies, !field->only, "%s", field->key);
}

static void check_schema(const struct schema *schema)
{
	if (schema->key) {
		check_field(schema->key);
		cr_expect_eq(schema->key->offset, 0,
			     "elements are sorted by the name they begin with");
	}
	for (size_t i = 0; i < schema->n_fields; i++) {
		if (schema->fields[i].holds == FIELD_VALUE)
			check_field(&schema->fields[i]);
		else
			check_schema(schema->fields[i].object);
	}
}

Test(config_reference, examples_and_defaults_are_accepted)
{
	check_schema(&schema_file);
}
