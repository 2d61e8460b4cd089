/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suggest.h - "did you mean": the candidate that a mistyped word is nearest to.
 */
#ifndef SLUICE_CONFIG_SUGGEST_H
#define SLUICE_CONFIG_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *word; /* borrowed: what was written */
	const char *best; /* borrowed: NULL while no candidate is near enough */
	size_t distance;  /* of best */
};

void suggest_init(struct suggestion *suggestion, const char *word);
void suggest_offer(struct suggestion *suggestion, const char *candidate);

#endif
