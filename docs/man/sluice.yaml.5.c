/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints sluice.yaml(5) in scdoc(5)'s markup, from the tables that files are read by.
 */
#include "base/memory.h"
#include "config/schema.h"
#include "scdoc.h"

#include <string.h>

#define PLACE_SIZE 128

static void print_default(const struct field *field)
{
	if (field->initial) {
		printf("Default: ");
		scdoc_bold(field->initial);
	} else if (field->otherwise) {
		printf("Default: ");
		scdoc_text(field->otherwise);
	} else {
		printf("Required");
	}
	printf(".");
}

static void print_value(const struct field *field)
{
	_cleanup_free_ char *expected = field->type->expects(field);

	scdoc_bold(field->key);
	printf("\n\t");
	scdoc_text(field->help);
	if (field->only) {
		printf("; only ");
		scdoc_text(field->only);
	}
	printf(".\n\n\tValue: ");
	scdoc_text(expected);
	printf(". ");
	print_default(field);
	printf(" Example: ");
	scdoc_bold(field->example);
	printf(".\n\n");
}

/* Each kind of object under a heading of its own, after the one that holds it. */
static void print_object(const char *place, const struct schema *schema)
{
	static const char *const suffix[] = {
		[FIELD_OBJECT] = "", [FIELD_MAP] = ".NAME", [FIELD_LIST] = "[]"};

	if (schema->key && schema->key != schema->fields)
		print_value(schema->key);
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];

		if (field->holds == FIELD_VALUE) {
			print_value(field);
			continue;
		}
		scdoc_bold(field->key);
		printf("\n\t");
		scdoc_text(field->help);
		printf(": see below.\n\n");
	}
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct field *field = &schema->fields[i];
		char inner[PLACE_SIZE];

		if (field->holds == FIELD_VALUE)
			continue;
		snprintf(inner, sizeof(inner), "%s%s%s%s", place, place[0] ? "." : "", field->key,
			 suffix[field->holds]);
		printf("## ");
		scdoc_plain(inner);
		printf("\n\n");
		print_object(inner, field->object);
	}
}

int main(void)
{
	printf("sluice.yaml(5) \"sluice " SLUICE_VERSION "\" \"sluice\"\n\n"
	       "# NAME\n\nsluice.yaml - the configuration of sluice\n\n"
	       "# DESCRIPTION\n\n"
	       "A file in a small part of YAML (or in JSON) that says which virtual IPs are served "
	       "by which backends. It takes effect whole or not at all; *sluicectl check* FILE "
	       "names all errors with their places.\n\n"
	       "Keys may stand in any order. No anchors, aliases, tags, merge keys or duplicate "
	       "keys. A duration is a whole number with ms, s, m or h.\n\n"
	       "# EXAMPLE\n\n```\n"
	       "interfaces:\n  eth0:\n"
	       "pools:\n  web:\n"
	       "    check: {type: http, port: 80, path: /health}\n"
	       "    backends:\n"
	       "      - {name: web1, address: 10.0.0.11}\n"
	       "      - {name: web2, address: 10.0.0.12, weight: 50}\n"
	       "services:\n"
	       "  web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}\n```\n\n"
	       "# KEYS\n\n");
	print_object("", &schema_file);
	printf("# SEE ALSO\n\n*sluicectl*(1), *sluiced*(8)\n");
	return 0;
}
