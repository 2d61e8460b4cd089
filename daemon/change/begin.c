/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon starts with.
 */
#include "change/internal.h"

#include "base/log.h"
#include "change/start.h"

#include <errno.h>
#include <stdio.h>

static void withhold(struct change *change, const struct start_choice *choice)
{
	snprintf(change->withheld_why, sizeof(change->withheld_why),
		 "%s holds generation %llu, which was not confirmed: generation %llu is in force; "
		 "edit the file, or apply it again",
		 change->options.file, (unsigned long long)choice->withheld,
		 (unsigned long long)choice->number);
	change->withheld = choice->withheld;
	log_warning("%s", change->withheld_why);
}

static struct config *choose(struct change *change, struct config *file,
			     const struct recall *recall, const struct start_choice *choice,
			     struct sl_errors *errors)
{
	struct config *stored;

	if (!choice->stored)
		return file;
	stored = text_fit("the store's configuration", recall->active.config, file, errors);
	config_free(file);
	return stored;
}

int change_begin(struct change *change, struct config *file, const struct store_answer *recall,
		 struct sl_errors *errors)
{
	const struct change_options *options = &change->options;
	struct start_choice choice;
	struct config *config;
	uint64_t number;
	int err;

	text_set(&change->settled, file);
	choice = start_choose(options->store_is_truth, recall->result == STORE_OK, &recall->recall,
			      change->settled.hash);
	if (choice.refused) {
		config_free(file);
		return sl_fail(errors, EIO, "config-source",
			       "the store is the truth, but does not answer; traffic goes on as "
			       "it was. Mend it, or set `config-source: file`");
	}
	config = choose(change, file, &recall->recall, &choice, errors);
	if (!config)
		return -EINVAL;
	text_set(&change->settled, config);
	record_set(change->settled.author, "sluiced");
	record_set(change->settled.source, "start");
	change->settled.kind = EVENT_COMMIT;
	number = start_number(&recall->recall, change->settled.hash);
	err = change_commit(change, config, number, CHANGE_COMMIT_DONE, errors);
	if (err)
		config_free(config);
	if (!err && choice.withheld)
		withhold(change, &choice);
	machine_init(&change->machine, options->store_is_truth, number);
	return err;
}
