/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include "fail.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool use_color(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && no[0]);
}

static const char *color_of(const char *word)
{
	static const struct {
		const char *word, *color;
	} colors[] = {
		{"healthy", "\033[32m"},  {"up", "\033[32m"},	    {"degraded", "\033[33m"},
		{"draining", "\033[33m"}, {"drain", "\033[33m"},    {"down", "\033[31m"},
		{"broken", "\033[31m"},	  {"disabled", "\033[31m"}, {"warning", "\033[33m"},
		{"problem", "\033[31m"},
	};

	for (size_t i = 0; i < sizeof(colors) / sizeof(*colors); i++)
		if (!strcmp(colors[i].word, word))
			return colors[i].color;
	return "";
}

const char *table_color(const char *word)
{
	return use_color() ? color_of(word) : "";
}

const char *table_plain(void)
{
	return use_color() ? "\033[0m" : "";
}

/* `letters` stand for the powers of `base`. */
static char *scaled(json_int_t value, double base, const char *letters, const char *unit)
{
	double scaled = value / base;

	for (; scaled >= base && letters[1]; letters++)
		scaled /= base;
	return text_printf("%.*f%c%s", scaled < 10 ? 1 : 0, scaled, *letters, unit);
}

char *table_number(json_int_t value)
{
	return value < 100000 ? text_printf("%lld", (long long)value)
			      : scaled(value, 1000, "kMGTPE", "");
}

char *table_bytes(json_int_t value)
{
	return value < 1024 ? text_printf("%lldB", (long long)value)
			    : scaled(value, 1024, "KMGTPE", "iB");
}

static char *as_it_is(const json_t *value)
{
	if (json_is_string(value))
		return text_printf("%s", json_string_value(value));
	if (json_is_integer(value))
		return table_number(json_integer_value(value));
	if (json_is_boolean(value))
		return text_printf("%s", json_is_true(value) ? "yes" : "no");
	return NULL;
}

static char *cell_text(const struct column *column, const json_t *row)
{
	char *text =
		column->text ? column->text(row) : as_it_is(json_object_get(row, column->member));

	return text ? text : text_printf("-");
}

/* Line feeds for the blanks before words that would end beyond `width`. */
static void fold(char *text, size_t width)
{
	char *start = text, *blank = NULL;

	for (char *at = text; *at; at++) {
		if (*at == ' ')
			blank = at;
		if ((size_t)(at - start) < width || !blank)
			continue;
		*blank = '\n';
		start = blank + 1;
		blank = NULL;
	}
}

static void print_cell(struct libscols_line *line, size_t number, const struct column *column,
		       const json_t *row, size_t width)
{
	char *text = cell_text(column, row);

	if (width)
		fold(text, width);
	if (table_color(text)[0])
		scols_cell_set_color(scols_line_get_cell(line, number), color_of(text));
	if (scols_line_refer_data(line, number, text))
		exit(fail(SLUICE_EXIT_FAILURE, "out of memory"));
}

/* The last column is the one that may be cut: half a name is another name. */
static void add_column(struct libscols_table *table, const struct column *column, bool wrapped)
{
	bool last = !column[1].title;
	int last_flags = wrapped ? SCOLS_FL_WRAP : SCOLS_FL_TRUNC;
	int flags = column->right ? SCOLS_FL_RIGHT : last ? last_flags : 0;
	struct libscols_column *added = scols_table_new_column(table, column->title, 0, flags);

	if (!added)
		exit(fail(SLUICE_EXIT_FAILURE, "out of memory"));
	if (!last || !wrapped)
		return;
	scols_column_set_safechars(added, "\n");
	scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

static struct libscols_table *new_table(const struct invocation *invocation,
					const struct column *columns, bool wrapped)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		exit(fail(SLUICE_EXIT_FAILURE, "out of memory"));
	scols_table_enable_noheadings(table, !invocation->headers);
	scols_table_enable_colors(table, use_color());
	/* A pipe gets whole cells; a terminal what fits. */
	scols_table_set_termforce(table, isatty(STDOUT_FILENO) ? SCOLS_TERMFORCE_AUTO
							       : SCOLS_TERMFORCE_NEVER);
	for (; columns->title; columns++)
		add_column(table, columns, wrapped);
	return table;
}

/* How wide the last column may be; 0: as wide as it is. */
static size_t room_for_last(struct libscols_table *table, const struct column *columns,
			    const json_t *rows)
{
	size_t width = scols_table_get_termwidth(table), left = 0;

	if (!isatty(STDOUT_FILENO))
		return 0;
	for (; columns[1].title; columns++) {
		size_t widest = strlen(columns->title), i;
		json_t *row;

		json_array_foreach(rows, i, row)
		{
			_free_ char *text = cell_text(columns, row);

			if (strlen(text) > widest)
				widest = strlen(text);
		}
		left += widest + 1;
	}
	return width > left + 1 ? width - left - 1 : 1;
}

static void print(const struct invocation *invocation, const struct column *columns,
		  const json_t *rows, bool (*wanted)(const json_t *row), bool wrapped)
{
	struct libscols_table *table = new_table(invocation, columns, wrapped);
	size_t i, room = wrapped ? room_for_last(table, columns, rows) : 0;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		struct libscols_line *line;

		if (wanted && !wanted(row))
			continue;
		line = scols_table_new_line(table, NULL);
		if (!line)
			exit(fail(SLUICE_EXIT_FAILURE, "out of memory"));
		for (size_t j = 0; columns[j].title; j++)
			print_cell(line, j, &columns[j], row, columns[j + 1].title ? 0 : room);
	}
	scols_print_table(table);
	scols_unref_table(table);
}

void table_print(const struct invocation *invocation, const struct column *columns,
		 const json_t *rows, bool (*wanted)(const json_t *row))
{
	print(invocation, columns, rows, wanted, false);
}

void table_print_wrapped(const struct invocation *invocation, const struct column *columns,
			 const json_t *rows)
{
	print(invocation, columns, rows, NULL, true);
}

void table_print_json(const json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
}
