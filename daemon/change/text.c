/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/internal.h"

#include "base/memory.h"
#include "config/read.h"
#include "config/write.h"

#include <stdlib.h>
#include <string.h>

void text_set(struct text *text, const struct config *config)
{
	text_deinit(text);
	text->text = config_write(config);
	sha256_hex(text->text, strlen(text->text), text->hash);
}

void text_deinit(struct text *text)
{
	free(text->text);
	memset(text, 0, sizeof(*text));
}

void text_move(struct text *to, struct text *from)
{
	text_deinit(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

void text_describe(struct text *text, const struct change_request *request)
{
	record_set(text->author, request->author);
	record_set(text->reason, request->reason);
	record_set(text->source, request->source);
	record_set(text->trace, request->trace);
	text->kind = request->kind == CHANGE_ROLLBACK ? EVENT_ROLLBACK : EVENT_COMMIT;
}

struct config *text_read(const struct text *text, struct sl_errors *errors)
{
	struct config *config = NULL;

	config_read("configuration", text->text, strlen(text->text), &config, errors);
	return config;
}

struct config *text_fit(const char *name, const char *text, const struct config *fixed,
			struct sl_errors *errors)
{
	_cleanup_free_ char *fixed_text = config_write(fixed), *whole = NULL;
	_cleanup_config_ struct config *donor = NULL, *config = NULL;
	struct config *checked = NULL;

	if (config_read(name, fixed_text, strlen(fixed_text), &donor, errors) ||
	    config_read(name, text, strlen(text), &config, errors))
		return NULL;
	config_swap_fixed(config, donor);
	whole = config_write(config);
	config_read(name, whole, strlen(whole), &checked, errors);
	return checked;
}
