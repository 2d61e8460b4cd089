/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - what was read: statements of words, some with a block of further statements.
 *
 * Nothing is lost in silence, by construction: a word counts as lost until the reader of its format
 * marks it as used, and source_report() names all that are lost, with their lines.
 */
#ifndef SLUICECTL_SOURCE_H
#define SLUICECTL_SOURCE_H

#include "import/arena.h"

#include <stdbool.h>

struct word {
	const char *text;
	const char *why; /* it is lost; NULL: as the word before, or as a table says */
	bool used;
};

struct statement {
	unsigned line, last; /* counted from 1 */
	struct word *words;
	size_t n_words;
	struct statement **children; /* of its block */
	size_t n_children;
	const char *why; /* all of it is lost, block and all */
	bool open;	 /* has a block */
};

/* Why a statement or a word of that name has no counterpart. Ended by one without a name. */
struct reason {
	const char *name;
	const char *why;
};

enum note_kind {
	NOTE_LOST,    /* not taken over */
	NOTE_CHANGED, /* taken over as something else */
};

struct note {
	enum note_kind kind;
	unsigned line, last;
	bool whole;   /* a whole statement is lost, with its block */
	size_t order; /* among those of a line */
	const char *what, *why;
};

struct notes {
	struct note *list;
	size_t count;
	unsigned *taken; /* lines that are in force as they were */
	size_t n_taken;
};

struct statement *source_add(struct arena *arena, struct statement *parent, unsigned line);
void source_word(struct arena *arena, struct statement *statement, const char *text, size_t size);

/* The word, or "". */
const char *word_at(const struct statement *statement, size_t i);
/* The same, and it counts as used. */
const char *word_use(struct statement *statement, size_t i);
bool word_is(const struct statement *statement, size_t i, const char *text);
void word_lose(struct statement *statement, size_t i, const char *why);
void source_use_all(struct statement *statement);

/*
 * Says, once, that something was taken over as something else, or that a part of a word is lost.
 * `what` is printable, or NULL: the whole statement; it and `why` live in the arena or for ever.
 */
void source_change(struct arena *arena, struct notes *notes, const struct statement *statement,
		   const char *what, const char *why);
void source_lose(struct arena *arena, struct notes *notes, const struct statement *statement,
		 const char *what, const char *why);
/* All words of a statement, cut if they are many; printable ASCII. */
const char *source_text(struct arena *arena, const struct statement *statement);

/* Names what is lost below `root`, and the lines where nothing is; in order of lines. */
void source_report(struct arena *arena, struct notes *notes, const struct statement *root,
		   const struct reason *reasons);

#endif
