/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/show.h"

#include "fail.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

/* Under the table and not in it: half a command is another command. */
static void print_remedies(const struct report *report)
{
	const char *title = "\nTo mend, as root:\n";

	for (size_t i = 0; i < report->count; i++) {
		const struct finding *finding = &report->findings[i];
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= !strcmp(report->findings[j].remedy, finding->remedy);
		if (!finding->remedy[0] || again)
			continue;
		printf("%s  %s\n", title, finding->remedy);
		title = "";
	}
}

static void print_table(const struct invocation *invocation, const json_t *object)
{
	static const struct column columns[] = {
		{"RESULT", "result", NULL, false},   {"CHECK", "check", NULL, false},
		{"SUBJECT", "subject", NULL, false}, {"FINDING", "finding", NULL, false},
		{NULL, NULL, NULL, false},
	};

	table_print_wrapped(invocation, columns, json_object_get(object, "findings"));
}

void doctor_show(const struct invocation *invocation, const struct report *report)
{
	json_t *object = report_json(report, "sluicectl");

	if (invocation->json) {
		table_print_json(object);
	} else {
		print_table(invocation, object);
		print_remedies(report);
	}
	json_decref(object);
}
