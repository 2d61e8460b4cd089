/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/start.h"

#include <string.h>

static bool holds(const struct generation *generation, const char *hash)
{
	return generation->number && !strcmp(generation->hash, hash);
}

uint64_t start_number(const struct recall *recall, const char *hash)
{
	return holds(&recall->active, hash) ? recall->active.number : recall->last_number + 1;
}

static uint64_t find_withheld(const struct recall *recall, const char *file_hash)
{
	if (!recall->active.number || holds(&recall->active, file_hash))
		return 0;
	if (holds(&recall->unconfirmed, file_hash))
		return recall->unconfirmed.number;
	return holds(&recall->undone, file_hash) ? recall->undone.number : 0;
}

struct start_choice start_choose(bool store_is_truth, bool known, const struct recall *recall,
				 const char *file_hash)
{
	static const struct recall nothing;
	struct start_choice choice = {.refused = store_is_truth && !known};

	if (!known)
		recall = &nothing;
	if (!store_is_truth)
		choice.withheld = find_withheld(recall, file_hash);
	choice.stored = choice.withheld || (store_is_truth && recall->active.number);
	choice.number = choice.stored ? recall->active.number : start_number(recall, file_hash);
	return choice;
}
