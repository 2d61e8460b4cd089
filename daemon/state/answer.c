// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/answer.h"

#include <stdlib.h>
#include <string.h>

static void recall_deinit(struct recall *recall)
{
	generation_deinit(&recall->active);
	generation_deinit(&recall->pending);
	generation_deinit(&recall->unconfirmed);
	free(recall->overrides);
	free(recall->health);
}

void store_answer_deinit(struct store_answer *answer)
{
	sl_errors_deinit(&answer->errors);
	generation_deinit(&answer->generation);
	for (size_t i = 0; i < answer->n_generations; i++)
		generation_deinit(&answer->generations[i]);
	free(answer->generations);
	free(answer->events);
	recall_deinit(&answer->recall);
	memset(answer, 0, sizeof(*answer));
}
