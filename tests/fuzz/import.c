/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are imported or refused with a reason; what is imported, the daemon's reader accepts. The
 * first byte chooses the format, and whether there is a VIP for what listens everywhere.
 */
#include "base/memory.h"
#include "config/read.h"
#include "ctl/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void expect_printable(const char *text)
{
	for (; *text; text++)
		must(*text >= 0x20 && *text <= 0x7e);
}

static void expect_accepted(struct imported *imported)
{
	const char *text = imported_write(imported, "eth0", "fuzz");
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};

	/* A range of ports makes thousands: reading them all would leave no time for other inputs. */
	if (imported->n_services > 2000)
		return;
	must(text);
	if (config_read("import", text, strlen(text), &config, &errors)) {
		fprintf(stderr, "%s\n", text);
		for (size_t i = 0; i < errors.count; i++)
			fprintf(stderr, "%s: %s\n", errors.list[i].where, errors.list[i].what);
		abort();
	}
	must(config->n_services == imported->n_services);
	must(config->n_pools == imported->n_pools);
	sl_errors_deinit(&errors);
}

/* Lines of notes lie within the text, and no line is both wholly lost and taken as it was. */
static void expect_lines(const struct imported *imported, const char *text)
{
	unsigned lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	for (size_t i = 0; i < imported->notes.count; i++) {
		const struct note *note = &imported->notes.list[i];

		must(note->line && note->line <= note->last && note->last <= lines);
		expect_printable(note->what);
		expect_printable(note->why);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct import_format *const formats[] = {&import_ipvsadm, &import_keepalived,
						       &import_haproxy};
	struct imported imported = {0};
	struct import_error error = {0};
	struct import_input input = {0};
	_cleanup_free_ char *text = NULL;

	if (!size)
		return 0;
	if (data[0] & 4)
		must(host_parse("192.0.2.1", 9, &input.vip));
	text = sl_calloc(1, size);
	memcpy(text, data + 1, size - 1);
	input.text = text;
	input.size = size - 1;
	if (import_run(formats[(data[0] & 3) % 3], &imported, &input, &error)) {
		must(error.what[0]);
		expect_printable(error.what);
	} else {
		expect_lines(&imported, text);
		expect_accepted(&imported);
	}
	imported_deinit(&imported);
	return 0;
}
