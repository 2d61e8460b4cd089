/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 96 /* of what is shown of a statement */

struct statement *source_add(struct arena *arena, struct statement *parent, unsigned line)
{
	struct statement *statement = arena_alloc(arena, sizeof(*statement));

	statement->line = statement->last = line;
	parent->children = arena_extend(arena, parent->children, parent->n_children,
					sizeof(*parent->children));
	parent->children[parent->n_children++] = statement;
	return statement;
}

void source_word(struct arena *arena, struct statement *statement, const char *text, size_t size)
{
	statement->words = arena_extend(arena, statement->words, statement->n_words,
					sizeof(*statement->words));
	statement->words[statement->n_words++] =
		(struct word){.text = arena_copy(arena, text, size)};
}

const char *word_at(const struct statement *statement, size_t i)
{
	return i < statement->n_words ? statement->words[i].text : "";
}

const char *word_use(struct statement *statement, size_t i)
{
	if (i < statement->n_words)
		statement->words[i].used = true;
	return word_at(statement, i);
}

bool word_is(const struct statement *statement, size_t i, const char *text)
{
	return !strcmp(word_at(statement, i), text);
}

void word_lose(struct statement *statement, size_t i, const char *why)
{
	if (i >= statement->n_words)
		return;
	statement->words[i].used = false;
	statement->words[i].why = why;
}

void source_use_all(struct statement *statement)
{
	for (size_t i = 0; i < statement->n_words; i++)
		statement->words[i].used = true;
}

/* ---- notes --------------------------------------------------------------------------------------------- */

static const char *join(struct arena *arena, const struct statement *statement, size_t first,
			size_t end)
{
	char text[TEXT_MAX + 4] = "";
	size_t size = 0;

	for (size_t i = first; i < end && size < TEXT_MAX; i++)
		size += snprintf(text + size, TEXT_MAX + 1 - size, "%s%s", i > first ? " " : "",
				 statement->words[i].text);
	if (size > TEXT_MAX)
		strcpy(text + TEXT_MAX, "...");
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return arena_copy(arena, text, strlen(text));
}

const char *source_text(struct arena *arena, const struct statement *statement)
{
	return join(arena, statement, 0, statement->n_words);
}

static void add_note(struct arena *arena, struct notes *notes, const struct note *note)
{
	notes->list = arena_extend(arena, notes->list, notes->count, sizeof(*notes->list));
	notes->list[notes->count] = *note;
	notes->list[notes->count].order = notes->count;
	notes->count++;
}

/* Several services may be made of one statement: what was told of it is not told again. */
static bool is_told(const struct notes *notes, unsigned line, const char *what, const char *why)
{
	for (size_t i = notes->count; i-- > 0 && notes->count - i < 64;)
		if (notes->list[i].line == line && !strcmp(notes->list[i].why, why) &&
		    (!what || !strcmp(notes->list[i].what, what)))
			return true;
	return false;
}

static void add_told(struct arena *arena, struct notes *notes, struct note note, const char *what,
		     const struct statement *statement)
{
	if (is_told(notes, statement->line, what, note.why))
		return;
	note.line = note.last = statement->line;
	note.what = what ? what : source_text(arena, statement);
	add_note(arena, notes, &note);
}

void source_change(struct arena *arena, struct notes *notes, const struct statement *statement,
		   const char *what, const char *why)
{
	add_told(arena, notes, (struct note){.kind = NOTE_CHANGED, .why = why}, what, statement);
}

void source_lose(struct arena *arena, struct notes *notes, const struct statement *statement,
		 const char *what, const char *why)
{
	add_told(arena, notes, (struct note){.kind = NOTE_LOST, .why = why}, what, statement);
}

/* ---- what is lost -------------------------------------------------------------------------------------- */

struct report {
	struct arena *arena;
	struct notes *notes;
	const struct reason *reasons;
};

static const char *reason_of(const struct report *report, const char *name)
{
	for (const struct reason *reason = report->reasons; reason->name; reason++)
		if (!strcmp(reason->name, name))
			return reason->why;
	return NULL;
}

static bool any_used(const struct statement *statement)
{
	for (size_t i = 0; i < statement->n_words; i++)
		if (statement->words[i].used)
			return true;
	return false;
}

static const char *why_word(const struct report *report, const struct statement *statement,
			    size_t i, const char *before)
{
	const char *why = statement->words[i].why;

	if (!why)
		why = reason_of(report, statement->words[i].text);
	if (!why)
		why = before;
	if (!why && statement->n_words)
		why = reason_of(report, statement->words[0].text);
	return why ? why : "sluice has nothing like it";
}

static void lose_words(const struct report *report, const struct statement *statement, size_t first,
		       size_t end, const char *why)
{
	struct note note = {
		.line = statement->line,
		.last = statement->line,
		.what = join(report->arena, statement, first, end),
		.why = why,
	};

	add_note(report->arena, report->notes, &note);
}

/* Neighbours that are lost for one reason are told together. Returns whether there were any. */
static bool report_words(const struct report *report, const struct statement *statement)
{
	const char *why = NULL;
	size_t first = 0;
	bool lost = false;

	for (size_t i = 0; i <= statement->n_words; i++) {
		bool used = i == statement->n_words || statement->words[i].used;
		const char *now = used ? NULL : why_word(report, statement, i, why);

		if (why && now != why) {
			lose_words(report, statement, first, i, why);
			lost = true;
		}
		if (now != why)
			first = i;
		why = now;
	}
	return lost;
}

static void report_whole(const struct report *report, const struct statement *statement)
{
	const char *why = statement->why;
	struct note note = {
		.line = statement->line,
		.last = statement->last,
		.whole = true,
		.what = source_text(report->arena, statement),
	};

	if (!why && statement->n_words)
		why = why_word(report, statement, 0, NULL);
	note.why = why ? why : "sluice has nothing like it";
	add_note(report->arena, report->notes, &note);
}

static void report_one(const struct report *report, const struct statement *statement)
{
	struct notes *notes = report->notes;

	if (statement->why || (statement->n_words && !any_used(statement))) {
		report_whole(report, statement);
		return;
	}
	if (!report_words(report, statement)) {
		notes->taken = arena_extend(report->arena, notes->taken, notes->n_taken,
					    sizeof(*notes->taken));
		notes->taken[notes->n_taken++] = statement->line;
	}
	for (size_t i = 0; i < statement->n_children; i++)
		report_one(report, statement->children[i]);
}

static int compare_notes(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->whole != y->whole)
		return x->whole ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* In what is lost as a whole, nothing was changed. */
static void drop_covered(struct notes *notes)
{
	unsigned covered = 0;
	size_t kept = 0;

	for (size_t i = 0; i < notes->count; i++) {
		const struct note note = notes->list[i];

		if (note.whole && note.last > covered)
			covered = note.last;
		if (note.whole || note.line > covered)
			notes->list[kept++] = note;
	}
	notes->count = kept;
}

/* A line with a note isn't in force as it was. Both are in the order of lines. */
static void drop_noted(struct notes *notes)
{
	size_t kept = 0, note = 0;

	for (size_t i = 0; i < notes->n_taken; i++) {
		unsigned line = notes->taken[i];

		while (note < notes->count && notes->list[note].line < line)
			note++;
		if (note == notes->count || notes->list[note].line != line)
			notes->taken[kept++] = line;
	}
	notes->n_taken = kept;
}

void source_report(struct arena *arena, struct notes *notes, const struct statement *root,
		   const struct reason *reasons)
{
	const struct report report = {arena, notes, reasons};

	for (size_t i = 0; i < root->n_children; i++)
		report_one(&report, root->children[i]);
	if (notes->count)
		qsort(notes->list, notes->count, sizeof(*notes->list), compare_notes);
	drop_covered(notes);
	drop_noted(notes);
}
