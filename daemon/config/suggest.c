/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/suggest.h"

#include <string.h>

#define LENGTH_MAX   64
#define DISTANCE_MAX 2

void suggest_init(struct suggestion *suggestion, const char *word)
{
	*suggestion = (struct suggestion){.word = word, .distance = DISTANCE_MAX + 1};
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's, with one row kept: row[j] is the distance of a[0..i] and b[0..j]. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t row[LENGTH_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = smallest(replaced, row[j] + 1, row[j - 1] + 1);
		}
	}
	return row[b_length];
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t a = strlen(suggestion->word), b = strlen(candidate), found;

	if (!a || a > LENGTH_MAX || b > LENGTH_MAX || (a > b ? a - b : b - a) > DISTANCE_MAX)
		return;
	found = distance(suggestion->word, a, candidate, b);
	/* A word of which nothing is left was not meant. */
	if (found >= suggestion->distance || found >= b || found >= a)
		return;
	suggestion->best = candidate;
	suggestion->distance = found;
}
