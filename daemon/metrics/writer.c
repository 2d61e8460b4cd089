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

static const char *write_labels(FILE *out, const struct label *labels)
{
	const char *between = "{";

	for (; labels && labels->name; labels++) {
		fprintf(out, "%s%s=\"", between, labels->name);
		escape(out, labels->value, true);
		fputc('"', out);
		between = ",";
	}
	return between;
}

/* False: there is no room for so many more series. */
static bool take_room(struct metrics_writer *writer, size_t series)
{
	if (writer->left < series) {
		writer->dropped += series;
		writer->left = 0; /* what comes later doesn't slip in */
		return false;
	}
	writer->left -= series;
	return true;
}

static void write_name(struct metrics_writer *writer, const char *suffix,
		       const struct label *labels)
{
	fprintf(writer->out, "%s%s", writer->name, suffix);
	fputs(*write_labels(writer->out, labels) == ',' ? "} " : " ", writer->out);
}

void writer_count(struct metrics_writer *writer, const struct label *labels, uint64_t value)
{
	if (!take_room(writer, 1))
		return;
	write_name(writer, "", labels);
	fprintf(writer->out, "%" PRIu64 "\n", value);
}

void writer_seconds(struct metrics_writer *writer, const struct label *labels, uint64_t value_ms)
{
	if (!take_room(writer, 1))
		return;
	write_name(writer, "", labels);
	fprintf(writer->out, "%" PRIu64 ".%03u\n", value_ms / 1000, (unsigned)(value_ms % 1000));
}

void writer_histogram(struct metrics_writer *writer, const struct label *labels,
		      const struct histogram *histogram)
{
	uint64_t count = 0;

	if (!take_room(writer, HISTOGRAM_BUCKETS + 3))
		return;
	for (int i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		count += histogram->counts[i];
		fprintf(writer->out, "%s_bucket", writer->name);
		fprintf(writer->out, "%sle=\"%s\"} %" PRIu64 "\n",
			write_labels(writer->out, labels), histogram_bound(i), count);
	}
	write_name(writer, "_sum", labels);
	fprintf(writer->out, "%" PRIu64 ".%06u\n", histogram->sum_us / 1000000,
		(unsigned)(histogram->sum_us % 1000000));
	write_name(writer, "_count", labels);
	fprintf(writer->out, "%" PRIu64 "\n", count);
}
