/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics/writer.h"

#include <inttypes.h>
#include <stdbool.h>

/* Backslash and line feed, and within a label's value the quote. */
static void escape(FILE *out, const char *text, bool quote)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || (quote && *text == '"'))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

void writer_begin(struct metrics_writer *writer, const char *name, const char *type,
		  const char *help)
{
	writer->name = name;
	fprintf(writer->out, "# HELP %s ", name);
	escape(writer->out, help, false);
	fprintf(writer->out, "\n# TYPE %s %s\n", name, type);
}

/* False: there is no room for another series. */
static bool begin_series(struct metrics_writer *writer, const struct label *labels)
{
	const char *between = "{";

	if (!writer->left) {
		writer->dropped++;
		return false;
	}
	writer->left--;
	fputs(writer->name, writer->out);
	for (; labels && labels->name; labels++) {
		fprintf(writer->out, "%s%s=\"", between, labels->name);
		escape(writer->out, labels->value, true);
		fputc('"', writer->out);
		between = ",";
	}
	fputs(*between == ',' ? "} " : " ", writer->out);
	return true;
}

void writer_count(struct metrics_writer *writer, const struct label *labels, uint64_t value)
{
	if (begin_series(writer, labels))
		fprintf(writer->out, "%" PRIu64 "\n", value);
}

void writer_seconds(struct metrics_writer *writer, const struct label *labels, uint64_t value_ms)
{
	if (begin_series(writer, labels))
		fprintf(writer->out, "%" PRIu64 ".%03u\n", value_ms / 1000,
			(unsigned)(value_ms % 1000));
}
