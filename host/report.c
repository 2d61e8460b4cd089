/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *const report_severity_word[REPORT_SEVERITY_COUNT] = {
#define X(name, word) [REPORT_##name] = word,
	REPORT_SEVERITIES(X)
#undef X
};

void report_add(struct report *report, enum report_severity severity, const char *subject,
		const char *format, ...)
{
	size_t size = (report->count + 1) * sizeof(*report->findings);
	struct finding *finding;
	va_list args;

	report->findings = realloc(report->findings, size);
	if (!report->findings)
		abort(); /* a few kilobytes */
	finding = &report->findings[report->count++];
	*finding = (struct finding){.severity = severity, .check = report->check};
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

void report_remedy(struct report *report, const char *format, ...)
{
	struct finding *finding = &report->findings[report->count - 1];
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

static const char *unmet(uint32_t needs, const char *const reasons[])
{
	for (int i = 0; needs >> i; i++)
		if (needs >> i & 1 && reasons[i])
			return reasons[i];
	return NULL;
}

void report_run(struct report *report, const struct check *checks, size_t count,
		const char *const reasons[], const void *facts)
{
	for (const struct check *check = checks; check < checks + count; check++) {
		const char *reason = unmet(check->needs, reasons);
		size_t before = report->count;

		report->check = check->name;
		if (reason)
			report_add(report, REPORT_SKIPPED, "", "%s", reason);
		else
			check->run(facts, report);
		if (report->count == before)
			report_add(report, REPORT_OK, "", "%s", check->fine);
	}
}

static enum report_severity worst(const struct report *report)
{
	enum report_severity found = REPORT_OK;

	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity > found)
			found = report->findings[i].severity;
	return found;
}

int report_verdict(const struct report *report)
{
	switch (worst(report)) {
	case REPORT_PROBLEM: return 2;
	case REPORT_WARNING: return 1;
	default: return 0;
	}
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

json_t *report_json(const struct report *report, const char *program)
{
	static const char *const words[] = {"ok", "warning", "problem"};
	json_t *list = json_array();

	for (size_t i = 0; i < report->count; i++) {
		const struct finding *finding = &report->findings[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:s, s:o}", "check", finding->check,
					"result", report_severity_word[finding->severity],
					"subject", text_or_null(finding->subject), "finding",
					finding->text, "remedy", text_or_null(finding->remedy)));
	}
	return json_pack("{s:s, s:s, s:s, s:o}", "kind", "Examination", "program", program,
			 "verdict", words[report_verdict(report)], "findings", list);
}

void report_deinit(struct report *report)
{
	free(report->findings);
	*report = (struct report){0};
}
