/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.h - which configuration a start begins with, and under which number. Pure.
 *
 * Where the file is the truth, it is taken, unless it still holds a change that was undone, or that
 * waited to be confirmed when the daemon ended: then the one before that, the store's active one. Where
 * the store is the truth, its active one; the file is for a store that has none.
 */
#ifndef SLUICE_CHANGE_START_H
#define SLUICE_CHANGE_START_H

#include "state/answer.h"

struct start_choice {
	bool refused;	 /* the store is the truth, and does not answer */
	bool stored;	 /* the store's active one; else the file */
	uint64_t number; /* of what is taken */
	uint64_t
		withheld; /* the generation whose text the file holds but which isn't taken; 0: none */
};

/* `known`: the store has answered. `file_hash`: SHA-256 of the file's text, as config_write() has it. */
struct start_choice start_choose(bool store_is_truth, bool known, const struct recall *recall,
				 const char *file_hash);
/* The number of a text: the active one's if it is the same, else a new one. */
uint64_t start_number(const struct recall *recall, const char *hash);

#endif
