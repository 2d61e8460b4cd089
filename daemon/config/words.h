/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - the enums of abi.h and config.h as the words that stand in a file. A word's place in
 * its list is its enum's value.
 */
#ifndef SLUICE_CONFIG_WORDS_H
#define SLUICE_CONFIG_WORDS_H

#include <stddef.h>

struct words {
	const char *const *list;
	size_t count;
};

extern const struct words words_algorithm;
extern const struct words words_forward;
extern const struct words words_tracking;
extern const struct words words_when_empty;
extern const struct words words_service_mode;
extern const struct words words_check;
extern const struct words words_attach;
extern const struct words words_mode;
extern const struct words words_source;
extern const struct words words_role;

/* "?" outside of the list. */
const char *words_get(const struct words *words, size_t value);
/* The value, or -1. */
int words_find(const struct words *words, const char *word);

#endif
