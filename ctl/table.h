/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - what the daemon said, for people: tables that fit the terminal, or the object as it came.
 */
#ifndef SLUICECTL_TABLE_H
#define SLUICECTL_TABLE_H

#include "command.h"

#include <jansson.h>

/* How a column's text is made of a row. Caller frees; NULL: "-". */
typedef char *column_fn(const json_t *row);

struct column {
	const char *title;
	const char *member; /* shown as it is, if there is no function */
	column_fn *text;
	bool right; /* numbers */
};

/* `columns` ends with one without a title. Rows for which `wanted` is false are left out. */
void table_print(const struct invocation *invocation, const struct column *columns,
		 const json_t *rows, bool (*wanted)(const json_t *row));

/* The same, but the last column, sentences, goes on in the next line where the terminal ends. */
void table_print_wrapped(const struct invocation *invocation, const struct column *columns,
			 const json_t *rows);

void table_print_json(const json_t *object);

/* "" or what turns it on, if stdout is a terminal and NO_COLOR isn't set. */
const char *table_color(const char *word);
const char *table_plain(void);

/* 1234567 as "1.2M"; bytes in powers of 1024. Caller frees. */
char *table_number(json_int_t value);
char *table_bytes(json_int_t value);

#endif
