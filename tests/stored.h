/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stored.h - what the store's tests share: a directory, records, and a look at the database that
 * owes nothing to the module.
 */
#ifndef SLUICE_TESTS_STORED_H
#define SLUICE_TESTS_STORED_H

#include "state/record.h"

/* A new directory; the caller removes it by stored_remove(), which frees the path. */
char *stored_directory(void);
void stored_remove(char *dir);

/* Borrows the text. */
struct generation stored_generation(const char *config);
/* With an id, as events.h would give it. */
struct event_record stored_event(enum event_kind kind, uint64_t id, uint64_t generation,
				 const char *text);

/* One number by SQL, over a connection of its own: made for this question, or by stored_look() for
 * many, until stored_look_away(). A failure fails the test. */
void stored_look(const char *dir);
void stored_look_away(void);
long stored_number(const char *dir, const char *sql);
/* One text, owned by the caller. */
char *stored_text(const char *dir, const char *sql);

/*
 * What must hold whatever happened: the file is sound, and of generations at most one is active, at
 * most one pending or unconfirmed, and those that are or were active are those with an event whose
 * text is "active".
 */
void stored_check(const char *dir);

#endif
