/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are read or refused with a reason; what is read is written to a text that reads as the
 * same.
 */
#include "base/memory.h"
#include "config/diff.h"
#include "config/read.h"
#include "config/write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void expect_refused(const struct config *config, struct sl_errors *errors)
{
	must(!config && errors->count);
	for (size_t i = 0; i < errors->count; i++)
		for (const char *text = errors->list[i].what; *text; text++)
			must(*text >= 0x20 && *text <= 0x7e);
}

static void expect_round_trip(const struct config *config)
{
	_cleanup_config_ struct config *again = NULL;
	_cleanup_free_ char *text = config_write(config), *text_again = NULL;
	struct config_changes changes;

	must(!config_read("again", text, strlen(text), &again, NULL));
	text_again = config_write(again);
	must(!strcmp(text, text_again));
	config_diff(config, again, &changes);
	must(!changes.count);
	config_changes_deinit(&changes);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};

	if (config_read("fuzz", (const char *)data, size, &config, &errors))
		expect_refused(config, &errors);
	else
		expect_round_trip(config);
	sl_errors_deinit(&errors);
	return 0;
}
