/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import: what other balancers are configured by becomes a file for sluice, on standard output.
 */
#include "import/import.h"

#include "fail.h"
#include "file.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *lines_json(const struct notes *notes)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < notes->n_taken; i++)
		json_array_append_new(lines, json_integer(notes->taken[i]));
	return lines;
}

static json_t *notes_json(const struct notes *notes)
{
	json_t *array = json_array();

	for (size_t i = 0; i < notes->count; i++) {
		const struct note *note = &notes->list[i];

		json_array_append_new(
			array, json_pack("{ss si si ss ss}", "kind",
					 note->kind == NOTE_LOST ? "not taken over" : "changed",
					 "line", (int)note->line, "last", (int)note->last, "what",
					 note->what, "why", note->why));
	}
	return array;
}

static void print_json(const struct imported *imported, const char *text)
{
	json_t *object =
		json_pack("{ss so so}", "config", text, "notes", notes_json(&imported->notes),
			  "taken", lines_json(&imported->notes));

	table_print_json(object);
	json_decref(object);
}

/* As the kernel and the daemon have it, and printable. */
static bool is_interface(const char *name)
{
	size_t size = strlen(name);

	for (const char *at = name; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return size && size < 16 && !strpbrk(name, "/:") && strcmp(name, ".") && strcmp(name, "..");
}

static const char *title_of(struct imported *imported, const struct import_format *format,
			    const char *file)
{
	char *title = arena_printf(&imported->arena, "Made by sluicectl import %s of %.200s.",
				   format->name, strcmp(file, "-") ? file : "standard input");

	for (char *at = title; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return title;
}

static int convert(const struct invocation *invocation, const struct import_format *format,
		   const char *file, const struct import_input *input)
{
	const char *interface = invocation->values[OPTION_NUMBER_INTERFACE];
	struct imported imported = {0};
	struct import_error error = {0};
	int status = SLUICE_EXIT_OK;

	if (import_run(format, &imported, input, &error)) {
		status = error.line ? fail(SLUICE_EXIT_CONFIG, "%s:%u: %s", file, error.line,
					   error.what)
				    : fail(SLUICE_EXIT_CONFIG, "%s: %s", file, error.what);
	} else {
		const char *text = imported_write(&imported, interface ? interface : "eth0",
						  title_of(&imported, format, file));

		if (!text)
			status = fail(SLUICE_EXIT_CONFIG,
				      "%s: the result is larger than a configuration may be "
				      "(8 MiB): import parts of it by themselves",
				      file);
		else if (invocation->json)
			print_json(&imported, text);
		else
			fputs(text, stdout);
	}
	imported_deinit(&imported);
	return status;
}

static int import(const struct invocation *invocation, const struct import_format *format)
{
	const char *file = invocation->n_arguments ? invocation->arguments[0] : "-";
	const char *interface = invocation->values[OPTION_NUMBER_INTERFACE];
	const char *vip = invocation->values[OPTION_NUMBER_VIP];
	struct import_input input = {0};
	_free_ char *text = NULL;
	int status;

	if (interface && !is_interface(interface))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not an interface's name", interface);
	if (vip && (!host_parse(vip, strlen(vip), &input.vip) || host_flaw(&input.vip)))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not an address for a VIP", vip);
	status = file_read(file, &text, &input.size);
	if (status)
		return status;
	input.text = text;
	return convert(invocation, format, file, &input);
}

int run_import_ipvsadm(const struct invocation *invocation)
{
	return import(invocation, &import_ipvsadm);
}

int run_import_keepalived(const struct invocation *invocation)
{
	return import(invocation, &import_keepalived);
}

int run_import_haproxy(const struct invocation *invocation)
{
	return import(invocation, &import_haproxy);
}
